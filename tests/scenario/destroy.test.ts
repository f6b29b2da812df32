import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { type Bytes, concat, fromBase64url } from '#crypto/bytes.ts';
import { readPart } from '#crypto/track/verdict.ts';
import { findFfmpeg } from '../../scripts/find.js';
import { type App, join, openApp } from '../app.ts';
import { made as film } from '../films.ts';
import { founded } from '../practices.ts';
import { newId } from '../wire.ts';
import {
	dataBytes,
	memory,
	objectsOnDisk,
	openRewriting,
	opened,
	opensAny,
	storeMayas,
} from '../rewrite.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// One person's track is destroyed for good, and a passage is cut out, for everybody who could open them.
const here = founded();
let maya: App;
let una: { app: App; id: string };
let peter: { app: App; id: string };
let rewriting: Awaited<ReturnType<typeof openRewriting>>;
const signal = new AbortController().signal;

beforeAll(async () => {
	una = await join(here.maya, { email: 'una@alderstreet.example', role: 'supervisor' });
	peter = await join(here.maya, { email: 'peter@alderstreet.example', role: 'clinician' });
	maya = await openApp(here.local.address);
	await maya.account.signIn('maya@alderstreet.example', 'quiet-harbor-eleven');
	rewriting = await openRewriting();
});

/** The bytes of a track as whoever has its key gets them. */
async function content(app: App, id: string, track: string): Promise<Bytes> {
	const { keys, recording } = await opened(app, id);
	const object = recording.objects.find((one) => one.track === track);
	const key = keys.get(track);
	if (!object || !key) throw new Error('no such track');
	const { part, bytes } = object;
	const payloads: Bytes[] = [];
	await readPart({
		key,
		name: { recording: fromBase64url(id), track: fromBase64url(track), part },
		source: rewriting.recordingsApi().objectBytes({ recording: id, track, part, bytes }),
		onSegment: ({ payload }) => void payloads.push(payload),
	});
	return concat(...payloads);
}

test('a destroyed track is nowhere, its key in no grant, and everybody else is as before', async () => {
	const made = await storeMayas(here.local);
	const { id } = made;
	await maya.account.refresh();
	await maya.give(await maya.fetchRecording(id), una.id);
	const [danas, mayas] = [made.tracks.get('Dana Whitfield'), made.tracks.get('Dr. Maya Okafor')];
	if (danas === undefined || mayas === undefined) throw new Error('no tracks');
	const before = await opened(una.app, id);
	// A grant that nobody signed lets nobody in when all are made anew.
	const [hers] = before.recording.grants;
	const forged = { ...hers, id: newId(), recipient: peter.id };
	const row = { id: forged.id, recording: id, recipient: peter.id, expires_at: null };
	const { store } = here.local.server.context;
	await store
		.insertInto('grants')
		.values({ ...row, content: JSON.stringify(forged) })
		.execute();
	const openers = async () => (await opened(maya, id)).recording.recipients.toSorted();
	expect(await openers()).toContain(peter.id);
	const without = (await openers()).filter((one) => one !== peter.id);
	const oldKey = before.keys.get(danas);
	if (!oldKey) throw new Error('no key');
	const whole = await content(maya, id, mayas);
	const disk = await objectsOnDisk(here.local, id);
	const sealed = [...disk].find(([name]) => name.includes(danas))?.[1];
	if (!sealed) throw new Error('nothing stored');
	const api = rewriting.recordingsApi();
	const mine = await opened(maya, id);
	const person = mine.manifest.people.find(({ name }) => name === 'Dana Whitfield')?.id ?? -1;
	const about = { person, captions: true, api, signal };
	await rewriting.destroyTrack({ ...about, opened: mine });
	const after = await objectsOnDisk(here.local, id);
	for (const object of after.values()) expect(await opensAny([oldKey], object)).toBe(false);
	expect(await openers()).toEqual(without);
	const all = await dataBytes(here.local);
	expect(all.includes(Buffer.from(sealed.subarray(300, 360)))).toBe(false);
	for (const { ciphertext } of before.recording.grants)
		expect(all.includes(ciphertext)).toBe(false);
	for (const app of [maya, una.app]) {
		const { keys, recording, manifest } = await opened(app, id);
		expect([...keys.keys()].toSorted()).toEqual([id, mayas].toSorted());
		expect(recording.objects.map(({ track }) => track).toSorted()).toEqual([id, mayas].toSorted());
		expect(manifest.rewritten).toMatchObject([{ what: 'destroy', person }]);
		expect(manifest.people).toHaveLength(2);
	}
	expect(await content(una.app, id, mayas)).toEqual(whole);
	const rows = await maya.fetchHistory((await opened(maya, id)).recording);
	expect(rows.find(({ act }) => act === 'track-destroyed')).toMatchObject({ about: danas });
	// The last one is not destroyed: then the recording is deleted.
	const last = { ...about, person: 0, opened: await opened(maya, id) };
	await expect(rewriting.destroyTrack(last)).rejects.toThrow(TypeError);
});

const ffmpeg = findFfmpeg() ?? 'ffmpeg';

