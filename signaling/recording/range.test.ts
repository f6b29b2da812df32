import { assert, nat, option, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { parseRange } from './range.ts';

const of = (header: string, size: number, max = 100) => parseRange(header, { size, max });

test('ranges as RFC 9110 §14.1.2 writes them', () => {
	expect(of('bytes=0-0', 10)).toEqual({ from: 0, to: 1 });
	expect(of('bytes=3-', 10)).toEqual({ from: 3, to: 10 });
	expect(of('bytes=3-200', 10)).toEqual({ from: 3, to: 10 });
	expect(of('bytes=-4', 10)).toEqual({ from: 6, to: 10 });
	expect(of('bytes=-400', 10)).toEqual({ from: 0, to: 10 });
	expect(of('bytes=5-', 1000)).toEqual({ from: 5, to: 105 });
	expect(of('bytes=-500', 1000)).toEqual({ from: 500, to: 600 });
});

test('what cannot be satisfied, and what may be ignored', () => {
	for (const header of ['bytes=10-', 'bytes=10-12', 'bytes=-0']) expect(of(header, 10)).toBeNull();
	expect(of('bytes=0-', 0)).toBeNull();
	for (const header of ['', 'bytes=', 'bytes=-', 'items=0-1', 'bytes=5-3', 'bytes=0-1,4-5'])
		expect(of(header, 10)).toBeUndefined();
});

test('no header gives a range outside the object, an empty one, or one that is too long', () => {
	const bound = option(nat(2000), { nil: undefined });
	assert(
		property(bound, bound, nat(1000), nat(99), (a, b, size, rest) => {
			const max = rest + 1;
			const range = of(`bytes=${a ?? ''}-${b ?? ''}`, size, max);
			if (!range) return;
			expect(range.from).toBeGreaterThanOrEqual(0);
			expect(range.to).toBeGreaterThan(range.from);
			expect(range.to).toBeLessThanOrEqual(size);
			expect(range.to - range.from).toBeLessThanOrEqual(max);
		}),
	);
	assert(property(string(), (header) => void of(header, 10)));
});
