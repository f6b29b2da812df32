import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostInsider } from './insiders.ts';
import { type Part, Published, filesOf, partsOf } from './capture.ts';
import { carriers, encodings, leak, media } from './leaks.ts';
import { looks } from './media.ts';
import {
	type Person,
	connect,
	newSession,
	password,
	person,
	sees,
	setUp,
	wait,
	email,
} from './people.ts';
import { expect as expectThat } from './playwright.ts';
import { type Proxy, startBehind } from './proxy.ts';
import { type Finding, type Kind, Search, type Secret, text } from './search.ts';
import { Witness } from './witness.ts';

const name = 'Dana Whitfield';
const chats = ['The brown notebook is mine', 'Nobody else has read it'];

/** Everything in a database, value by value: in the file a long one is cut into pages. */
function rowsOf(path: string): Part[] {
	const database = new Database(path, { readonly: true });
	const tables = database.prepare("select name from sqlite_master where type = 'table'").pluck();
	const parts = tables.all().flatMap((table) =>
		database
			.prepare(`select * from "${String(table)}"`)
			.raw()
			.all()
			.map((row) => ({
				where: `table ${String(table)}`,
				bytes: Buffer.concat(
					(Array.isArray(row) ? row : []).flatMap((value: unknown) => [
						Buffer.isBuffer(value) ? value : Buffer.from(String(value)),
						Buffer.from('\n'),
					]),
				),
			})),
	);
	database.close();
	return parts;
}

function kinds(findings: readonly Finding[]): Kind[] {
	return [...new Set(findings.map(({ kind }) => kind))].toSorted();
}

/** The name of the database among the files. */
const databaseOf = (folder: string): string => {
	const file = filesOf(folder).find(({ where }) => /\.(?:db|sqlite3?)$/.test(where));
	if (!file) throw new Error('no database');
	return join(folder, file.where.slice('file '.length));
};

/** Bytes that a leaking client would send, one of each kind. */
function leaking(): { secrets: Secret[]; samples: [Kind, Buffer][] } {
	// With every byte that some way of writing treats as special.
	const key = Buffer.concat([Buffer.from('\b\f\n\r\t"\\+%/\0', 'latin1'), randomBytes(21)]);
	const piece = randomBytes(16);
	const { webm, keyFrame } = media();
	const sdp = 'v=0\r\no=- 46 2 IN IP4 127.0.0.1\r\ns=-\r\na=fingerprint:sha-256 AB:CD\r\n';
	const address = '203.0.113.77';
	const note = 'Hears voices since spring';
	const [chat = ''] = chats;
	return {
		secrets: [
			...text('password', password),
			...text('name', name),
			...text('note', note),
			...text('chat', chat),
			...text('ice-address', address),
			{ kind: 'key', name: 'a key', bytes: key },
			{ kind: 'plaintext', name: 'a piece', bytes: piece },
		],
		samples: [
			['password', Buffer.from(`{"password":"${password}"}`)],
			['name', Buffer.from(`Session with ${name} `)],
			['name', Buffer.from(`Session with ${name}`, 'utf16le')],
			['note', Buffer.from(note)],
			['chat', Buffer.from(JSON.stringify({ type: 'chat', text: chat }))],
			['sdp', Buffer.from(sdp)],
			['sdp', Buffer.from(JSON.stringify({ type: 'offer', sdp }))],
			['ice-address', Buffer.from(`a ${address} b`)],
			['ice-address', Buffer.from('candidate:1 1 udp 2113937151 198.51.100.9 5000 typ host')],
			['key', key],
			['key', Buffer.concat([randomBytes(7), key, randomBytes(9)])],
			['plaintext', Buffer.concat([randomBytes(40), piece, randomBytes(40)])],
			['media', webm.subarray(0, 4000)],
			['media', keyFrame],
		],
	};
}

