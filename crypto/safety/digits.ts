import { type Bytes, utf8 } from '#crypto/bytes.ts';
import { assert } from '#crypto/errors.ts';

const salt = utf8('sotto/safety/v1');
const iterations = 100_000;
const groups = 6;
const chunkBytes = 5;
/** The largest multiple of 100,000 that five bytes can hold. */
const limit = 2 ** 40 - (2 ** 40 % 100_000);

/**
 * 30 digits to be read aloud, in 6 groups of 5 separated by spaces: two people who hear the same have
 * the same `authenticator` (RFC 9420 §8.7, 32 bytes), so the same epoch and nobody between them.
 *
 * PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-512, salt "sotto/safety/v1", 100,000 iterations, 64 bytes, so
 * that each try of somebody who seeks two epochs with the same digits costs 200,000 hashes. Read as
 * 40-bit big-endian numbers; those of 1,099,511,600,000 or more are skipped, so that every digit is
 * equally likely; the first 6 others modulo 100,000 are the groups. Throws TypeError unless 32 bytes.
 */
export async function safetyDigits(authenticator: Bytes): Promise<string> {
	assert(authenticator.length === 32, 'an epoch authenticator is 32 bytes');
	const key = await crypto.subtle.importKey('raw', authenticator, 'PBKDF2', false, ['deriveBits']);
	const algorithm = { name: 'PBKDF2', hash: 'SHA-512', salt, iterations };
	return groupsOf(new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 512)));
}

/** The digits of 64 uniform bytes. Throws TypeError when fewer than 6 of their 12 numbers are in range. */
export function groupsOf(uniform: Bytes): string {
	const view = new DataView(uniform.buffer, uniform.byteOffset, uniform.length);
	const found: string[] = [];
	for (let at = 0; at + chunkBytes <= uniform.length && found.length < groups; at += chunkBytes) {
		const value = view.getUint8(at) * 2 ** 32 + view.getUint32(at + 1);
		if (value < limit) found.push(String(value % 100_000).padStart(5, '0'));
	}
	assert(found.length === groups, 'a hash does not begin with so many ones');
	return found.join(' ');
}