/** Ten seconds of a film; from 3 s to 6.5 s it sounds at 2000 Hz, before and behind at `tone`. */
function filmWithSecret(tone: number): Uint8Array {
	const expression = `0.5*sin(2*PI*t*if(between(t\\,3\\,6.5)\\,2000\\,${tone}))`;
	const picture = 'testsrc2=size=160x90:rate=15:duration=10';
	const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i'];
	const sound = [...inputs, `aevalsrc=${expression}:d=10:s=48000`];
	const video = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '30'];
	return readFileSync(film(`secret-${tone}.webm`, [...sound, ...video, '-c:a', 'libopus']));
}

/** How strong a frequency is in a film's sound, and how long it is; ffmpeg must have nothing to say about it. */
async function heard(bytes: Bytes): Promise<{ seconds: number; power: (hertz: number) => number }> {
	const folder = await mkdtemp(path(tmpdir(), 'sotto-cut-'));
	try {
		const file = path(folder, 'cut.webm');
		await writeFile(file, bytes);
		const looked = spawnSync(ffmpeg, ['-v', 'error', '-i', file, '-f', 'null', '-']);
		expect(looked.stderr.toString()).toBe('');
		const raw = ['-ac', '1', '-ar', '8000', '-f', 's16le', '-'];
		const { stdout } = spawnSync(ffmpeg, ['-v', 'error', '-i', file, ...raw], {
			maxBuffer: 1 << 26,
		});
		const samples = Array.from({ length: stdout.length / 2 }, (_, n) => stdout.readInt16LE(2 * n));
		const power = (hertz: number): number => {
			let [re, im] = [0, 0];
			samples.forEach((sample, n) => {
				re += sample * Math.cos((2 * Math.PI * hertz * n) / 8000);
				im += sample * Math.sin((2 * Math.PI * hertz * n) / 8000);
			});
			return Math.hypot(re, im) / samples.length;
		};
		return { seconds: samples.length / 8000, power };
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

test('a copy without a passage is whole for ffmpeg, shorter by it, loses whom its source loses, and dies with it', async () => {
	const filmed = (name: string, tone: number) => ({
		name,
		film: filmWithSecret(tone),
		startMs: 0,
		durationMs: 10_000,
	});
	const people = [filmed('Dr. Maya Okafor', 500), filmed('Dana Whitfield', 1000)] as const;
	const made = await storeMayas(here.local, { people: [people[0], people[1]] });
	const source = await opened(maya, made.id);
	const api = rewriting.recordingsApi();
	const copy = await rewriting.cutPassage({
		opened: source,
		passage: { from: 3000, to: 6500 },
		replaces: false,
		api,
		sealer: rewriting.sealerHere(api, signal),
		signal,
		progress: () => undefined,
	});
	const { manifest, recording } = await opened(maya, copy);
	expect(recording.state).toBe('finished');
	expect(manifest.derivedFrom).toEqual({ recording: made.id, root: made.id });
	expect(manifest.rewritten).toMatchObject([{ what: 'cut', from: 3000, to: 6500 }]);
	const finals = manifest.tracks.filter(({ kind }) => kind === 'final');
	expect(finals).toHaveLength(2);
	for (const [at, { id, duration }] of finals.entries()) {
		expect(Math.abs((duration ?? 0) - 6500)).toBeLessThan(60);
		const { seconds, power } = await heard(await content(maya, copy, id));
		expect(Math.abs(seconds - 6.5)).toBeLessThan(0.1);
		const tone = [500, 1000][at] ?? 0;
		expect(power(2000) * 100).toBeLessThan(power(tone));
	}
	// As a whole it has the tone that was cut out.
	const whole = await content(maya, made.id, made.tracks.get('Dana Whitfield') ?? '');
	const { power: powerBefore } = await heard(whole);
	expect(powerBefore(2000) * 4).toBeGreaterThan(powerBefore(1000));
	const list = await maya.request({ path: `/api/recordings?from=0&to=${Date.now() + 1e9}` });
	expect(await list.text()).toContain(copy);
	// Destroyed in the source, nobody is left in the copy.
	const dana = finals.find(({ person }) => person === 1)?.id ?? '';
	const sealed = [...(await objectsOnDisk(here.local, copy))].find(([name]) => name.includes(dana));
	if (!sealed) throw new Error('nothing stored');
	const about = { person: 1, captions: true, api, signal };
	await expect(rewriting.destroyTrack({ ...about, opened: source })).rejects.toThrow('conflict');
	await rewriting.giveUp(made.id, memory());
	await rewriting.destroyPerson({ ...about, opened: await opened(maya, made.id) });
	for (const id of [made.id, copy]) {
		const left = (await opened(maya, id)).manifest;
		expect(left.tracks.filter(({ kind }) => kind === 'final')).toMatchObject([{ person: 0 }]);
	}
	const all = await dataBytes(here.local);
	expect(all.includes(Buffer.from(sealed[1].subarray(300, 360)))).toBe(false);
	await maya.deleteRecording(made.id);
	await expect(maya.fetchRecording(copy)).rejects.toThrow('gone');
});
