import type { KemInterface } from '@hpke/core';
import { HkdfSha256, X25519 } from '@hpke/dhkem-x25519';
import { XWing } from '@hpke/hybridkem-x-wing';
import { type Bytes, random } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { importX25519Secret, sharedSecret } from '#crypto/identity/x25519.ts';

declare const brand: unique symbol;

/** The private half of an X-Wing key (MLKEM768-X25519): a seed of 32 bytes. */
export type XWingSeed = Bytes & { readonly [brand]: 'XWingSeed' };

/** An X-Wing key pair. */
export interface XWingKey {
	/** 1,216 bytes. */
	readonly publicKey: Bytes;
	readonly seed: XWingSeed;
}

/** Length of an X-Wing seed. */
const seedBytes = 32;

function isSeed(bytes: Bytes): bytes is XWingSeed {
	return bytes.length === seedBytes;
}

/** The same bytes as an X-Wing seed. Throws `bad-key` unless they are 32. */
export function toXWingSeed(bytes: Bytes): XWingSeed {
	if (!isSeed(bytes)) throw new CryptoError('bad-key');
	return bytes;
}

/** A fresh random pair, for a person or for a practice. */
export async function createXWingKey(): Promise<XWingKey> {
	return openXWingKey(toXWingSeed(random(seedBytes)));
}

/** The pair of a seed. Throws `bad-key` unless it is 32 bytes. */
export async function openXWingKey(seed: XWingSeed): Promise<XWingKey> {
	const kem = new FastXWing();
	const pair = await kem.generateKeyPairDerand(toXWingSeed(seed));
	return { seed, publicKey: new Uint8Array(await kem.serializePublicKey(pair.publicKey)) };
}

/** X25519 (RFC 7748) by WebCrypto, which takes a tenth of the library's time. */
class WebX25519 extends X25519 {
	override async derive(secret: Uint8Array, point: Uint8Array): Promise<Bytes> {
		const privateKey = await importX25519Secret(secret.slice());
		return sharedSecret({ privateKey, publicKey: point.slice() });
	}
}

class FastXWing extends XWing {
	protected override _x25519 = new WebX25519(new HkdfSha256());
}

/** For one private key: its ML-KEM half, which takes longer to make than to use, is made once. */
class OneKeyXWing extends FastXWing {
	constructor() {
		super();
		const { _m: kem } = this;
		const make = kem.deriveKeyPair.bind(kem);
		let made: ReturnType<typeof make> | undefined;
		kem.deriveKeyPair = (seed) => (made ??= make(seed));
	}
}

// Gone with the seed: what is kept here opens no more than it does.
const ofSeeds = new WeakMap<XWingSeed, KemInterface>();

/**
 * The key encapsulation for HPKE (draft-connolly-cfrg-xwing-kem). With `seed` it opens with that private
 * key and no other. This file is loaded only when a key of its kind is met.
 */
export function xwingKem(seed?: XWingSeed): KemInterface {
	if (!seed) return new FastXWing();
	const kem = ofSeeds.get(seed) ?? new OneKeyXWing();
	ofSeeds.set(seed, kem);
	return kem;
}
