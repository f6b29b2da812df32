import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { RecordingsApi } from '#lib/record/api.ts';
import { Journal } from '#lib/record/journal.ts';
import { Pauses, backoffMs } from '#lib/record/retry.ts';
import { Spool } from '#lib/record/spool.ts';
import { type UploadTrouble, Uploader } from '#lib/record/uploader.ts';
import { FolderDisk } from '../../record/disk.ts';
import { TinyServer } from '../../record/tinyserver.ts';

const newId = (): string => toBase64url(random(16));
const recording = newId();
const [one, two] = [newId(), newId()];

let server: TinyServer;
let folder: string;
let disk: FolderDisk;
let spool: Spool;
let uploader: Uploader;
let troubles: UploadTrouble[];
let tokens: string[];
const pauses = new Pauses();

beforeEach(async () => {
	server = await new TinyServer().start();
	folder = await mkdtemp(join(tmpdir(), 'sotto-spool-'));
	disk = new FolderDisk(folder);
	spool = new Spool(disk);
	troubles = [];
	tokens = ['first', 'second'];
	uploader = newUploader(spool);
});
afterEach(async () => {
	uploader.stop();
	await server.stop();
	await rm(folder, { recursive: true });
});

function newUploader(from: Spool): Uploader {
	let token = tokens[0] ?? '';
	const source = async (stale?: string): Promise<string> => {
		if (stale !== undefined) token = tokens.find((other) => other !== stale) ?? '';
		return token;
	};
	const api = new RecordingsApi({ origin: server.origin, token: source });
	return new Uploader({
		api,
		spool: from,
		recording,
		pauses,
		tell: (trouble) => void troubles.push(trouble),
	});
}

/** A header and so many segments, as the spool measures them. */
async function fill(track: string, segments: number, part = 0): Promise<Uint8Array[]> {
	const chunks: Uint8Array[] = [random(136)];
	for (let at = 0; at < segments; at++) {
		const segment = random(16 + 100 + at);
		new DataView(segment.buffer).setUint32(0, 100 + at);
		chunks.push(segment);
	}
	for (const chunk of chunks) await spool.add({ track, part }, chunk);
	return chunks;
}

function stored(track: string, part = 0): string {
	return Buffer.concat(server.objects.get(`${track}/${part}`) ?? []).toString('hex');
}

function hex(chunks: readonly Uint8Array[]): string {
	return Buffer.concat(chunks).toString('hex');
}

/** Lets the uploader go on at once wherever it waits. */
async function impatiently(done: Promise<void>): Promise<void> {
	const timer = setInterval(() => pauses.wake(), 5);
	await done.finally(() => clearInterval(timer));
}

test('brings every part in order, several at a time, once', async () => {
	const written = [await fill(one, 20), await fill(two, 20)];
	await uploader.idle();
	expect([stored(one), stored(two)]).toEqual(written.map(hex));
	expect(server.seen).toHaveLength(42);
	expect(server.busiest).toBeGreaterThan(1);
	expect(spool.bytes.acked).toBe(spool.bytes.stored);
	await uploader.idle();
	expect(server.seen).toHaveLength(42);
});

test('goes on after cut connections, a busy server and a full one, and tells', async () => {
	const written = await fill(one, 10);
	const busy = { status: 429, body: { error: 'slow-down', next: 1 } };
	const full = { status: 507, body: { error: 'storage-full' } };
	server.faults = [null, null, busy, { status: 500, body: {} }, full];
	await impatiently(uploader.idle());
	expect(stored(one)).toBe(hex(written));
	expect(troubles).toContain('offline');
	expect(troubles).toContain('storage-full');
	expect(troubles.at(-1)).toBeNull();
});

test('gets a fresh token when the old one is over', async () => {
	const written = await fill(one, 2);
	server.faults = [{ status: 401, body: { error: 'token' } }];
	await uploader.idle();
	expect(stored(one)).toBe(hex(written));
	expect(server.tokens.slice(0, 2)).toEqual(['Bearer first', 'Bearer second']);
	expect(troubles).not.toContain('offline');
});

