import type { Bytes } from '#crypto/bytes.ts';

/** The largest multiple of a billion that 8 bytes can hold. */
const modulus = 1_000_000_000n;
const limit = 2n ** 64n - (2n ** 64n % modulus);

/**
 * Nine digits in three groups, of 64 uniform bytes: read as 64-bit big-endian numbers, the first that is below the
 * largest multiple of a billion, modulo a billion.
 */
export function nineDigits(uniform: Bytes): string {
	const view = new DataView(uniform.buffer, uniform.byteOffset, uniform.length);
	const numbers = Array.from({ length: 8 }, (_, at) => view.getBigUint64(at * 8));
	// One in 2^34 is left out, so that every digit is equally likely.
	const number = numbers.find((one) => one < limit) ?? 0n;
	const digits = String(number % modulus).padStart(9, '0');
	return digits.replace(/(...)(...)(...)/, '$1 $2 $3');
}
