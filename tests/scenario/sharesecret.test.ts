import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import * as v from 'valibot';
import * as opaque from '@serenity-kit/opaque';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Bytes, fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { hkdf } from '#crypto/hkdf.ts';
import { openContent } from '#crypto/share/content.ts';
import { normaliseWords } from '#crypto/share/words.ts';
import { memoryShelf, refusal, sharing } from '../sharing.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

// A server that keeps everything: what it stored at every step, and every byte that went in and out.
const here = sharing();

const traffic: string[] = [];
let copies: string;

beforeAll(async () => {
	copies = await mkdtemp(join(tmpdir(), 'sotto-kept-'));
});
afterAll(() => rm(copies, { recursive: true, force: true }));

/** A copy of the database as it is now, with what is not written back yet. */
async function keep(step: string): Promise<void> {
	for (const name of await readdir(here.local.dataDir))
		if (name.startsWith('sotto.db') || name === 'opaque.setup')
			await copyFile(join(here.local.dataDir, name), join(copies, `${step} ${name}`));
}

/** From here on every request and every answer is kept. */
function listen(): void {
	const sending = globalThis.fetch;
	vi.stubGlobal('fetch', async (url: string | URL, init: RequestInit = {}) => {
		const { body } = init;
		traffic.push(String(url), ...new Headers(init.headers).values());
		if (typeof body === 'string') traffic.push(body);
		if (body instanceof Uint8Array) traffic.push(Buffer.from(body).toString('latin1'));
		const response = await sending(url, init);
		traffic.push(Buffer.from(await response.clone().arrayBuffer()).toString('latin1'));
		return response;
	});
}

/** Every value of every row of every copy. */
function valuesOf(path: string): string[] {
	const database = new Database(path);
	const names = database.prepare("select name from sqlite_master where type = 'table'").pluck();
	const values = v.parse(v.array(v.string()), names.all()).flatMap((name) =>
		database
			.prepare(`select * from "${name}"`)
			.raw()
			.all()
			.flatMap((row) => v.parse(v.array(v.unknown()), row).map(String)),
	);
	database.close();
	return values;
}

/** Every text that could be a key or hold one: base64url of 16 bytes and more, in all that was kept. */
async function candidates(): Promise<Bytes[]> {
	const names = await readdir(copies);
	const files = names
		.filter((name) => name.endsWith('.db'))
		.flatMap((name) => valuesOf(join(copies, name)));
	const mails = here.mailbox.received.map(({ raw }) => raw.toString('latin1'));
	const texts = here.gateway.received.map(({ query }) => query.toString());
	const found = new Set<string>();
	for (const text of [...files, ...traffic, ...mails, ...texts])
		for (const [one] of text.matchAll(/[A-Za-z0-9_-]{22,}/g)) found.add(one);
	return [...found].flatMap((text) => {
		try {
			return [fromBase64url(text)];
		} catch (error) {
			if (error instanceof CryptoError) return [];
			throw error;
		}
	});
}

const fit = (bytes: Bytes, length: number): Bytes[] => {
	if (bytes.length === length) return [bytes];
	const hash = createHash('sha512').update(bytes).digest().subarray(0, length);
	return [
		new Uint8Array(hash),
		...(bytes.length > length ? [bytes.slice(0, length), bytes.slice(-length)] : []),
	];
};

