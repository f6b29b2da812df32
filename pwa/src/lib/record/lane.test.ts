import { expect, test } from 'vitest';
import { Lane, type LaneOutput, type OpenFrame } from './lane.ts';

const zeroMs = 1_700_000_000_000;
const bytes = new Uint8Array(3);
const sound = { codec: 'opus', width: 0, height: 0, data: bytes, key: true } as const;
const picture = { codec: 'vp9', width: 320, height: 180, data: bytes } as const;

function audio(i: number, change: Partial<OpenFrame> = {}): OpenFrame {
	return { ...sound, src: 'a', rtp: 5000 + i * 960, ref: zeroMs + 40 + i * 20, ...change };
}

function video(i: number, change: Partial<OpenFrame> = {}): OpenFrame {
	const key = change.key ?? i % 30 === 0;
	return { ...picture, src: 'v', rtp: i * 3000, ref: zeroMs + 50 + (i * 100) / 3, key, ...change };
}

function summary(outputs: readonly LaneOutput[]): string {
	return outputs.map((one) => (one.type === 'packets' ? one.packets.length : one.type)).join(' ');
}

function times(outputs: readonly LaneOutput[]): number[] {
	return outputs
		.flatMap((one) => (one.type === 'packets' ? one.packets : []))
		.map(({ timeMs }) => timeMs);
}

test('the first second waits for the clock, later frames do not', () => {
	const lane = new Lane({ kind: 'video', zeroMs });
	for (let i = 0; i < 20; i++) lane.push(video(i));
	expect(summary(lane.take(zeroMs + 700))).toBe('begin');
	for (let i = 20; i < 45; i++) lane.push(video(i));
	const outputs = lane.take(zeroMs + 1600);
	expect(times(outputs)).toHaveLength(45);
	expect(times(outputs)[0]).toBe(50);
	for (let i = 45; i < 75; i++) lane.push(video(i));
	expect(summary(lane.take(zeroMs + 2600))).toBe('30');
});

test('a picture begins with a key frame, and again after a gap', () => {
	const lane = new Lane({ kind: 'video', zeroMs });
	for (let i = 25; i < 80; i++) lane.push(video(i));
	expect(times(lane.take(zeroMs + 3000))).toHaveLength(50);
	lane.interrupt('lost');
	expect(lane.needsKey).toBe(true);
	for (let i = 80; i < 100; i++) lane.push(video(i));
	const after = lane.take(zeroMs + 4000);
	expect(times(after)).toHaveLength(10);
	expect(summary(after)).not.toContain('begin');
	expect(lane.gaps).toEqual([{ from: 2683, to: 3050, why: 'lost' }]);
});

test('sound that was overtaken is put in order, what is too late or doubled is left out', () => {
	const lane = new Lane({ kind: 'audio', zeroMs });
	const order = [0, 1, 3, 2, 4, 5, 5, 6];
	for (const i of order) lane.push(audio(i));
	for (let i = 7; i < 100; i++) lane.push(audio(i));
	lane.push(audio(60, { ref: zeroMs + 2100 }));
	lane.close();
	const got = times(lane.take(zeroMs + 2200));
	expect(got).toHaveLength(100);
	got.forEach((time, i) => expect(Math.abs(time - 40 - i * 20)).toBeLessThan(21));
});

test('another stream of the same person begins another part, a stray old frame does not', () => {
	const lane = new Lane({ kind: 'video', zeroMs });
	for (let i = 0; i < 40; i++) lane.push(video(i));
	lane.push(video(41, { src: 'w', key: false }));
	lane.push(video(42));
	expect(summary(lane.take(zeroMs + 1700))).toMatch(/^begin \d+( \d+)*$/);
	lane.push(video(0, { src: 'w', rtp: 77_000, ref: zeroMs + 2000 }));
	lane.push(video(43));
	lane.push(video(1, { src: 'w', rtp: 80_000, ref: zeroMs + 2033 }));
	lane.close();
	const outputs = lane.take(zeroMs + 3000);
	expect(outputs.filter(({ type }) => type === 'begin')).toHaveLength(1);
	expect(outputs.filter(({ type }) => type === 'end')).toHaveLength(2);
	const all = times(outputs);
	expect(all.at(-1)).toBeGreaterThan(1999);
});

test('a second codec is left out and said to be missing', () => {
	const lane = new Lane({ kind: 'video', zeroMs });
	for (let i = 0; i < 40; i++) lane.push(video(i));
	for (let i = 40; i < 60; i++) lane.push(video(i, { codec: 'vp8' }));
	for (let i = 60; i < 90; i++) lane.push(video(i));
	lane.close();
	expect(times(lane.take(zeroMs + 4000))).toHaveLength(70);
	expect(lane.gaps.map(({ why }) => why)).toEqual(['codec']);
});

test('time grows in every track, and nothing lies before the start', () => {
	const lane = new Lane({ kind: 'video', zeroMs });
	for (let i = 0; i < 60; i++) lane.push(video(i, { ref: zeroMs - 400 + (i * 100) / 3 }));
	lane.close();
	const got = times(lane.take(zeroMs + 3000));
	expect(got[0]).toBe(0);
	got.slice(1).forEach((time, i) => expect(time).toBeGreaterThan(got[i] ?? Infinity));
});

test('a roll takes effect at the next frame where a part can begin', () => {
	const lane = new Lane({ kind: 'video', zeroMs });
	for (let i = 0; i < 40; i++) lane.push(video(i));
	lane.roll();
	for (let i = 40; i < 70; i++) lane.push(video(i));
	lane.close();
	const kinds = lane.take(zeroMs + 3000).filter(({ type }) => type !== 'packets');
	expect(kinds.map(({ type }) => type)).toEqual(['begin', 'end', 'begin', 'end']);
});
