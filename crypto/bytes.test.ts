import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, equal, fromBase64url, fromHex, toBase64url, toHex } from './bytes.ts';

const anyBytes = fc.uint8Array({ maxLength: 20_000 }).map((bytes) => new Uint8Array(bytes));

test('hexadecimal and base64url give back what they were given', () => {
	fc.assert(
		fc.property(anyBytes, (bytes) => {
			expect(equal(fromHex(toHex(bytes)), bytes)).toBe(true);
			expect(equal(fromBase64url(toBase64url(bytes)), bytes)).toBe(true);
		}),
	);
});

test('what is not an encoding is refused, also stray last bits', () => {
	for (const bad of ['a', 'a=', 'a+b/', 'AB', 'ä'])
		expect(() => fromBase64url(bad)).toThrow('bad-encoding');
	for (const bad of ['0', 'xx', '0x00']) expect(() => fromHex(bad)).toThrow('bad-encoding');
});

test('equal sees one bit', () => {
	fc.assert(
		fc.property(anyBytes, fc.nat(), (bytes, place) => {
			const copy = concat(bytes);
			expect(equal(copy, bytes)).toBe(true);
			if (copy.length === 0) return;
			const at = place % copy.length;
			copy[at] = (copy[at] ?? 0) ^ 1;
			expect(equal(copy, bytes)).toBe(false);
		}),
	);
});
