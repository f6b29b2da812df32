import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type LocalServer, localPractice } from '../local.ts';
import type { Staff } from '../staff.ts';
import { TestRecorder, someBytes } from '../recorder.ts';
import { bytesOf, call, newId, signedNotice } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Where Debian's packages kannel and kannel-extras are unpacked. */
const root = process.env['KANNEL_ROOT'] ?? '';
const programs = {
	bearer: `${root}/usr/sbin/bearerbox`,
	sms: `${root}/usr/sbin/smsbox`,
	smsc: `${root}/usr/lib/kannel/test/fakesmsc`,
};
const installed = Object.values(programs).every((path) => existsSync(path));
const slow = process.env['SLOW'] === '1';
if (slow && !installed) process.stderr.write('Kannel is not installed: its test is left out\n');
const wanted = slow && installed;

const started: ChildProcess[] = [];
let folder: string;
let printed = '';
let local: LocalServer & { maya: Staff };
let smsPort: number;

function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() =>
				address && typeof address === 'object' ? resolve(address.port) : reject(new Error('port')),
			);
		});
	});
}

function start(program: string, args: string[]): void {
	const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (data: Buffer) => (printed += data.toString()));
	started.push(child);
}

const config = (ports: { admin: number; box: number; smsc: number; send: number }) => `group = core
admin-port = ${ports.admin}
admin-password = none
smsbox-port = ${ports.box}
box-allow-ip = 127.0.0.1
admin-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = ${ports.smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${ports.send}
global-sender = 1000

group = sendsms-user
username = sotto
password = word
max-messages = 10
concatenation = true

group = sms-service
keyword = default
text = none
`;

/** What the message centre got for a number: one part or several, in UTF-16, as it prints them. */
function received(number: string): string {
	const parts = printed.matchAll(/Got message \d+: <1000 (\S+) (?:udh \S+ )?data (\S+)>/g);
	const bytes = Array.from(parts, ([, to, data = '']) =>
		to === number
			? data
					.replaceAll('+', ' ')
					.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
						String.fromCharCode(Number.parseInt(hex, 16)),
					)
			: '',
	);
	return Buffer.from(bytes.join(''), 'latin1').swap16().toString('utf16le');
}

beforeAll(async () => {
	if (!wanted) return;
	folder = await mkdtemp(join(tmpdir(), 'sotto-kannel-'));
	const [admin, box, smsc, send] = [
		await freePort(),
		await freePort(),
		await freePort(),
		await freePort(),
	];
	smsPort = send;
	await writeFile(join(folder, 'kannel.conf'), config({ admin, box, smsc, send }));
	start(programs.bearer, ['kannel.conf']);
	await new Promise((resolve) => setTimeout(resolve, 2000));
	start(programs.sms, ['kannel.conf']);
	start(programs.smsc, ['-H', '127.0.0.1', '-r', `${smsc}`, '-i', '3600', '999 1000 text hello']);
	local = await localPractice({
		env: {
			SMS_URL: `http://127.0.0.1:${smsPort}/cgi-bin/sendsms?username=sotto&password=word&to={to}&text={text}&charset=utf-8&coding=2`,
		},
	});
});

afterAll(async () => {
	if (!wanted) return;
	for (const child of started) child.kill('SIGKILL');
	await local.stop();
	await rm(folder, { recursive: true, force: true });
});

test.runIf(wanted)('Kannel takes a text message and hands it to its centre', async () => {
	const { maya, clock, server } = local;
	const [id, place, sealed] = [newId(), newId(), bytesOf(60)];
	const notice = {
		v: 1,
		practice: 'Riverside Therapy',
		host: 'Dr. Maya Okafor',
		purpose: 'Supervision',
		recorder: 'device',
		openers: 'Dr. Maya Okafor',
		keptUntil: null,
	};
	await maya.call('POST', '/api/sessions', {
		id,
		startsAt: clock.now() + 24 * 60 * 60_000,
		minutes: 50,
		sealed,
		notice: signedNotice(maya.identity, id, notice),
		places: [{ id: place, sealed }],
	});
	const contact = {
		place,
		email: null,
		mobile: '+15550147731',
		language: 'en',
		timeZone: 'Europe/Berlin',
		remindBefore: [],
		from: 'practice',
	};
	await maya.call('PUT', `/api/sessions/${id}/contacts`, { contacts: [contact] });
	const state = async () => {
		await server.context.post.run();
		const { body } = await maya.call('GET', `/api/post?session=${id}`);
		return body.messages[0].state;
	};
	await vi.waitFor(
		async () => {
			clock.forward(60_000);
			expect(await state()).toBe('sent');
		},
		{ timeout: 20_000, interval: 1000 },
	);
	await vi.waitFor(() => expect(received('+15550147731')).toMatch(/without a recording\.$/), {
		timeout: 20_000,
	});
	const text = received('+15550147731');
	expect(text).toContain(`${local.address}/j/${place} `);
	expect(text).toContain('This session will be recorded.');
	for (const word of [notice.practice, notice.host, notice.purpose, 'no date is set'])
		expect(text).toContain(word);
});

test.runIf(wanted)(
	'the code of a share reaches its phone through Kannel, and opens the door',
	async () => {
		const { maya, clock, address } = local;
		const { id: session } = await maya.session({ recorded: true });
		const recorder = new TestRecorder(maya, session);
		// What was kept at the end: the manifest, and one person's track.
		recorder.tracks.splice(1, 2);
		await recorder.start();
		for (const { id } of recorder.tracks) await recorder.put(id, 0, someBytes(900));
		const track = recorder.tracks[1]?.id ?? '';
		const keep = [{ track, part: 0, chunks: 1, bytes: 900 }];
		const finish = { recovered: false, keep, remove: [] };
		expect((await recorder.call('POST', `/${recorder.id}/finish`, finish)).status).toBe(204);
		const [share, mobile] = [newId(), '+15550147732'];
		const made = await recorder.call('POST', `/${recorder.id}/shares`, {
			id: share,
			way: 'device',
			tracks: [track],
			expiresAt: clock.now() + 60 * 60_000,
			contact: { email: 'rosa@family.example', mobile },
			about: bytesOf(60),
			own: bytesOf(60),
			record: null,
			content: null,
		});
		expect(made.status).toBe(201);
		const sent = await call(address, 'POST', `/api/shares/${share}/code`, { body: {} });
		expect(sent.status).toBe(200);
		await vi.waitFor(() => expect(received(mobile)).toMatch(/^\d{6} is your code from /), {
			timeout: 20_000,
		});
		const code = received(mobile).slice(0, 6);
		const check = await call(address, 'POST', `/api/shares/${share}/check`, { body: { code } });
		expect(check.status).toBe(200);
	},
);
