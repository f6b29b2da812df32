import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Meter, columnsOf, lengthOf, levelOf, silencesOf, speechOf } from './levels.ts';
import { holds } from './timeline.ts';

const stepMs = 100;
/** -20 dB where somebody speaks, -57 dB of a room elsewhere. */
const levelsOf = (spoken: readonly boolean[]) => ({
	stepMs,
	values: Uint8Array.from(spoken, (speaks) => levelOf(speaks ? 0.1 : 0.0014)),
});
const times = (count: number, value: boolean) => Array.from({ length: count }, () => value);

test('levels are decibels: full scale, a half, and silence', () => {
	expect(levelOf(1)).toBe(255);
	expect(levelOf(0.5)).toBe(Math.round((1 - 6.0206 / 60) * 255));
	expect(levelOf(0)).toBe(0);
	expect(levelOf(0.001)).toBe(0);
});

test('a meter keeps the loudness of each step, wherever the pieces are cut', () => {
	const sampleRate = 8_000;
	const sound = Float32Array.from({ length: sampleRate }, (_, at) =>
		at < sampleRate / 2 ? Math.sin((2 * Math.PI * 400 * at) / sampleRate) : 0,
	);
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 3_000 }), (pieceLength) => {
			const meter = new Meter({ stepMs, durationMs: 1_000 });
			for (let at = 0; at < sound.length; at += pieceLength)
				meter.push(sound.subarray(at, at + pieceLength), {
					atMs: (at * 1000) / sampleRate,
					sampleRate,
				});
			const { values } = meter.levels();
			expect(values).toHaveLength(10);
			// A sine of full scale is 3 dB below it.
			expect(values[2]).toBeGreaterThan(240);
			expect(values[2]).toBeLessThan(245);
			expect(values[7]).toBe(0);
		}),
		{ numRuns: 20 },
	);
});

test('sound outside the media is left out', () => {
	const meter = new Meter({ stepMs, durationMs: 250 });
	meter.push(new Float32Array(800).fill(1), { atMs: -100, sampleRate: 8_000 });
	meter.push(new Float32Array(800).fill(1), { atMs: 300, sampleRate: 8_000 });
	expect(meter.levels().values).toEqual(Uint8Array.of(0, 0, 0));
});

test('who speaks when: a breath is part of it, a click is not', () => {
	const spoken = [
		...times(20, false),
		...times(10, true),
		...times(4, false),
		...times(10, true),
		...times(30, false),
		true,
		...times(25, false),
	];
	expect(speechOf(levelsOf(spoken), 5_000)).toEqual([{ from: 7_000, to: 9_400 }]);
});

test('a voice that never stops speaks all the time', () => {
	expect(speechOf(levelsOf(times(50, true)), 0)).toEqual([{ from: 0, to: 5_000 }]);
	expect(speechOf(levelsOf(times(50, false)), 0)).toEqual([]);
});

test('no word is ever in a silence that is jumped over', () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 2, max: 60 })), { maxLength: 20 }),
			fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 2, max: 60 })), { maxLength: 20 }),
			(first, second) => {
				const people = [first, second].map((runs) =>
					runs.flatMap(([speaks, steps]) => times(steps, speaks)),
				);
				const durationMs = stepMs * Math.max(...people.map(({ length }) => length));
				const speech = people.map((spoken) => speechOf(levelsOf(spoken), 0));
				const silences = silencesOf(speech, durationMs);
				for (const { from, to } of silences) expect(to - from).toBeGreaterThanOrEqual(2_000);
				for (const span of speech.flat()) {
					expect(silences.some((one) => holds(one, span.from))).toBe(false);
					expect(silences.some((one) => holds(one, span.to))).toBe(false);
				}
			},
		),
	);
	expect(silencesOf([[], []], 60_000)).toEqual([]);
	expect(silencesOf([[{ from: 10_000, to: 12_000 }]], 20_000)).toEqual([
		{ from: 0, to: 9_700 },
		{ from: 12_300, to: 20_000 },
	]);
});

test('columns for drawing hold the loudest of what they stand for', () => {
	const levels = { stepMs, values: Uint8Array.of(0, 255, 51, 0, 0, 102) };
	expect(columnsOf(levels, 3)).toEqual([1, 0.2, 0.4]);
	expect(columnsOf(levels, 100)).toHaveLength(6);
	expect(
		lengthOf([
			{ from: 1, to: 4 },
			{ from: 10, to: 11 },
		]),
	).toBe(4);
});
