import type { KemInterface } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import { type Bytes, random } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';

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
	const kem = new XWing();
	const pair = await kem.generateKeyPairDerand(toXWingSeed(seed));
	return { seed, publicKey: new Uint8Array(await kem.serializePublicKey(pair.publicKey)) };
}

/** The key encapsulation for HPKE (draft-connolly-cfrg-xwing-kem). This file is loaded only when a key of its kind is met. */
export function xwingKem(): KemInterface {
	return new XWing();
}
