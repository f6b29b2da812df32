import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { createTrackKey, importTrackKey } from '#crypto/track/key.ts';
import { RecordingsApi } from '#lib/record/api.ts';
import { Pauses } from '#lib/record/retry.ts';
import { type TabFrame, TabRecording } from '#lib/record/tab.ts';
import { FolderDisk } from '../../record/disk.ts';
import { TinyServer } from '../../record/tinyserver.ts';

const newId = (): string => toBase64url(random(16));

let server: TinyServer;
let folder: string;
let nowMs: number;
let live: TabRecording;

beforeEach(async () => {
	server = await new TinyServer().start();
	folder = await mkdtemp(join(tmpdir(), 'sotto-tab-'));
	nowMs = 1_700_000_000_000;
	const newKey = () => importTrackKey(createTrackKey());
	const [key, manifestKey] = [await newKey(), await newKey()];
	live = await TabRecording.start({
		ticket: {
			recording: newId(),
			practice: 'Alder Street Counseling',
			title: 'Case conference',
			purpose: 'Supervision',
			capture: { text: '{}', signature: toBase64url(new Uint8Array(64)) },
			tracks: { person: 0, audio: newId(), video: newId(), final: newId(), key },
			manifestKey,
			signing: await generateSigningKey(),
		},
		api: new RecordingsApi({ origin: server.origin, token: async () => 'token' }),
		pauses: new Pauses(),
		disk: new FolderDisk(folder),
		around: { now: () => nowMs, freeBytes: async () => null, problem: () => undefined },
	});
});
afterEach(async () => {
	live.keeper.uploader.stop();
	await server.stop();
	await rm(folder, { recursive: true });
});

function picture(key: boolean): void {
	const size = { width: 64, height: 36, data: random(40) };
	const timestamp = (nowMs - live.startedAt) * 1000;
	const frame: TabFrame = { kind: 'video', codec: 'vp8', timestamp, key, ...size };
	live.frame(frame);
}

/** So long, with a picture ten times and a look once a second. */
async function goOn(seconds: number): Promise<void> {
	for (let at = 0; at < seconds; at++) {
		for (let picked = 0; picked < 10; picked++) {
			picture(live.needsKey);
			nowMs += 100;
		}
		await live.tick();
	}
}

test('pictures begin with a key frame, also after the first one came while nothing was to be taken', async () => {
	live.hold();
	picture(true);
	expect(live.needsKey).toBe(false);
	live.release();
	expect(live.needsKey).toBe(true);
	picture(true);
	expect(live.needsKey).toBe(false);
	live.hold();
	live.release();
	expect(live.needsKey).toBe(true);
});

test('what may not be recorded is a gap for all, with parts around it', async () => {
	await goOn(3);
	live.hold();
	await goOn(4);
	live.release();
	await goOn(3);
	await live.end();
	const { missing, tracks, spans, people } = live.manifest();
	expect(missing).toEqual([{ from: 3000, to: 7000, person: null, why: 'tab' }]);
	expect(tracks[0]?.parts.map(({ ended }) => ended)).toEqual([true, true]);
	expect(spans).toEqual([{ from: 0, to: 10_000, state: 'on' }]);
	expect(people).toMatchObject([{ name: 'Case conference', role: 'tab' }]);
});

test('with a full disk and no server it says when nothing can be kept any more, and what was lost', async () => {
	const full = new DOMException('full', 'QuotaExceededError');
	const append = vi.spyOn(FolderDisk.prototype, 'append').mockRejectedValue(full);
	await server.stop();
	const large = new Uint8Array(8 * 1024 * 1024);
	const told: boolean[] = [];
	for (let second = 0; second < 6; second++) {
		const timestamp = (nowMs - live.startedAt) * 1000;
		const size = { width: 64, height: 36, data: large };
		live.frame({ kind: 'video', codec: 'vp8', timestamp, key: true, ...size });
		nowMs += 1000;
		await live.tick();
		told.push(live.keeper.overflowing);
	}
	append.mockRestore();
	expect(told[0]).toBe(false);
	expect(told.at(-1)).toBe(true);
	expect(live.manifest().missing.some(({ why }) => why === 'overflow')).toBe(true);
});

test('a machine that slept leaves a gap, and goes on', async () => {
	await goOn(3);
	nowMs += 60_000;
	await goOn(2);
	await live.end();
	expect(live.manifest().missing).toEqual([{ from: 3000, to: 64_000, person: null, why: 'lost' }]);
});

test('every second is at the server, and the recorder says that it is there', async () => {
	await goOn(3);
	await live.keeper.uploader.idle();
	const { bytesStored, bytesAcked } = live.keeper.stored;
	expect(bytesStored).toBeGreaterThan(500);
	expect(bytesAcked).toBe(bytesStored);
	expect(server.seen.filter((line) => line.endsWith('/alive')).length).toBeGreaterThan(0);
});
