import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, toHex, fromHex } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { decodeHeader, encodeHeader, headerSizeMax } from './header.ts';

const u64 = fc.oneof(
	fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
	fc.bigInt({ min: 0n, max: 300n }),
);

function again(bytes: Uint8Array): Uint8Array | string {
	try {
		return encodeHeader(decodeHeader(bytes));
	} catch (error) {
		return error instanceof CryptoError ? error.code : 'thrown';
	}
}

test('headers of RFC 9605 appendix C.1, both ways', () => {
	const cases: [bigint, bigint, string][] = [
		[0n, 0n, '00'],
		[0n, 255n, '08ff'],
		[1n, 1n, '11'],
		[255n, 0n, '80ff'],
		[256n, 65536n, '9a0100010000'],
		[2n ** 64n - 1n, 2n ** 64n - 1n, 'ffffffffffffffffffffffffffffffffff'],
	];
	for (const [kid, ctr, encoded] of cases) {
		expect(toHex(encodeHeader({ kid, ctr }))).toBe(encoded);
		expect(decodeHeader(fromHex(encoded))).toEqual({ kid, ctr, size: encoded.length / 2 });
	}
});

test('every header comes back, wherever it stands', () => {
	fc.assert(
		fc.property(u64, u64, fc.uint8Array({ maxLength: 12 }), (kid, ctr, before) => {
			const header = encodeHeader({ kid, ctr });
			expect(header.length).toBeLessThanOrEqual(headerSizeMax);
			const bytes = concat(before, header, new Uint8Array(3));
			expect(decodeHeader(bytes, before.length)).toEqual({ kid, ctr, size: header.length });
		}),
	);
});

test('any bytes are one header in its shortest form, or refused with a code', () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
			const result = again(bytes);
			const expected =
				typeof result === 'string' ? result : new Uint8Array(bytes.subarray(0, result.length));
			expect(result).toEqual(expected);
			expect(result).not.toBe('thrown');
		}),
		{ numRuns: 500 },
	);
});

test('a header that ends early or is longer than needed is refused', () => {
	for (const cut of ['', '80', '08', '9901', '990123']) {
		expect(() => decodeHeader(fromHex(cut))).toThrow('truncated');
	}
	for (const long of ['8001', '0807', '900001', '090000ff']) {
		expect(() => decodeHeader(fromHex(long))).toThrow('bad-header');
	}
});

test('numbers above 64 bits are a mistake of the caller', () => {
	expect(() => encodeHeader({ kid: 2n ** 64n, ctr: 0n })).toThrow(TypeError);
	expect(() => encodeHeader({ kid: 0n, ctr: -1n })).toThrow(TypeError);
});
