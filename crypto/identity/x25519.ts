import { type Bytes, concat, fromHex } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';

// RFC 8410 §7: PKCS #8 is the only private form that every WebCrypto takes.
const seedPrefix = fromHex('302e020100300506032b656e04220420');

const basePoint = new Uint8Array(32);
basePoint[0] = 9;

/** An X25519 key pair (RFC 7748). The private half is a CryptoKey that cannot be exported. */
export interface X25519Key {
	/** 32 bytes. */
	readonly publicKey: Bytes;
	readonly privateKey: CryptoKey;
}

/** A fresh pair whose private half never leaves WebCrypto. */
export async function generateX25519(): Promise<X25519Key> {
	const pair = await crypto.subtle.generateKey('X25519', false, ['deriveBits']);
	assert('publicKey' in pair, 'X25519 makes pairs');
	const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
	return { publicKey, privateKey: pair.privateKey };
}

/** The private half alone of a 32-byte secret, imported as non-extractable. Throws `bad-key` on another length. */
export async function importX25519Secret(secret: Bytes): Promise<CryptoKey> {
	if (secret.length !== 32) throw new CryptoError('bad-key');
	const pkcs8 = concat(seedPrefix, secret);
	return crypto.subtle.importKey('pkcs8', pkcs8, 'X25519', false, ['deriveBits']);
}

/** The pair of a 32-byte secret (RFC 7748 §5), imported as non-extractable. Throws `bad-key` on another length. */
export async function importX25519(secret: Bytes): Promise<X25519Key> {
	const privateKey = await importX25519Secret(secret);
	// RFC 7748 §6.1: the public key is the private key times 9.
	return { privateKey, publicKey: await sharedSecret({ privateKey, publicKey: basePoint }) };
}

/** X25519 as in RFC 7748 §6.1, 32 bytes. Throws `bad-key` for a public key that is none or gives the zero secret. */
export async function sharedSecret(key: X25519Key): Promise<Bytes> {
	const { privateKey, publicKey } = key;
	if (publicKey.length !== 32) throw new CryptoError('bad-key');
	const theirs = await crypto.subtle.importKey('raw', publicKey, 'X25519', false, []);
	try {
		const algorithm = { name: 'X25519', public: theirs };
		return new Uint8Array(await crypto.subtle.deriveBits(algorithm, privateKey, 256));
	} catch (cause) {
		// WebCrypto says OperationError for a point of small order.
		throw new CryptoError('bad-key', { cause });
	}
}
