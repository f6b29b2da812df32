import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findOpensmtpd } from '../../scripts/find.js';
import {
	contact,
	day,
	hour,
	messagesOf,
	minute,
	move,
	notice,
	pass,
	plan,
	type Practice,
	setContacts,
} from '../invited.ts';
import { localPractice } from '../local.ts';
import { parseMail } from '../post.ts';

const patience = { timeout: 30_000, interval: 200 };
/** Where it listens to its own tools; there is one for the whole machine. */
const control = '/var/run/smtpd.sock';
/** Debian's `nobody`. */
const nobody = 65_534;

const answers = (path: string) =>
	new Promise<boolean>((resolve) => {
		const socket = connect(path);
		socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
		socket.once('connect', () => socket.destroy());
	});

/** Why it is not tried here. */
async function missing(): Promise<string | undefined> {
	if (findOpensmtpd() === undefined) return 'no opensmtpd here';
	if (process.getuid?.() !== 0) return 'it delivers as somebody else, so it needs root';
	return (await answers(control)) ? 'one is running already' : undefined;
}

const reason = await missing();
if (reason !== undefined) process.stdout.write(`OpenSMTPD is not tested: ${reason}\n`);

let folder: string;
let port: number;
let daemon: ChildProcess;
let local: Practice;

const freePort = () =>
	new Promise<number>((resolve, reject) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() =>
				address && typeof address === 'object' ? resolve(address.port) : reject(new Error('port')),
			);
		});
	});

const config = () => `table people { "dana" = "${nobody}:${nobody}:${folder}" }
listen on 127.0.0.1 port ${port} hostname mail.patients.example
action "box" maildir "${folder}/%{rcpt.user}" userbase <people>
match from any for domain "patients.example" action "box"
`;

async function start(): Promise<void> {
	const file = join(folder, 'smtpd.conf');
	let printed = '';
	daemon = spawn(findOpensmtpd() ?? '', ['-d', '-f', file], {
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	for (const stream of [daemon.stdout, daemon.stderr])
		stream?.on('data', (data: Buffer) => (printed += data.toString()));
	const greets = () =>
		new Promise<boolean>((resolve) => {
			const socket = connect(port, '127.0.0.1');
			socket.once('data', () => resolve(true)).once('error', () => resolve(false));
			socket.once('data', () => socket.destroy());
		});
	await vi.waitFor(async () => {
		if (!(await greets())) throw new Error(`no mail server: ${printed}`);
	}, patience);
}

async function end(): Promise<void> {
	const ended = new Promise((resolve) => daemon.once('exit', resolve));
	daemon.kill('SIGTERM');
	await ended;
}

beforeAll(async () => {
	if (reason !== undefined) return;
	folder = await mkdtemp(join(tmpdir(), 'sotto-smtpd-'));
	await chmod(folder, 0o755);
	await mkdir(join(folder, 'dana'));
	await chown(join(folder, 'dana'), nobody, nobody);
	port = await freePort();
	await writeFile(join(folder, 'smtpd.conf'), config());
	await start();
	local = await localPractice({
		env: { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'visits@riverside.example' },
	});
});

afterAll(async () => {
	if (reason !== undefined) return;
	await local?.stop();
	await end();
	await rm(folder, { recursive: true, force: true });
});

const dana = { email: 'dana@patients.example' };

/** What lies in the mailbox on the disk, as it was delivered. */
async function delivered(count: number) {
	const box = join(folder, 'dana', 'new');
	await vi.waitFor(async () => expect(await readdir(box)).toHaveLength(count), patience);
	const files = await Promise.all((await readdir(box)).map((name) => readFile(join(box, name))));
	const mails = await Promise.all(files.map((raw) => parseMail(raw, [dana.email])));
	return mails.toSorted((a, b) => (a.event?.sequence ?? 0) - (b.event?.sequence ?? 0));
}

const empty = () => rm(join(folder, 'dana', 'new'), { recursive: true, force: true });

test.runIf(reason === undefined)(
	'OpenSMTPD delivers an invitation, a new time and a cancellation into a mailbox',
	async () => {
		const { id, place, startsAt, sealed } = await plan(local, { notice });
		await setContacts(local, id, [contact(place, dana)]);
		await local.server.context.post.run();
		await move(local, id, startsAt + hour);
		await local.server.context.post.run();
		await local.maya.call('POST', `/api/sessions/${id}/cancel`);
		await local.server.context.post.run();
		const mails = await delivered(3);
		expect(mails.map(({ event }) => [event?.method, event?.sequence, event?.start])).toEqual([
			['REQUEST', 0, startsAt],
			['REQUEST', 1, startsAt + hour],
			['CANCEL', 2, startsAt + hour],
		]);
		for (const { raw, mail } of mails) {
			expect(raw.toString('latin1')).toMatch(/^Delivered-To: dana@patients\.example$/m);
			expect(mail.from).toMatchObject({
				name: 'Riverside Therapy',
				address: 'visits@riverside.example',
			});
			for (const word of [notice.purpose, notice.openers, 'January 31, 2028'])
				expect(mail.text).toContain(word);
			for (const text of sealed) expect(raw.toString('latin1')).not.toContain(text.slice(0, 20));
		}
		expect(mails[0]?.mail.text).toContain(`${local.address}/j/${place}`);
		await empty();
	},
);

test.runIf(reason === undefined)('a mailbox that it does not know is said at once', async () => {
	const { id, place } = await plan(local);
	await setContacts(local, id, [contact(place, { email: 'nobody@patients.example' })]);
	await local.server.context.post.run();
	expect(await messagesOf(local, id)).toMatchObject([{ state: 'failed', error: 'address' }]);
});

test.runIf(reason === undefined)(
	'while it is away a mail waits, and then comes once; a series comes in one',
	async () => {
		await end();
		const first = local.clock.now() + 2 * day;
		const made = [
			await plan(local, { startsAt: first }),
			await plan(local, { startsAt: first + 7 * day }),
		];
		await local.maya.call('PUT', '/api/contacts', {
			sessions: made.map(({ id, place }) => ({ id, contacts: [contact(place, dana)] })),
		});
		await local.server.context.post.run();
		expect(await messagesOf(local, made[0]?.id ?? '')).toMatchObject([{ error: 'unreachable' }]);
		await start();
		await pass(local, 10 * minute);
		const [received] = await delivered(1);
		for (const { place } of made)
			expect(received?.mail.text).toContain(`${local.address}/j/${place}`);
	},
);
