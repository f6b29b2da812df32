import { expect, test } from 'vitest';
import { concat, toHex } from '#crypto/bytes.ts';
import { Demuxer } from '#lib/record/demux.ts';
import { readHead, readUint } from '#lib/record/ebml.ts';
import { fileBytes, planFile, writeFile } from '#lib/record/file.ts';
import { merge } from '#lib/record/merge.ts';
import { type Packet, type WebmTrack, clusters, ids, liveHead } from '#lib/record/webm.ts';
import { decodeErrors, demux, encodeMedia, hasFfmpeg, probeDuration } from '../../record/media.ts';

const size = { width: 160, height: 90 };

async function* each(packets: readonly Packet[]): AsyncGenerator<Packet> {
	yield* packets;
}

/** A live file in pieces of a second, as the recorder writes it. */
function live(track: WebmTrack, packets: readonly Packet[]): Uint8Array[] {
	const pieces: Uint8Array[] = [liveHead(track)];
	for (let from = 0; from < packets.length;) {
		const start = packets[from]?.timeMs ?? 0;
		const next = packets.findIndex((packet, at) => at > from && packet.timeMs >= start + 1000);
		const to = next === -1 ? packets.length : next;
		pieces.push(clusters(packets.slice(from, to)));
		from = to;
	}
	return pieces;
}

function plain(list: readonly Packet[]): string[] {
	return list.map(({ timeMs, key, data }) => `${timeMs} ${key} ${toHex(data)}`);
}

function later(row: readonly Packet[], ms: number): AsyncGenerator<Packet> {
	return each(row.map((packet) => ({ ...packet, timeMs: packet.timeMs + ms })));
}

function emptyPackets(track: number, times: number[]): AsyncGenerator<Packet> {
	return each(times.map((timeMs) => ({ track, timeMs, key: true, data: new Uint8Array(1) })));
}

function same(a: readonly Packet[], b: readonly Packet[]): void {
	expect(plain(a)).toEqual(plain(b));
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
	const pieces: Uint8Array[] = [];
	for await (const piece of source) pieces.push(piece);
	return concat(...pieces);
}

test.runIf(hasFfmpeg).each<'vp8' | 'vp9'>(['vp8', 'vp9'])(
	'a live %s file and its finished file hold every packet, and others can read them',
	async (codec) => {
		const original = encodeMedia({ seconds: 7, codec });
		const picture = await demux(original, 'video', 1);
		const sound = await demux(original, 'audio', 2);
		expect(picture.length).toBe(105);
		const tracks: WebmTrack[] = [
			{ number: 1, codec, ...size },
			{ number: 2, codec: 'opus', width: 0, height: 0 },
		];
		const [videoTrack, audioTrack] = tracks;
		if (!videoTrack || !audioTrack) throw new Error('two tracks');

		const pieces = live(videoTrack, picture);
		expect(decodeErrors(concat(...pieces))).toBe('');
		same(await demux(concat(...pieces), 'video', 1), picture);
		const soundFile = concat(
			...live(
				{ ...audioTrack, number: 1 },
				sound.map((packet) => ({ ...packet, track: 1 })),
			),
		);
		expect(decodeErrors(soundFile)).toBe('');
		same(await demux(soundFile, 'audio', 2), sound);

		const rows = () => merge([later(picture, 4000), later(sound, 4000)]);
		const plan = await planFile(rows());
		if (!plan) throw new Error('a plan');
		expect(plan.startMs).toBe(4000);
		const format = { codec, ...size };
		const file = await collect(writeFile({ plan, format, packets: rows() }));
		expect(file.length).toBe(fileBytes(plan, format));
		expect(decodeErrors(file)).toBe('');
		same(await demux(file, 'video', 1), picture);
		same(await demux(file, 'audio', 2), sound);
		expect(probeDuration(file)).toBeCloseTo(plan.durationMs / 1000, 3);
		expect(plan.durationMs).toBeGreaterThan(6900);
	},
	30_000,
);

/** All elements of the first level of the segment. */
function level(file: Uint8Array): { id: number; at: number; body: number; end: number }[] {
	const found = [];
	const header = readHead(file, 0);
	const segment = readHead(file, (header?.body ?? 0) + (header?.bodyBytes ?? 0));
	if (!segment) throw new Error('no segment');
	expect(segment.body + (segment.bodyBytes ?? 0)).toBe(file.length);
	for (let at = segment.body; at < file.length;) {
		const head = readHead(file, at);
		if (!head || head.bodyBytes === null) throw new Error('torn');
		found.push({
			id: head.id,
			at: at - segment.body,
			body: head.body,
			end: head.body + head.bodyBytes,
		});
		at = head.body + head.bodyBytes;
	}
	return found;
}

