import { hsalsa } from '@noble/ciphers/salsa.js';
import { type Bytes, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type X25519Key, sharedSecret } from '#crypto/identity/x25519.ts';

/** The constant of Salsa20 with keys of 32 bytes. */
const sigma = words(utf8('expand 32-byte k'));
const zeros = new Uint32Array(4);

function words(bytes: Bytes): Uint32Array {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	return Uint32Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4, true));
}

/**
 * The key of a NaCl box between a private key of ours and a public key of theirs: HSalsa20 of their X25519
 * secret. Only WebCrypto touches the private key. Throws `open-failed` for a public key that is none.
 */
export async function boxKey(options: X25519Key): Promise<Bytes> {
	let secret: Bytes;
	try {
		secret = await sharedSecret(options);
	} catch (cause) {
		throw new CryptoError('open-failed', { cause });
	}
	const out = new Uint32Array(8);
	hsalsa(sigma, words(secret), zeros, out);
	const key = new Uint8Array(32);
	const view = new DataView(key.buffer);
	for (const [at, word] of out.entries()) view.setUint32(at * 4, word, true);
	return key;
}
