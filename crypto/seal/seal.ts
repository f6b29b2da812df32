import {
	Aes256Gcm,
	CipherSuite,
	DhkemX25519HkdfSha256,
	HkdfSha256,
	HpkeError,
	type KemInterface,
} from '@hpke/core';
import { type Bytes, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Suite, decodeBox, encodeBox } from './box.ts';
import { pad, unpad } from './padding.ts';
import type { XWingSeed } from './xwing.ts';

/** Public keys that can be sealed to; a `PublicIdentity` is one. */
export interface Recipient {
	/** 32 bytes. */
	readonly x25519?: Bytes;
	/** 1,216 bytes. */
	readonly xwing?: Bytes;
}

/** Private keys that can open; an `Identity` is one, a practice key `{ xwing: seed }` is one. */
export interface Opener {
	readonly publicIdentity?: { readonly x25519: Bytes };
	/** The private half of `publicIdentity.x25519`. */
	readonly x25519?: CryptoKey;
	readonly xwing?: XWingSeed;
}

/** The longest plaintext of one box. */
export const sealedBytesMax = 1024 * 1024;

/** The key of `to` that a box is sealed to unless another is asked for: X-Wing where there is one. */
export function preferredSuite(to: Recipient): Suite {
	return to.xwing ? 'xwing' : 'x25519';
}

/**
 * Seals to a public key: HPKE base mode, one shot (RFC 9180 §5.1.1, §6.1), AES-256-GCM, HKDF-SHA-256.
 * `info` says what the box is for, `aad` what it belongs to; both must be given again to open.
 * `suite` chooses between the keys of `to`: without it X-Wing where there is one (loads it on first use).
 * `quantumBytes` pads the plaintext to a multiple (see `nameQuantumBytes`).
 * Throws `bad-key` when `to` has no such key or it is not one (also a point of small order),
 * `too-large` above `sealedBytesMax`.
 */
export async function sealTo(options: {
	to: Recipient;
	info: string;
	aad: Bytes;
	plaintext: Bytes;
	suite?: Suite;
	quantumBytes?: number;
}): Promise<Bytes> {
	const { to, info, aad, plaintext, suite = preferredSuite(to), quantumBytes = 1 } = options;
	if (plaintext.length > sealedBytesMax) throw new CryptoError('too-large');
	const key = to[suite];
	if (key === undefined) throw new CryptoError('bad-key');
	const { kem, hpke } = await suiteOf(suite);
	try {
		const recipientPublicKey = await kem.deserializePublicKey(key);
		const params = { recipientPublicKey, info: utf8(info) };
		const { enc, ct } = await hpke.seal(params, pad(plaintext, quantumBytes), aad);
		return encodeBox({ suite, enc: new Uint8Array(enc), ciphertext: new Uint8Array(ct) });
	} catch (cause) {
		if (cause instanceof HpkeError) throw new CryptoError('bad-key', { cause });
		throw cause;
	}
}

/**
 * Opens what `sealTo` made. Throws `truncated` and `unknown-version` for what is no box, `not-a-recipient`
 * when `opener` has no key of its kind, `open-failed` for another key, info or aad and for altered bytes.
 */
export async function openSealed(options: {
	opener: Opener;
	info: string;
	aad: Bytes;
	sealed: Bytes;
}): Promise<Bytes> {
	const { opener, info, aad, sealed } = options;
	const box = decodeBox(sealed);
	const { kem, hpke } = await suiteOf(box.suite, opener.xwing);
	const recipientKey = await recipientKeyOf(opener, box.suite, kem);
	try {
		const params = { recipientKey, enc: box.enc, info: utf8(info) };
		return unpad(new Uint8Array(await hpke.open(params, box.ciphertext, aad)));
	} catch (cause) {
		if (cause instanceof HpkeError || cause instanceof CryptoError)
			throw new CryptoError('open-failed', { cause });
		throw cause;
	}
}

async function suiteOf(
	suite: Suite,
	seed?: XWingSeed,
): Promise<{ kem: KemInterface; hpke: CipherSuite }> {
	const kem =
		suite === 'x25519' ? new DhkemX25519HkdfSha256() : (await import('./xwing.ts')).xwingKem(seed);
	const hpke = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() });
	return { kem, hpke };
}

async function recipientKeyOf(
	opener: Opener,
	suite: Suite,
	kem: KemInterface,
): Promise<CryptoKey | CryptoKeyPair> {
	if (suite === 'xwing') {
		if (opener.xwing === undefined) throw new CryptoError('not-a-recipient');
		return kem.importKey('raw', opener.xwing.slice().buffer, false);
	}
	const { publicIdentity, x25519 } = opener;
	if (publicIdentity === undefined || x25519 === undefined)
		throw new CryptoError('not-a-recipient');
	// As a pair: from the private half alone HPKE would have to export it.
	const publicKey = await kem.deserializePublicKey(publicIdentity.x25519);
	return { publicKey, privateKey: x25519 };
}
