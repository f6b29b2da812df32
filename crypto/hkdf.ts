import type { Bytes } from './bytes.ts';
import { CryptoError } from './errors.ts';

/** HKDF (RFC 5869), extract and expand. Throws `too-large` above 255 blocks of output (§2.3). */
export async function hkdf(options: {
	hash: 'SHA-256' | 'SHA-512';
	ikm: Bytes;
	salt: Bytes;
	info: Bytes;
	lengthBytes: number;
}): Promise<Bytes> {
	const { hash, ikm, salt, info, lengthBytes } = options;
	const blockBytes = hash === 'SHA-256' ? 32 : 64;
	if (lengthBytes > 255 * blockBytes) throw new CryptoError('too-large');
	const key = await crypto.subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits']);
	const algorithm = { name: 'HKDF', hash, salt, info };
	return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, lengthBytes * 8));
}
