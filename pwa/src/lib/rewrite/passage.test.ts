import { expect, test } from 'vitest';
import { pictureTrack, soundTrack } from '#lib/record/file.ts';
import type { Packet } from '#lib/record/webm.ts';
import { afterCut, opusMs, withoutPassage } from './passage.ts';

async function* each(packets: readonly Packet[]): AsyncGenerator<Packet> {
	yield* packets;
}

/** 20 ms of sound every 20 ms, a picture every 100 ms, a key frame every second. */
const packets: Packet[] = [];
for (let timeMs = 0; timeMs < 10_000; timeMs += 20) {
	const key = timeMs % 1000 === 0;
	if (timeMs % 100 === 0)
		packets.push({ track: pictureTrack, timeMs, key, data: Uint8Array.of(0) });
	packets.push({ track: soundTrack, timeMs, key: true, data: Uint8Array.of(0x78) });
}

async function cut(from: number, to: number, startMs = 0): Promise<Packet[]> {
	const rest: Packet[] = [];
	const options = { startMs, passage: { from, to } };
	for await (const packet of withoutPassage(each(packets), options)) rest.push(packet);
	return rest;
}
const of = (rest: readonly Packet[], track: number) => rest.filter((one) => one.track === track);

test('how long an Opus packet sounds is read from its first bytes', () => {
	// RFC 6716 §3.1: CELT-only 20 ms; SILK-only 60 ms twice; hybrid 10 ms, three frames.
	expect(opusMs(Uint8Array.of(0x78))).toBe(20);
	expect(opusMs(Uint8Array.of((3 << 3) | 1))).toBe(120);
	expect(opusMs(Uint8Array.of((12 << 3) | 3, 3))).toBe(30);
	expect(opusMs(Uint8Array.of(16 << 3))).toBe(2.5);
});

test('no sound of the passage is left, not even the end of a packet that began before it', async () => {
	const rest = of(await cut(3010, 6490), soundTrack);
	const before = rest.filter(({ timeMs }) => timeMs < 3010);
	expect(before.at(-1)?.timeMs).toBe(2980);
	expect(rest[before.length]?.timeMs).toBe(3020);
	expect(rest).toHaveLength(before.length + (10_000 - 6500) / 20);
});

test('behind the passage the picture begins with its next key frame', async () => {
	const rest = of(await cut(3010, 6490), pictureTrack);
	const before = rest.filter(({ timeMs }) => timeMs < 3010);
	expect(before.at(-1)?.timeMs).toBe(3000);
	expect(rest[before.length]).toMatchObject({ timeMs: 7000 - 3480, key: true });
	// Where the passage ends at a key frame nothing more is missing.
	const exact = of(await cut(3000, 6000), pictureTrack);
	expect(exact.find(({ timeMs }) => timeMs >= 3000)).toMatchObject({ timeMs: 3000, key: true });
});

test('somebody who came late stays beside the others', async () => {
	expect((await cut(1000, 4000, 2000))[0]).toMatchObject({ timeMs: 1000, key: true });
	expect((await cut(1000, 1500, 2000))[0]).toMatchObject({ timeMs: 1500, key: true });
	expect(await cut(0, 60_000)).toEqual([]);
	expect(
		[0, 999, 1000, 2000, 4000, 5000].map((at) => afterCut(at, { from: 1000, to: 4000 })),
	).toEqual([0, 999, 1000, 1000, 1000, 2000]);
});
