import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerBytesMax, boundRange, parseRange, partialHeaders } from './range.ts';

const size = fc.integer({ min: 1, max: 2 ** 40 });

test('a range header names bytes as RFC 9110 says', () => {
	expect(parseRange('bytes=0-', 10)).toEqual({ from: 0, to: 10 });
	expect(parseRange('bytes=0-1', 10)).toEqual({ from: 0, to: 2 });
	expect(parseRange('bytes=3-99', 10)).toEqual({ from: 3, to: 10 });
	expect(parseRange('bytes=-4', 10)).toEqual({ from: 6, to: 10 });
	expect(parseRange('bytes=-40', 10)).toEqual({ from: 0, to: 10 });
	expect(parseRange(' bytes=9-9 ', 10)).toEqual({ from: 9, to: 10 });
});

test('what names no byte is refused', () => {
	for (const header of [
		'bytes=10-',
		'bytes=5-4',
		'bytes=-0',
		'bytes=-',
		'bytes=0-1,3-4',
		'bytes=a-b',
		'items=0-1',
		'bytes=1e3-',
		'',
	])
		expect([header, parseRange(header, 10)]).toEqual([header, undefined]);
});

test('any text gives a range inside of the object, or none', () => {
	fc.assert(
		fc.property(
			fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d*-\d*$/)),
			size,
			(text, bytes) => {
				const range = parseRange(text, bytes);
				if (range === undefined) return;
				expect(range.from).toBeGreaterThanOrEqual(0);
				expect(range.from).toBeLessThan(range.to);
				expect(range.to).toBeLessThanOrEqual(bytes);
			},
		),
	);
});

test('an answer starts where it was asked, is bounded, and ends at a segment or where it was asked', () => {
	const arbitrary = fc.tuple(fc.nat(2 ** 32), fc.integer({ min: 1, max: 2 ** 32 }));
	fc.assert(
		fc.property(arbitrary, fc.integer({ min: 1, max: 2 ** 16 }), ([from, length], segment) => {
			const bound = boundRange({ from, to: from + length }, segment);
			expect(bound.from).toBe(from);
			expect(bound.to).toBeGreaterThan(from);
			expect(bound.to).toBeLessThanOrEqual(from + Math.min(length, answerBytesMax));
			expect(bound.to === from + length || bound.to % segment === 0).toBe(true);
		}),
	);
});

test('following the answers from any byte gives every byte once', () => {
	fc.assert(
		fc.property(fc.nat(5 * 2 ** 20), fc.integer({ min: 1, max: 2 ** 23 }), (start, length) => {
			const whole = start + length;
			let at = start;
			while (at < whole) {
				const bound = boundRange({ from: at, to: whole }, 65_536);
				expect(bound.from).toBe(at);
				at = bound.to;
			}
			expect(at).toBe(whole);
		}),
	);
});

test('the headers say which bytes of how many', () => {
	expect(partialHeaders({ from: 2, to: 5 }, 9)).toMatchObject({
		'content-length': '3',
		'content-range': 'bytes 2-4/9',
		'cache-control': 'no-store',
	});
});
