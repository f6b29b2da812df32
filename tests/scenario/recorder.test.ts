import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import * as v from 'valibot';
import { equal } from '#crypto/bytes.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import type { Packet } from '#lib/record/webm.ts';
import { Recording as RecordingSchema } from '#protocol/recordings.ts';
import { localPractice } from '../local.ts';
import type { FakePerson } from '../fake/person.ts';
import { decodeErrors, demux, encodeMedia, hasFfmpeg } from '../record/media.ts';
import { type Actor, Stage } from '../record/stage.ts';
import { apiOf, openFilm, openKeys, openRecording } from '../record/viewer.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: Stage['local'];
let stage: Stage;
let ann: FakePerson;
let media: Packet[];

beforeAll(async () => {
	local = await localPractice();
	if (!hasFfmpeg) return;
	const file = encodeMedia({ seconds: 12, codec: 'vp8' });
	const all = [...(await demux(file, 'video', 1)), ...(await demux(file, 'audio', 2))];
	media = all.filter(({ timeMs }) => timeMs >= 0 && timeMs < 12_000);
});

beforeEach(async () => {
	stage = await Stage.create(local);
	ann = await stage.call.newcomer('Ann');
	const notice = await stage.call.notice();
	await stage.call.allConsent([stage.call.host, ann], notice);
	await stage.open();
	await stage.epoch([ann], { recorder: true });
	await stage.start();
});
afterEach(() => stage.stop());
afterAll(() => local.stop());

function actor(person: FakePerson): Actor {
	return { person, packets: media, mime: 'video/VP8' };
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
	const { keys } = await openKeys(stage);
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
		const all = await openRecording(stage);
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
			const { track, file } = await openFilm(name, all);
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
		const all = await openRecording(stage);
		expect(all.manifest.spans.map(({ from, to, state }) => [from, to, state])).toEqual([
			[0, 4000, 'on'],
			[4000, 8000, 'paused'],
			[8000, 12_000, 'on'],
		]);
		const { track, file } = await openFilm('Ann', all);
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
	const all = await openRecording(stage);
	expect(all.recording.grants).toHaveLength(4);
	const { track, file } = await openFilm('Ben', all);
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
		const all = await openRecording(stage);
		expect(all.manifest.verdict).toBe('ends-early');
		expect(all.manifest.signer).not.toBe(all.manifest.recorder);
		const { file } = await openFilm('Ann', all);
		expect(decodeErrors(file)).toBe('');
		expect((await demux(file, 'video', 1)).length).toBeGreaterThan(90);
		expect(await stage.shelf.free()).toEqual([]);
	},
);

test.runIf(hasFfmpeg)('says how much is missing when a device never comes back', async () => {
	await stage.play([actor(ann)], 0, 6000);
	await stage.uploaded();
	await stage.crash();
	await stage.shelf.take(stage.recording);
	stage.nowMs += 20_000;
	// It was heard of once more, and nothing of what it recorded until then ever came.
	await apiOf(stage).alive(stage.recording);
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
	expect((await apiOf(stage).recording(stage.recording)).state).toBe('live');
	expect((await finish()).verdict).toBe('complete');
	expect(decodeErrors((await openFilm('Ann', await openRecording(stage))).file)).toBe('');
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
		expect(decodeErrors((await openFilm('Ann', await openRecording(stage))).file)).toBe('');
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
	await stage.uploaded();
});

test.runIf(hasFfmpeg)('is altered when a byte of it is another', async () => {
	await stage.play([actor(ann)], 0, 6000);
	await stage.uploaded();
	const { recording } = await openKeys(stage);
	const video = recording.tracks.find(({ kind, person }) => kind === 'video' && person === 1);
	await stage.crash();
	stage.tamper = async (url, response) => {
		if (!url.includes(`/objects/${video?.id}/0`) || response.status !== 206) return response;
		const bytes = new Uint8Array(await response.arrayBuffer());
		const at = bytes.length >> 1;
		bytes[at] = (bytes[at] ?? 0) ^ 1;
		return new Response(bytes, response);
	};
	const finished = await recover();
	expect(finished.verdict).toBe('altered');
	expect(finished.missing.map(({ why }) => why)).toContain('altered');
	stage.tamper = undefined;
	expect(decodeErrors((await openFilm('Ann', await openRecording(stage))).file)).toBe('');
});