test('takes up where the server is, after a crash here', async () => {
	const written = await fill(one, 12);
	await uploader.idle();
	uploader.stop();
	await fill(two, 3);
	await disk.tear(`${two}.0.strk`, 7);
	const again = await Spool.open(disk);
	expect(again.parts.find(({ track }) => track === two)?.ends).toHaveLength(3);
	uploader = newUploader(again);
	server.seen.length = 0;
	await uploader.idle();
	expect(stored(one)).toBe(hex(written));
	expect(server.objects.get(`${two}/0`)).toHaveLength(3);
	// The same bytes again are harmless, and the rest follows.
	expect(server.seen.length).toBe(13 + 3);
});

test('skips what the server has already, when it says so', async () => {
	const written = await fill(one, 5);
	server.objects.set(
		`${one}/0`,
		written.slice(0, 4).map((chunk) => Buffer.from(chunk)),
	);
	server.faults = [{ status: 409, body: { error: 'chunk-order', next: 4 } }];
	await uploader.idle();
	expect(stored(one)).toBe(hex(written));
	expect(server.seen).toHaveLength(3);
});

test('stops for good where the server has other bytes or deleted it', async () => {
	await fill(one, 2);
	server.objects.set(`${one}/0`, [Buffer.from('other')]);
	await expect(uploader.idle()).rejects.toThrow('chunk-differs');
	expect(troubles).toContain('upload-refused');
	await expect(uploader.post({ type: 'tracks', body: { tracks: [], grants: [] } })).rejects.toThrow(
		'chunk-differs',
	);
	const deleted = newUploader(spool);
	server.faults = [{ status: 410, body: { error: 'gone' } }];
	await expect(deleted.idle()).rejects.toThrow('gone');
});

test('sends wrapped keys before the chunks that were added after them', async () => {
	const others = [one, newId(), newId()];
	for (const other of others) await fill(other, 6);
	uploader.wake();
	const posted = uploader.post({ type: 'tracks', body: { tracks: [], grants: [] } });
	await fill(two, 6);
	uploader.wake();
	await Promise.all([posted, uploader.idle()]);
	const post = server.seen.findIndex((line) => line.startsWith('POST'));
	const first = server.seen.findIndex((line) => line.includes(two));
	expect(post).toBeGreaterThanOrEqual(0);
	expect(first).toBeGreaterThan(post);
});

test('can be given up', async () => {
	await fill(one, 3);
	server.faults = Array.from({ length: 50 }, () => null);
	const giveUp = new AbortController();
	const waiting = uploader.idle(giveUp.signal);
	giveUp.abort(new Error('enough'));
	await expect(waiting).rejects.toThrow('enough');
});

test('a full disk keeps chunks in memory until the server has them', async () => {
	await fill(one, 2);
	disk.bytesMax = 0;
	const written = await fill(one, 3, 1);
	expect(spool.diskFull).toBe(true);
	expect(spool.isWhole({ track: one, part: 0 })).toBe(true);
	expect(spool.isWhole({ track: one, part: 1 })).toBe(false);
	await uploader.idle();
	expect(stored(one, 1)).toBe(hex(written));
});

test('gives files back only when they are closed and the server has them', async () => {
	await fill(one, 2);
	await fill(two, 2);
	spool.close({ track: one, part: 0 });
	await spool.dropAcked();
	expect(await disk.list()).toHaveLength(2);
	await uploader.idle();
	await spool.dropAcked();
	expect((await disk.list()).map(({ name }) => name)).toEqual([`${two}.0.strk`]);
});

test('a journal remembers what was not sent, through a torn line', async () => {
	const journal = new Journal(disk);
	const body = { tracks: [{ id: one, kind: 'audio' as const, person: 1 }], grants: [grant()] };
	const sent = await journal.tracks(body);
	await journal.sent(sent);
	await journal.tracks(body);
	await disk.append('journal', new TextEncoder().encode('{"type":"se'));
	expect(await Journal.unsent(disk)).toEqual([{ type: 'tracks', n: 1, body }]);
});

test('waits longer and longer, never in step with others', () => {
	const waits = [0, 1, 2, 3, 12].map((attempt) => backoffMs(attempt, 1));
	expect(waits).toEqual([500, 1000, 2000, 4000, 30_000]);
	expect(backoffMs(3, 0)).toBe(2000);
});

function grant() {
	return {
		id: newId(),
		recording,
		recipient: newId(),
		recipientKey: toBase64url(random(32)),
		grantor: newId(),
		expiresAt: null,
		enc: '',
		ciphertext: '',
		signature: toBase64url(random(64)),
	};
}