test('the search finds what a leaking client sends, however it is written and carried', async () => {
	const { server, proxies, stop } = await startBehind(1);
	const [proxy] = proxies;
	if (!proxy) throw new Error('one proxy');
	const { host } = new URL(proxy.origin);
	const { secrets, samples } = leaking();
	const missed: string[] = [];
	for (const [carrier, carry] of Object.entries(carriers))
		for (const [encoding, encode] of Object.entries(encodings))
			for (const [kind, sample] of samples) {
				const from = proxy.recorded.length;
				await leak(proxy.origin, carry(encode(sample), host));
				const parts = proxy.recorded.slice(from).flatMap(partsOf);
				const found = new Search(secrets).in(parts);
				if (!kinds(found).includes(kind)) missed.push(`${kind}: ${encoding}, ${carrier}`);
			}
	expect(missed).toEqual([]);
	expect(server.log()).not.toBe('');
	await stop();
}, 240_000);

test('the search finds what a server was given in the clear: on its disk, and on the way back', async () => {
	const { server, proxies, stop } = await startBehind(1);
	const [proxy] = proxies;
	if (!proxy) throw new Error('one proxy');
	const clinician = await HostInsider.setUp(proxy.origin, server.setupUrl);
	const { links } = await clinician.session(['Dana'], { recorded: true });
	// A notice is in the clear: whoever wrote a patient's name into it told everybody.
	const search = new Search(text('name', name));
	const read = async (link = ''): Promise<void> => {
		const place = new URL(link).pathname.replace('/j/', '/api/places/');
		await fetch(`${proxy.origin}${place}`).then((response) => response.text());
	};
	await read(links.get('Dana'));
	expect(search.in(proxy.recorded.flatMap(partsOf))).toEqual([]);
	// A notice is in the clear: whoever writes a patient's name into it tells everybody.
	const told = await clinician.session(['Dana'], { purpose: `Supervision of ${name}` });
	await read(told.links.get('Dana'));
	const findings = search.in(proxy.recorded.flatMap(partsOf)).map(({ where }) => where);
	expect(findings).toContain('to server, body');
	expect(findings).toContain('to client, body');
	await server.kill('SIGTERM');
	expect(search.in(rowsOf(databaseOf(server.dataDir)))).not.toEqual([]);
	expect(search.in(filesOf(server.dataDir))).not.toEqual([]);
	await stop();
});

const linkSecret = (link: string): Secret[] => {
	const fragment = Buffer.from(new URL(link).hash.slice(1), 'base64url');
	return [{ kind: 'key', name: 'secret of a link', bytes: fragment.subarray(1, 17) }];
};

let behind: Awaited<ReturnType<typeof startBehind>>;
let proxy: Proxy;
let maya: Person;
let dana: Person;

beforeAll(async () => {
	behind = await startBehind(1, { env: { LOG_LEVEL: 'debug' } });
	const [first] = behind.proxies;
	if (!first) throw new Error('one proxy');
	proxy = first;
	const args = ['--auto-select-desktop-capture-source=Entire screen'];
	[maya, dana] = await Promise.all([
		person({ looks: looks.maya, args }),
		person({ looks: looks.dana }),
	]);
});
afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close()]);
	await behind?.stop();
});

