import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds, joined, percentOf, skipGaps, ticks, without } from './timeline.ts';

const time = fc.integer({ min: 0, max: 1000 });
const span = fc.tuple(time, time).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const spans = fc.array(span, { maxLength: 12 });

test('joined spans are apart, in order and hold the same times', () => {
	fc.assert(
		fc.property(spans, time, (list, at) => {
			const result = joined(list);
			expect(result.some((one) => holds(one, at))).toBe(list.some((one) => holds(one, at)));
			for (const [index, one] of result.entries()) {
				expect(one.from).toBeLessThan(one.to);
				expect(one.from).toBeGreaterThan(result[index - 1]?.to ?? -1);
			}
		}),
	);
});

test('playing never stands in a gap and never goes back', () => {
	fc.assert(
		fc.property(spans, time, (list, at) => {
			const gaps = joined(list);
			const next = skipGaps(gaps, at);
			expect(next).toBeGreaterThanOrEqual(at);
			expect(gaps.some((gap) => holds(gap, next))).toBe(false);
		}),
	);
});

test('what is kept and the gaps are the whole', () => {
	fc.assert(
		fc.property(spans, span, time, (list, whole, at) => {
			const gaps = joined(list);
			const kept = without(whole, gaps);
			const expected = holds(whole, at) && !gaps.some((gap) => holds(gap, at));
			expect(kept.some((one) => holds(one, at))).toBe(expected);
		}),
	);
});

test('the scale starts at zero, ends at the end and stays readable', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 48 * 3_600_000 }), (durationMs) => {
			const list = ticks(durationMs);
			expect(list[0]).toBe(0);
			expect(list.at(-1)).toBe(durationMs);
			expect(list.length).toBeLessThanOrEqual(8);
			expect(list.toSorted((a, b) => a - b)).toEqual(list);
		}),
	);
	expect(ticks(41 * 60_000).map((at) => at / 60_000)).toEqual([0, 10, 20, 30, 41]);
});

test('percent of nothing is nothing', () => {
	expect(percentOf(5, 0)).toBe(0);
	expect(percentOf(30, 60)).toBe(50);
	expect(percentOf(90, 60)).toBe(100);
});
