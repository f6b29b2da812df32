import { ristretto255, ristretto255_hasher as hasher } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, random, utf8 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';

/** CPACE-RISTR255-SHA512 of draft-irtf-cfrg-cpace: group, hash and framing. Knows nothing of who talks to whom. */
const domain = utf8('CPaceRistretto255');
const hashBlockBytes = 128;
/** Length of a share, of a point and of a scalar. */
export const elementBytes = 32;

const { Point } = ristretto255;
const { Fn } = Point;

/** What both sides bring along, equal on both. */
export interface CpaceInput {
	/** The password. */
	readonly prs: Bytes;
	/** Channel identifier: what the run is for. */
	readonly ci: Bytes;
	/** Session id: never the same twice. */
	readonly sid: Bytes;
}

/** A secret exponent. */
export type Scalar = bigint;

/** §5.1: the length as LEB128 before the bytes. */
function prepend(bytes: Uint8Array): Bytes {
	const length: number[] = [];
	let left = bytes.length;
	do {
		length.push((left & 127) | (left > 127 ? 128 : 0));
		left >>= 7;
	} while (left > 0);
	return concat(Uint8Array.from(length), bytes);
}

/** §5.1 lv_cat: no two lists of parts give the same bytes. */
export function lvCat(...parts: readonly Uint8Array[]): Bytes {
	return concat(...parts.map(prepend));
}

/** §6.3: the zeros fill the first block of the hash, so that its time tells nothing of the password. */
export function generatorString({ prs, ci, sid }: CpaceInput): Bytes {
	const used = prepend(prs).length + prepend(domain).length;
	const padding = new Uint8Array(Math.max(0, hashBlockBytes - 1 - used));
	return lvCat(domain, prs, padding, ci, sid);
}

/** The generator of a run, encoded. */
export function generator(input: CpaceInput): Bytes {
	return Uint8Array.from(generatorPoint(input).toBytes());
}

function generatorPoint(input: CpaceInput) {
	assert(hasher.deriveToCurve !== undefined, 'the library maps hashes to the curve');
	return hasher.deriveToCurve(sha512(generatorString(input)));
}

function littleEndian(bytes: Uint8Array): bigint {
	return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** A fresh secret exponent from 1 to the order of the group less 1; 64 bytes, so that the remainder is as good as uniform. */
export function sampleScalar(): Scalar {
	return (littleEndian(random(64)) % (Fn.ORDER - 1n)) + 1n;
}

/** The scalar of 32 little-endian bytes. Throws `bad-key` when it is 0 or not below the order. */
export function toScalar(bytes: Bytes): Scalar {
	const scalar = littleEndian(bytes);
	if (bytes.length !== elementBytes || scalar === 0n || scalar >= Fn.ORDER)
		throw new CryptoError('bad-key');
	return scalar;
}

/** The share of a run: the generator times the scalar. */
export function shareOf(input: CpaceInput, scalar: Scalar): Bytes {
	return Uint8Array.from(generatorPoint(input).multiply(scalar).toBytes());
}

/** §6.1 scalar_mult_vfy: the other's share times the scalar. Throws `bad-key` for what is no point, and for the neutral one. */
export function multiplyShare(scalar: Scalar, share: Bytes): Bytes {
	const product = pointOf(share).multiply(scalar);
	if (product.is0()) throw new CryptoError('bad-key');
	return Uint8Array.from(product.toBytes());
}

function pointOf(share: Bytes): InstanceType<typeof Point> {
	if (share.length !== elementBytes) throw new CryptoError('bad-key');
	try {
		const point = Point.fromBytes(share);
		if (!point.is0()) return point;
	} catch (cause) {
		// RFC 9496 §4.3.1: not a canonical encoding of a point.
		throw new CryptoError('bad-key', { cause });
	}
	throw new CryptoError('bad-key');
}

/** What one side sent: its share, and what it wants bound to the key. */
export interface CpaceSide {
	readonly share: Bytes;
	readonly ad: Bytes;
}

/** §6.2, initiator and responder known: the intermediate session key, 64 bytes. */
export function sessionKey(
	{ sid }: Pick<CpaceInput, 'sid'>,
	k: Bytes,
	{ initiator, responder }: { initiator: CpaceSide; responder: CpaceSide },
): Bytes {
	const label = concat(domain, utf8('_ISK'));
	return Uint8Array.from(
		sha512(
			concat(
				lvCat(label, sid, k),
				lvCat(initiator.share, initiator.ad),
				lvCat(responder.share, responder.ad),
			),
		),
	);
}