test.runIf(hasFfmpeg)(
	'keeps its live parts when the finished file does not read back',
	async () => {
		await stage.play([actor(ann)], 0, 4000);
		await end();
		const { recording } = await openKeys(stage);
		const finals = recording.tracks.filter(({ kind }) => kind === 'final').map(({ id }) => id);
		stage.tamper = async (url, response) => {
			if (response.status !== 206 || !finals.some((id) => url.includes(id))) return response;
			const bytes = new Uint8Array(await response.arrayBuffer());
			bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1;
			return new Response(bytes, response);
		};
		await expect(finish()).rejects.toThrow('open-failed');
		expect((await openKeys(stage)).recording.state).toBe('live');
		stage.tamper = undefined;
		expect((await finish()).verdict).toBe('complete');
		expect(decodeErrors((await openFilm('Ann', await openRecording(stage))).file)).toBe('');
	},
);

test.runIf(hasFfmpeg)(
	'is found shortened when fewer bytes are there than were signed for',
	async () => {
		await stage.play([actor(ann)], 0, 9000);
		await stage.uploaded();
		stage.nowMs += 10_000;
		await stage.tick();
		const stated = async () => (await openKeys(stage)).recording.checkpoints.length;
		await vi.waitFor(async () => expect(await stated()).toBeGreaterThan(1), 10_000);
		await stage.crash();
		await stage.shelf.take(stage.recording);
		await stage.shelf.release(stage.recording, { remove: true });
		stage.tamper = async (url, response) => {
			if (!url.endsWith(`/api/recordings/${stage.recording}`)) return response;
			const recording = v.parse(RecordingSchema, await response.json());
			const objects = recording.objects.map((object) => {
				const first = object.sizes.slice(0, 3);
				const bytes = first.reduce((sum, size) => sum + size, 0);
				return object.track === recording.id ? object : { ...object, sizes: first, bytes };
			});
			return Response.json({ ...recording, objects });
		};
		const finished = await recover();
		expect(finished.verdict).toBe('altered');
		expect(finished.missing.map(({ why }) => why)).toContain('shortened');
	},
);

test.runIf(hasFfmpeg)('goes on when the disk is full, and says so', async () => {
	const disk = stage.shelf.disks.get(stage.recording);
	if (!disk) throw new Error('a disk');
	await stage.play([actor(ann)], 0, 4000);
	disk.bytesMax = 0;
	await stage.play([actor(ann)], 4000, 9000);
	expect(stage.answers).toContainEqual({ type: 'problem', problem: 'quota-full', on: true });
	await stage.uploaded();
	await end();
	const finished = await finish();
	expect(finished.verdict).toBe('complete');
	expect(finished.durationMs).toBeGreaterThan(8900);
	expect(decodeErrors((await openFilm('Ann', await openRecording(stage))).file)).toBe('');
});

test.runIf(hasFfmpeg)('gives the disk back what the server has when room is short', async () => {
	stage.free = 1_000_000;
	await stage.play([actor(ann)], 0, 12_000);
	await stage.uploaded();
	expect(stage.answers).toContainEqual({ type: 'problem', problem: 'quota-low', on: true });
	stage.nowMs += 10_000;
	await stage.uploaded();
	const files = (await stage.shelf.disks.get(stage.recording)?.list()) ?? [];
	const { recording } = await openKeys(stage);
	expect(files.length).toBeLessThan(recording.objects.length);
	await end();
	expect((await finish()).verdict).toBe('complete');
	expect(
		(await demux((await openFilm('Ann', await openRecording(stage))).file, 'video', 1)).length,
	).toBe(180);
});