function numbersOf(
	file: Uint8Array,
	range: { body: number; end: number },
	wanted: number,
): number[] {
	const values: number[] = [];
	for (let at = range.body; at < range.end;) {
		const head = readHead(file, at);
		if (!head || head.bodyBytes === null) throw new Error('torn');
		const end = head.body + head.bodyBytes;
		const isMaster =
			head.id === ids.cuePoint || head.id === ids.cueTrackPositions || head.id === ids.seek;
		if (head.id === wanted) values.push(readUint(file.subarray(head.body, end)));
		else if (isMaster) values.push(...numbersOf(file, { body: head.body, end }, wanted));
		at = end;
	}
	return values;
}

test('cues stand before the clusters and point at clusters that begin with a key frame', async () => {
	const packets: Packet[] = Array.from({ length: 600 }, (_, i) => {
		return { track: 1, timeMs: i * 66, key: i % 120 === 0, data: new Uint8Array(50 + (i % 90)) };
	});
	const plan = await planFile(each(packets));
	if (!plan) throw new Error('a plan');
	const format = { codec: 'vp8' as const, ...size };
	const file = await collect(writeFile({ plan, format, packets: each(packets) }));
	const elements = level(file);
	const order = elements.map(({ id }) => id);
	expect(order.slice(0, 4)).toEqual([ids.seekHead, ids.info, ids.tracks, ids.cues]);
	expect(new Set(order.slice(4))).toEqual(new Set([ids.cluster]));
	const [seekHead, info, tracksAt, cues] = elements;
	if (!seekHead || !info || !tracksAt || !cues) throw new Error('four elements');
	expect(numbersOf(file, seekHead, ids.seekPosition)).toEqual([info.at, tracksAt.at, cues.at]);
	const times = numbersOf(file, cues, ids.cueTime);
	expect(times).toEqual([0, 7920, 15_840, 23_760, 31_680]);
	const places = numbersOf(file, cues, ids.cueClusterPosition);
	places.forEach((place, at) => {
		const cluster = elements.find((one) => one.at === place && one.id === ids.cluster);
		if (!cluster) throw new Error('no cluster there');
		expect(numbersOf(file, cluster, ids.timestamp)).toEqual([times[at]]);
	});
	expect(places).toHaveLength(5);
});

test('a demuxer takes any pieces, and leaves a torn end out', () => {
	const packets: Packet[] = Array.from({ length: 40 }, (_, i) => {
		return { track: 1, timeMs: i * 1900, key: true, data: new Uint8Array(200).fill(i) };
	});
	const track: WebmTrack = { number: 1, codec: 'opus', width: 0, height: 0 };
	const file = concat(liveHead(track), clusters(packets));
	for (const step of [1, 7, 1000, file.length]) {
		const demuxer = new Demuxer();
		const got: Packet[] = [];
		for (let at = 0; at < file.length; at += step)
			got.push(...demuxer.push(file.subarray(at, at + step)));
		expect(demuxer.track).toEqual(track);
		same(got, packets);
	}
	const torn = new Demuxer().push(file.subarray(0, file.length - 1));
	same(torn, packets.slice(0, -1));
	expect(() => new Demuxer().push(new Uint8Array(20))).toThrow(RangeError);
});

test('a merge keeps order between rows and lets time grow within a track', async () => {
	const merged: string[] = [];
	const rows = [emptyPackets(1, [100, 100, 90, 200]), emptyPackets(2, [95, 150, 151])];
	for await (const { track, timeMs } of merge(rows)) merged.push(`${track}:${timeMs}`);
	expect(merged).toEqual(['2:95', '1:100', '1:101', '1:102', '2:150', '2:151', '1:200']);
});

test('a second pass over other packets is refused, and no packets are no file', async () => {
	const packets: Packet[] = [{ track: 2, timeMs: 0, key: true, data: new Uint8Array(9) }];
	const plan = await planFile(each(packets));
	if (!plan) throw new Error('a plan');
	const longer = packets.map((packet) => ({ ...packet, data: new Uint8Array(10) }));
	const format = { codec: 'opus' as const, width: 0, height: 0 };
	for (const other of [longer, []])
		await expect(collect(writeFile({ plan, format, packets: each(other) }))).rejects.toThrow(
			RangeError,
		);
	expect(await planFile(each([]))).toBeUndefined();
});
