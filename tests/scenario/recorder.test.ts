import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { concat, equal, fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { openGrant } from '#crypto/grant/grant.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { importTrackKey } from '#crypto/track/key.ts';
import { readPart } from '#crypto/track/verdict.ts';
import { ApiError, RecordingsApi } from '#lib/record/api.ts';
import { type Manifest, openManifest } from '#lib/record/manifest.ts';
import type { Packet } from '#lib/record/webm.ts';
import type { Recording } from '#protocol/recordings.ts';
import type { FakePerson } from '../fake/person.ts';
import { decodeErrors, demux, encodeMedia, hasFfmpeg } from '../record/media.ts';
import { type Actor, Stage } from '../record/stage.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let stage: Stage;
let ann: FakePerson;
let media: Packet[];

beforeAll(async () => {
	if (!hasFfmpeg) return;
	const file = encodeMedia({ seconds: 12, codec: 'vp8' });
	const all = [...(await demux(file, 'video', 1)), ...(await demux(file, 'audio', 2))];
	media = all.filter(({ timeMs }) => timeMs >= 0 && timeMs < 12_000);
});

beforeEach(async () => {
	stage = await Stage.create();
	ann = await stage.call.newcomer('Ann');
	const notice = await stage.call.notice();
	await stage.call.allConsent([stage.call.host, ann], notice);
	await stage.open();
	await stage.epoch([ann], { recorder: true });
	await stage.start();
});
afterEach(() => stage.stop());

function actor(person: FakePerson): Actor {
	return { person, packets: media, mime: 'video/VP8' };
}

function api(): RecordingsApi {
	const token = async () => (await stage.local.maya.token()).body.token;
	return new RecordingsApi({ origin: stage.local.address, token });
}

/** What somebody with a grant sees: keys first, then everything else. */
async function open() {
	const recording = await api().recording(stage.recording);
	const keys = new Map<string, CryptoKey>();
	const { member } = stage.local.maya.signedIn;
	for (const grant of recording.grants.filter(({ recipient }) => recipient === member.id)) {
		const opened = await openGrant({
			grant,
			recording: recording.id,
			identity: stage.opener,
			grantorKey: stage.opener.publicIdentity.ed25519,
		});
		for (const { track, key } of opened.keys) keys.set(track, await importTrackKey(key));
	}
	return { recording, keys };
}

function keyOf(keys: ReadonlyMap<string, CryptoKey>, track: string): CryptoKey {
	const key = keys.get(track);
	if (!key) throw new Error('no key');
	return key;
}

async function manifestOf(recording: Recording, keys: ReadonlyMap<string, CryptoKey>) {
	const objects = recording.objects.filter(({ track }) => track === recording.id);
	const newest = objects.toSorted((a, b) => b.part - a.part)[0];
	if (!newest) throw new Error('no manifest');
	const { part, bytes } = newest;
	const source = api().objectBytes({ recording: recording.id, track: recording.id, part, bytes });
	const key = keyOf(keys, recording.id);
	const manifest = await openManifest({ recording: recording.id, part, key, source });
	if (!manifest) throw new Error('the manifest is not whole');
	return manifest;
}

/** The final file of a person by name. */
async function film(
	name: string,
	from: { manifest: Manifest; recording: Recording; keys: ReadonlyMap<string, CryptoKey> },
) {
	const { manifest, recording, keys } = from;
	const person = manifest.people.find((one) => one.name === name);
	const track = manifest.tracks.find((one) => one.person === person?.id && one.kind === 'final');
	const stated = track?.parts[0];
	if (!track || !stated) throw new Error(`no film of ${name}`);
	const object = recording.objects.find(
		(one) => one.track === track.id && one.part === stated.part,
	);
	const pieces: Uint8Array[] = [];
	const verdict = await readPart({
		key: keyOf(keys, track.id),
		name: {
			recording: fromBase64url(recording.id),
			track: fromBase64url(track.id),
			part: stated.part,
		},
		source: api().objectBytes({
			recording: recording.id,
			track: track.id,
			part: stated.part,
			bytes: object?.bytes ?? 0,
		}),
		onSegment: ({ payload }) => void pieces.push(payload),
	});
	expect(verdict.verdict).toBe('complete');
	expect(toBase64url(verdict.digest)).toBe(stated.digest);
	return { track, file: concat(...pieces) };
}

async function everything() {
	const { recording, keys } = await open();
	return { recording, keys, manifest: await manifestOf(recording, keys) };
}

function sameFrames(got: readonly Packet[], wanted: readonly Packet[]): void {
	expect(got.length).toBe(wanted.length);
	got.forEach((packet, at) =>
		expect(equal(packet.data, wanted[at]?.data ?? new Uint8Array(1))).toBe(true),
	);
}

/** How far each frame lies from where it was played, in milliseconds. */
function offsets(got: readonly Packet[], wanted: readonly Packet[], startMs: number): number[] {
	return got.map((packet, at) => packet.timeMs + startMs - (wanted[at]?.timeMs ?? 0));
}

async function finish() {
	return stage.ask({ type: 'finish' }, 'finished');
}

async function end(): Promise<void> {
	await stage.mark('end');
	await stage.ask({ type: 'end' }, 'ended');
}

async function recover() {
	const { keys } = await open();
	return stage.ask(
		{
			type: 'recover',
			recording: stage.recording,
			server: stage.server,
			keys: Array.from(keys, ([track, key]) => ({ track, key })),
			signing: { ...(await generateSigningKey()) },
		},
		'finished',
	);
}

test.runIf(hasFfmpeg)(
	'holds every frame of everybody, under the right name, at the right time',
	async () => {
		await stage.play([actor(stage.call.host), actor(ann)], 0, 12_000);
		await end();
		const finished = await finish();
		expect(finished.verdict).toBe('complete');
		expect(finished.missing).toEqual([]);
		const all = await everything();
		expect(all.recording.state).toBe('finished');
		expect(all.manifest.verdict).toBe('complete');
		expect(all.manifest.people.map(({ name, role }) => [name, role])).toEqual([
			['Host', 'host'],
			['Ann', 'participant'],
		]);
		const kinds = new Map(all.recording.tracks.map(({ id, kind }) => [id, kind]));
		expect(new Set(all.recording.objects.map(({ track }) => kinds.get(track)))).toEqual(
			new Set(['final', 'manifest']),
		);
		for (const name of ['Host', 'Ann']) {
			const { track, file } = await film(name, all);
			expect(decodeErrors(file)).toBe('');
			for (const [kind, number] of [
				['video', 1],
				['audio', 2],
			] as const) {
				const got = await demux(file, kind, number);
				const wanted = media.filter((packet) => packet.track === number);
				sameFrames(got, wanted);
				for (const offset of offsets(got, wanted, track.start)) {
					expect(offset).toBeGreaterThan(25);
					expect(offset).toBeLessThan(38);
				}
			}
		}
		expect(await stage.shelf.free()).toEqual([]);
	},
);

test.runIf(hasFfmpeg)(
	'pauses as the recorder leaves the group, and nothing of that time is in it',
	async () => {
		await stage.play([actor(stage.call.host), actor(ann)], 0, 4000);
		await stage.mark('pause');
		await stage.epoch([ann], { recorder: false });
		// The fork is left open: the recorder gets frames and can open none.
		await stage.play([actor(stage.call.host), actor(ann)], 4000, 8000);
		expect(stage.answers.findLast((one) => one.type === 'status')).toMatchObject({
			state: 'paused',
			generation: 0,
		});
		await stage.epoch([ann], { recorder: true });
		await stage.mark('resume');
		await stage.play([actor(stage.call.host), actor(ann)], 8000, 12_000);
		await end();
		expect((await finish()).verdict).toBe('complete');
		const all = await everything();
		expect(all.manifest.spans.map(({ from, to, state }) => [from, to, state])).toEqual([
			[0, 4000, 'on'],
			[4000, 8000, 'paused'],
			[8000, 12_000, 'on'],
		]);
		const { track, file } = await film('Ann', all);
		expect(decodeErrors(file)).toBe('');
		const sound = await demux(file, 'audio', 2);
		const times = sound.map(({ timeMs }) => timeMs + track.start);
		expect(times.filter((time) => time > 4050 && time < 8000)).toEqual([]);
		expect(times.filter((time) => time >= 8000).length).toBeGreaterThan(190);
	},
);

test.runIf(hasFfmpeg)('takes in somebody who comes late, with her key wrapped first', async () => {
	await stage.play([actor(ann)], 0, 4000);
	const ben = await stage.call.newcomer('Ben');
	const notice = stage.call.issued.notice;
	if (!notice) throw new Error('a notice');
	await stage.call.allConsent([ben], notice);
	await stage.epoch([ann, ben], { recorder: true });
	await stage.play([actor(ann), actor(ben)], 4000, 9000);
	await end();
	await finish();
	const all = await everything();
	expect(all.recording.grants).toHaveLength(4);
	const { track, file } = await film('Ben', all);
	expect(track.start).toBeGreaterThan(3900);
	expect((await demux(file, 'video', 1)).length).toBeGreaterThan(55);
	const annTracks = all.manifest.tracks.filter(({ person }) => person === 1);
	expect(annTracks.map(({ kind }) => kind)).toContain('final');
});

test.runIf(hasFfmpeg)(
	'survives a killed browser: what the disk has is uploaded, and it says what is missing',
	async () => {
		await stage.play([actor(stage.call.host), actor(ann)], 0, 8000);
		await stage.crash();
		expect((await stage.ask({ type: 'leftovers' }, 'leftovers')).recordings).toMatchObject([
			{ recording: stage.recording },
		]);
		const finished = await recover();
		expect(finished.verdict).toBe('ends-early');
		expect(finished.durationMs).toBeGreaterThan(6000);
		expect(finished.durationMs).toBeLessThanOrEqual(8000);
		const all = await everything();
		expect(all.manifest.verdict).toBe('ends-early');
		expect(all.manifest.signer).not.toBe(all.manifest.recorder);
		const { file } = await film('Ann', all);
		expect(decodeErrors(file)).toBe('');
		expect((await demux(file, 'video', 1)).length).toBeGreaterThan(90);
		expect(await stage.shelf.free()).toEqual([]);
	},
);

test.runIf(hasFfmpeg)('says how much is missing when a device never comes back', async () => {
	await stage.play([actor(ann)], 0, 6000);
	await stage.crash();
	await stage.shelf.take(stage.recording);
	stage.nowMs += 20_000;
	await api().alive(stage.recording);
	await stage.shelf.release(stage.recording, { remove: true });
	const finished = await recover();
	const [missing] = finished.missing;
	expect(missing?.why).toBe('stopped');
	expect(missing?.from).toBe(finished.durationMs);
	expect(missing?.to).toBe(26_000);
});

test.runIf(hasFfmpeg)('can be finished again after it was given up', async () => {
	await stage.play([actor(ann)], 0, 6000);
	await end();
	const first = finish();
	await stage.cancel();
	await expect(first).rejects.toThrow('cancelled');
	expect((await api().recording(stage.recording)).state).toBe('live');
	expect((await finish()).verdict).toBe('complete');
	expect(decodeErrors((await film('Ann', await everything())).file)).toBe('');
});

test.runIf(hasFfmpeg)(
	'leaves a gap where items were lost, and goes on with the next key frame',
	async () => {
		await stage.play([actor(ann)], 0, 4000);
		let batch = 0;
		await stage.play([actor(ann)], 4000, 9000, (items) => {
			batch++;
			return batch === 3 ? items.slice(0, 0) : items;
		});
		// A hole in the numbers stands for what the media worker dropped.
		await stage.play([actor(ann)], 9000, 9200, (items) =>
			items.map((item) => ({ ...item, seq: 5 })),
		);
		await stage.play([actor(ann)], 9200, 12_000, (items) =>
			items.map((item) => ({ ...item, seq: 5 })),
		);
		await end();
		const { missing } = await finish();
		expect(missing.map(({ why }) => why)).toContain('lost');
		expect(decodeErrors((await film('Ann', await everything())).file)).toBe('');
	},
);

test.runIf(hasFfmpeg)('asks for a key frame at least every 8 s', async () => {
	const rare: Actor = {
		...actor(ann),
		packets: media
			.filter(({ track }) => track === 1)
			.map((packet, at) => ({ ...packet, key: at === 0 })),
	};
	await stage.play([rare], 0, 12_000);
	expect(stage.asked).toContainEqual({ type: 'key-frame', src: 'Ann' });
	await end();
});

test.runIf(hasFfmpeg)('is refused for somebody without the host: the server says no', async () => {
	const other = new RecordingsApi({ origin: stage.local.address, token: async () => 'no' });
	await expect(other.recording(stage.recording)).rejects.toBeInstanceOf(ApiError);
	await end();
});
