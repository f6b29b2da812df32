import type { Bytes } from './bytes.ts';
import { CryptoError, assert } from './errors.ts';

/** One use of AES-GCM (RFC 5116 §5.1): 12-byte nonce, 16-byte tag at the end. A pair of key and nonce seals once. */
export interface Gcm {
	/** 16 or 32 bytes. */
	readonly key: Bytes;
	/** 12 bytes. */
	readonly nonce: Bytes;
	readonly aad: Bytes;
}

const tagBits = 128;

/** Ciphertext and tag. Throws TypeError when key or nonce have the wrong length. */
export async function sealGcm(gcm: Gcm, plaintext: Bytes): Promise<Bytes> {
	const key = await importKey(gcm, 'encrypt');
	return new Uint8Array(await crypto.subtle.encrypt(algorithm(gcm), key, plaintext));
}

/** The plaintext. Throws `open-failed` for another key, nonce or aad and for altered bytes, TypeError as `sealGcm`. */
export async function openGcm(gcm: Gcm, ciphertext: Bytes): Promise<Bytes> {
	const key = await importKey(gcm, 'decrypt');
	try {
		return new Uint8Array(await crypto.subtle.decrypt(algorithm(gcm), key, ciphertext));
	} catch (cause) {
		throw new CryptoError('open-failed', { cause });
	}
}

function algorithm({ nonce, aad }: Gcm): AesGcmParams {
	return { name: 'AES-GCM', iv: nonce, additionalData: aad, tagLength: tagBits };
}

async function importKey({ key, nonce }: Gcm, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
	assert(key.length === 16 || key.length === 32, 'an AES key is 16 or 32 bytes');
	assert(nonce.length === 12, 'a GCM nonce is 12 bytes');
	return crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use]);
}
