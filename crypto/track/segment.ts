import { type Bytes, concat, equal, plainBytes, u32, utf8 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import {
	type PartHeader,
	type SegmentType,
	decodeSegmentHead,
	encodeHeaderStart,
	encodeSegmentHead,
	lengthBytes,
	paddedBytes,
	segmentHeadBytes,
	segmentTypes,
	tagBytes,
} from './layout.ts';

/** What the key schedule gives for one part. */
export interface PartSecret {
	readonly key: CryptoKey;
	/** 12 bytes. */
	readonly baseNonce: Bytes;
	/** 32 bytes; stands in the header and makes the part commit to its key. */
	readonly commitment: Bytes;
}

const info = utf8('sotto/track/v1\0');
const secretBits = (32 + 12 + 32) * 8;

/** HKDF-SHA-512 (RFC 5869) of an imported track key; every byte of the header before the commitment is bound. */
export async function derivePartSecret(key: CryptoKey, header: PartHeader): Promise<PartSecret> {
	const start = encodeHeaderStart(header);
	const kdf = { name: 'HKDF', hash: 'SHA-512', salt: header.salt, info: concat(info, start) };
	const bits = new Uint8Array(await crypto.subtle.deriveBits(kdf, key, secretBits));
	const raw = bits.slice(0, 32);
	const aes = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
	const secret = { key: aes, baseNonce: bits.slice(32, 44), commitment: bits.slice(44, 76) };
	raw.fill(0);
	bits.fill(0);
	return secret;
}

/** RFC 8446 §5.3: a base nonce whose last 4 bytes are XORed with the number of the segment. */
function nonce(baseNonce: Bytes, seq: number): Bytes {
	const bytes = baseNonce.slice();
	u32(seq).forEach((byte, at) => (bytes[8 + at] = (bytes[8 + at] ?? 0) ^ byte));
	return bytes;
}

/**
 * One sealed segment, head included. STATELESS: the same `seq` twice under one secret repeats a nonce;
 * `PartWriter` is the only caller outside of the published vectors. `type` is the byte on the wire.
 * Throws TypeError for a payload or seq out of range.
 */
export async function sealSegment(options: {
	header: PartHeader;
	secret: PartSecret;
	seq: number;
	type: number;
	payload: Uint8Array;
}): Promise<Bytes> {
	const { header, secret, seq, type, payload } = options;
	const { quantumLog2 } = header;
	const plaintext = new Uint8Array(paddedBytes({ quantumLog2, payloadBytes: payload.length }));
	plaintext.set(u32(payload.length));
	plaintext.set(payload, lengthBytes);
	const head = encodeSegmentHead({ ciphertextBytes: plaintext.length + tagBytes, seq, type });
	const gcm = { name: 'AES-GCM', iv: nonce(secret.baseNonce, seq), additionalData: head };
	return concat(head, new Uint8Array(await crypto.subtle.encrypt(gcm, secret.key, plaintext)));
}

/** An opened segment. */
export interface Segment {
	readonly seq: number;
	readonly type: SegmentType;
	readonly payload: Bytes;
}

function isSegmentType(name: string): name is SegmentType {
	return name in segmentTypes;
}

function typeOf(byte: number): SegmentType {
	for (const [name, value] of Object.entries(segmentTypes))
		if (value === byte && isSegmentType(name)) return name;
	throw new CryptoError('unknown-version');
}

function payloadOf(header: PartHeader, plaintext: Bytes): Bytes {
	const payloadBytes = new DataView(plaintext.buffer).getUint32(0);
	const room = plaintext.length - lengthBytes;
	const { quantumLog2 } = header;
	if (payloadBytes > room || paddedBytes({ quantumLog2, payloadBytes }) !== plaintext.length)
		throw new CryptoError('open-failed');
	const padding = plaintext.subarray(lengthBytes + payloadBytes);
	if (!equal(padding, new Uint8Array(padding.length))) throw new CryptoError('open-failed');
	return plaintext.slice(lengthBytes, lengthBytes + payloadBytes);
}

/**
 * Opens exactly one whole segment that must have number `seq`. Throws `open-failed` for anything that
 * the writer of this part did not seal at that place, `unknown-version` for an authentic segment of
 * a type that this version does not know, TypeError when `bytes` is not one whole segment.
 */
export async function openSegment(options: {
	header: PartHeader;
	secret: PartSecret;
	seq: number;
	bytes: Uint8Array;
}): Promise<Segment> {
	const { header, secret, seq } = options;
	const bytes = plainBytes(options.bytes);
	const head = decodeSegmentHead(header, bytes);
	assert(bytes.length === segmentHeadBytes + head.ciphertextBytes, 'not one whole segment');
	if (head.seq !== seq) throw new CryptoError('open-failed');
	const additionalData = bytes.subarray(0, segmentHeadBytes);
	const gcm = { name: 'AES-GCM', iv: nonce(secret.baseNonce, seq), additionalData };
	let plaintext: Bytes;
	try {
		const ciphertext = bytes.subarray(segmentHeadBytes);
		plaintext = new Uint8Array(await crypto.subtle.decrypt(gcm, secret.key, ciphertext));
	} catch (cause) {
		throw new CryptoError('open-failed', { cause });
	}
	return { seq, type: typeOf(head.type), payload: payloadOf(header, plaintext) };
}
