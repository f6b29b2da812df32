import { sha256 as sha256Here } from '@noble/hashes/sha2.js';
import { type Bytes, concat, sha256, toBase64url } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';

/**
 * The running digest of a part: SHA-256(header) first, then SHA-256(digest || SHA-256(whole segment)).
 * It covers ciphertext, so nobody who holds the key can make other bytes with the same digest, and who
 * holds no key can compute it too. Signed checkpoints and the end of the part state it.
 */
export async function nextDigest(digest: Uint8Array, segment: Uint8Array): Promise<Bytes> {
	return afterHash(digest, await sha256(segment));
}

/**
 * The same from SHA-256(whole segment), which needs no digest before it and so can be made of many segments at once.
 * It hashes here: 64 bytes take less time than asking WebCrypto, which would be asked for every segment in turn.
 */
export function afterHash(digest: Uint8Array, segmentHash: Uint8Array): Bytes {
	return new Uint8Array(sha256Here(concat(digest, segmentHash)));
}

/** The digest before the first segment. */
export function firstDigest(header: Uint8Array): Promise<Bytes> {
	return sha256(header);
}

/** The circumstances under which a part was made; the manifest carries it in clear for who may read it. */
export interface PartContext {
	/** 22 characters; also the id of the key group. */
	readonly session: string;
	/** Generation of the epoch in force when the part was begun. */
	readonly generation: number;
	/** Digest of the receipts in force, or null where nobody had to consent. */
	readonly receipts: Uint8Array | null;
	/** Ed25519 key of the recorder. */
	readonly recorder: Uint8Array;
	/** As in the WebM file, for example `vp9`, `opus` or `vp9+opus`. */
	readonly codec: string;
	/** Where its time zero lies: milliseconds since 1970 of the recording's start. */
	readonly zeroMs: number;
	/** Digest of the part before it in the same track, or null. */
	readonly previous: Uint8Array | null;
}

/** SHA-256 of the canonical JSON (RFC 8785) of the context: bytes 72..104 of the header. */
export async function contextHash(context: PartContext): Promise<Bytes> {
	const { session, generation, codec, zeroMs, receipts, recorder, previous } = context;
	const json = canonical({
		codec,
		generation,
		previous: previous && toBase64url(previous),
		receipts: receipts && toBase64url(receipts),
		recorder: toBase64url(recorder),
		session,
		zeroMs,
	});
	return sha256(json);
}