test('a server that kept every copy and all traffic of a life of shares opens none of them', async () => {
	await here.allow({ mail: true, links: true });
	await keep('before');
	listen();
	const made = {
		words: await here.share(),
		device: await here.share({ way: 'device' }),
		link: await here.share({ way: 'link' }),
	};
	await keep('made');
	const byWords = await here.proven(made.words.id);
	await byWords.openWithWords(made.words.words ?? '');
	const byDevice = await here.proven(made.device.id, memoryShelf());
	await byDevice.askWithDevice();
	await keep('asked');
	await here.sharer.approveDevice(await here.opened(), await here.shown(made.device.id), {
		compared: true,
	});
	await byDevice.openWithDevice();
	const byLink = await here.proven(made.link.id);
	const secret = here.visits.secretIn(new URL(made.link.fullLink ?? '').hash);
	const opened = await byLink.openWithLink(secret ?? new Uint8Array(16));
	await keep('opened');
	const rows = await here.local.server.context.store.selectFrom('shares').selectAll().execute();
	for (const { id } of Object.values(made)) await here.sharer.endShare(id);
	await keep('ended');

	const all = await candidates();
	expect(all.length).toBeGreaterThan(150);
	const everything = traffic.join('\n') + here.mailbox.received.map(({ raw }) => raw).join('\n');
	const words = made.words.words ?? '';
	for (const form of [words, words.replaceAll(' ', ''), words.replaceAll(' ', '-')])
		expect(everything).not.toContain(form);
	expect(everything).not.toContain(new URL(made.link.fullLink ?? '').hash.slice(1));
	expect(everything).not.toContain('Rosa Whitfield');
	let tries = 0;
	for (const row of rows.filter(({ way }) => way !== 'device')) {
		const { id: share, recording, expires_at: expiresAt } = row;
		const way = row.way === 'words' ? 'words' : 'link';
		const sealed = fromBase64url(row.content ?? '');
		for (const bytes of all)
			for (const key of fit(bytes, way === 'words' ? 64 : 16)) {
				tries += 1;
				const call = openContent({ share, recording, expiresAt, way, secret: key, sealed });
				expect(await refusal(call)).toBe('open-failed');
			}
	}
	expect(tries).toBeGreaterThan(400);
	// The same search finds what it looks for where it is there: with the secret in the traffic it opens.
	const row = rows.find(({ id }) => id === made.link.id);
	traffic.push(String(made.link.fullLink));
	const place = { share: made.link.id, recording: opened.recording, expiresAt: opened.expiresAt };
	const sealed = fromBase64url(row?.content ?? '');
	const hits = [];
	for (const bytes of await candidates())
		for (const key of fit(bytes, 16))
			hits.push(await refusal(openContent({ ...place, way: 'link', secret: key, sealed })));
	expect(hits).toContain('granted');
});

test('who has the server’s own key and the record pays one Argon2id with 64 MiB for each five words', async () => {
	const made = await here.share();
	const { store } = here.local.server.context;
	const row = await store
		.selectFrom('shares')
		.selectAll()
		.where('id', '=', made.id)
		.executeTakeFirstOrThrow();
	const serverSetup = await readFile(join(here.local.dataDir, 'opaque.setup'), 'utf8');
	const password = await normaliseWords(made.words ?? '');
	await opaque.ready;
	/** One guess by a thief of everything that the server has, with a stretching of her choice. */
	const guess = (
		typed: string,
		keyStretching: opaque.client.FinishLoginParams['keyStretching'],
	) => {
		const { startLoginRequest, clientLoginState } = opaque.client.startLogin({ password: typed });
		const { loginResponse } = opaque.server.startLogin({
			serverSetup,
			userIdentifier: `share:${made.id}`,
			registrationRecord: row.record,
			startLoginRequest,
		});
		return opaque.client.finishLogin({
			password: typed,
			clientLoginState,
			loginResponse,
			...(keyStretching && { keyStretching }),
		});
	};
	// The right words are not even recognised without that work.
	for (const memory of [64, 1024, 32 * 1024, 65_535])
		expect(guess(password, { 'argon2id-custom': { iterations: 3, memory, parallelism: 4 } })).toBe(
			undefined,
		);
	expect(
		guess(password, { 'argon2id-custom': { iterations: 1, memory: 65_536, parallelism: 4 } }),
	).toBe(undefined);
	const known = guess(password, 'memory-constrained');
	const place = { share: made.id, recording: row.recording, expiresAt: row.expires_at };
	const sealed = fromBase64url(row.content ?? '');
	const secret = fromBase64url(known?.exportKey ?? '');
	expect(await refusal(openContent({ ...place, way: 'words', secret, sealed }))).toBe('granted');
	expect(guess(`${password.split(' ').slice(1).join(' ')} zoom`, 'memory-constrained')).toBe(
		undefined,
	);
	// Nor is there a shorter way from the words to the key that the content is sealed under.
	const plain = new TextEncoder().encode(password);
	for (const salt of [new Uint8Array(0), new TextEncoder().encode(made.id), sealed.slice(1, 33)]) {
		const ikm = new Uint8Array(plain);
		const derived = await hkdf({ hash: 'SHA-512', ikm, salt, info: plain, lengthBytes: 64 });
		const call = openContent({ ...place, way: 'words', secret: derived, sealed });
		expect([toBase64url(derived).length, await refusal(call)]).toEqual([86, 'open-failed']);
	}
});