/** Sets up, signs in again, meets, talks, writes, shares, records, finishes, leaves, watches. */
async function visit(witnesses: readonly Witness[]): Promise<Secret[]> {
	const listen = () => Promise.all(witnesses.map((one) => one.listen()));
	const recoveryKey = await setUp(maya.page, behind.server.setupUrl ?? '');
	await listen();
	await maya.page.getByRole('button', { name: 'Sign out' }).click();
	await expectThat(maya.page.getByRole('button', { name: 'Sign out' })).toBeHidden();
	await maya.page.goto(`${proxy.origin}/sign-in`);
	await maya.page.getByRole('textbox', { name: 'Email' }).fill(email);
	await maya.page.getByRole('textbox', { name: 'Password' }).fill(password);
	await maya.page.getByRole('button', { name: 'Sign in' }).click();
	await expectThat(maya.page.getByRole('heading', { name: 'Today' })).toBeVisible();
	const { links } = await newSession(maya.page, [name], { record: true });
	await listen();
	await wait(dana.page, links[0] ?? '', 'agree');
	await maya.page.goto(proxy.origin);
	await connect(maya.page, name);
	await Promise.all([sees(maya.page, name), sees(dana.page, 'Dr. Maya Okafor')]);
	await write(maya.page, name, chats[0] ?? '');
	await write(dana.page, 'Dr. Maya Okafor', chats[1] ?? '');
	await dana.page.getByText(chats[0] ?? '').waitFor();
	await maya.page.getByText(chats[1] ?? '').waitFor();
	await dana.page.getByRole('button', { name: 'Mute' }).click();
	await maya.page.getByRole('button', { name: 'Share screen' }).click();
	await maya.page.getByRole('button', { name: 'Stop sharing' }).click();
	await dana.page.getByRole('button', { name: 'Unmute' }).click();
	await maya.page.getByRole('button', { name: 'Start recording' }).click();
	await maya.page.getByText(/^00:0[4-9]$/).waitFor();
	await listen();
	await maya.page.getByRole('button', { name: 'Stop recording' }).click();
	const recording = maya.page.getByRole('link', { name: 'Open the recording' });
	await expectThat(recording).toBeVisible({ timeout: 60_000 });
	await listen();
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	await recording.click();
	await maya.page.getByRole('button', { name: 'Play' }).click();
	await sees(maya.page, name);
	await listen();
	return [
		...text('password', password),
		...text('name', name),
		...chats.flatMap((chat) => text('chat', chat)),
		...linkSecret(links[0] ?? ''),
		...[recoveryKey, recoveryKey.replaceAll(' ', ''), recoveryKey.replaceAll(' ', '-')].flatMap(
			(key) => [...text('key', key), ...text('key', key.toLowerCase())],
		),
	];
}

async function write(page: Person['page'], to: string, line: string): Promise<void> {
	await page.getByRole('button', { name: 'Messages' }).click();
	await page.getByRole('textbox', { name: `Message to ${to}` }).fill(line);
	await page.getByRole('button', { name: 'Send' }).click();
}

test('after a whole visit nothing that anybody said, showed, wrote or is called is at the server or on the way', async () => {
	const witnesses = await Promise.all([Witness.of(maya.context), Witness.of(dana.context)]);
	const secrets = await visit(witnesses);
	secrets.push(...witnesses.flatMap((one) => one.secrets()));
	// A witness that saw nothing would prove nothing.
	const seen = (kind: Kind) => secrets.filter((secret) => secret.kind === kind).length;
	expect(seen('key')).toBeGreaterThan(30);
	expect(seen('plaintext')).toBeGreaterThan(300);
	expect(seen('sdp')).toBeGreaterThan(4);
	expect(seen('ice-address')).toBeGreaterThan(0);
	const published = new Published(join(import.meta.dirname, '../../build/pwa'));
	const parts = proxy.recorded.flatMap(partsOf).filter((part) => !published.has(part));
	const carried = (where: string) => parts.filter((part) => part.where === where).length;
	for (const where of ['to server, body', 'to client, body', 'to server, WebSocket'])
		expect(carried(where)).toBeGreaterThan(10);
	expect(parts.filter(({ where }) => where.endsWith('rest'))).toEqual([]);
	const search = new Search(secrets);
	expect(search.in(parts)).toEqual([]);
	await behind.server.kill('SIGTERM');
	const { dataDir } = behind.server;
	expect(search.in(rowsOf(databaseOf(dataDir)))).toEqual([]);
	expect(search.in(filesOf(dataDir))).toEqual([]);
	expect(search.in([{ where: 'log', bytes: Buffer.from(behind.server.log()) }])).toEqual([]);
	expect(search.searched).toBeGreaterThan(500_000);
}, 240_000);
