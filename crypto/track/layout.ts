import { type Bytes, concat, u32, utf8 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';

/** Length of the header. */
export const headerBytes = 136;
/** Length of the clear head of a segment. */
export const segmentHeadBytes = 16;
/** Length of the GCM tag. */
export const tagBytes = 16;
/** Length of the u32 that says how much of a plaintext is payload. */
export const lengthBytes = 4;
/** Longest plaintext of a segment, padding and length field included. */
export const plaintextBytesMax = 1 << 20;
/** Longest payload of a segment. */
export const payloadBytesMax = plaintextBytesMax - lengthBytes;
/** Most segments of a part; 194 days of one segment a second. */
export const segmentsMax = 1 << 24;
/** Payload of every media segment but the last in a final object. */
export const finalPayloadBytes = 1 << 16;

const magic = utf8('STRK');
const version = 1;
const suiteAes256GcmHkdfSha512 = 1;
const quantumLog2Max = 20;

/** What a segment carries, and its byte on the wire. */
export const segmentTypes = { media: 0, index: 1, end: 2, checkpoint: 3 } as const;
export type SegmentType = keyof typeof segmentTypes;

/** The clear header of a part, without magic, version, suite, flags and commitment. */
export interface PartHeader {
	/** Plaintexts are padded to a multiple of 2 to this power, 0..20. */
	readonly quantumLog2: number;
	/** 16 bytes. */
	readonly recording: Bytes;
	/** 16 bytes. */
	readonly track: Bytes;
	/** 24 random bytes, fresh for every part. */
	readonly salt: Bytes;
	/** Payload bytes of every media segment but the last; 0 = free length. */
	readonly segmentPayloadBytes: number;
	/** Number of the part in its track, from 0. */
	readonly part: number;
	/** 32 bytes, see `contextHash`. */
	readonly contextHash: Bytes;
}

function isU32(value: number): boolean {
	return Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

/** Length of the padded plaintext of a payload. Throws TypeError for lengths no segment can have. */
export function paddedBytes(options: { quantumLog2: number; payloadBytes: number }): number {
	const { quantumLog2, payloadBytes } = options;
	assert(quantumLog2 >= 0 && quantumLog2 <= quantumLog2Max, 'quantum out of range');
	assert(payloadBytes >= 0 && payloadBytes <= payloadBytesMax, 'payload out of range');
	const quantum = 2 ** quantumLog2;
	return Math.ceil((lengthBytes + payloadBytes) / quantum) * quantum;
}

/** Length of a whole segment: head, ciphertext, tag. Throws TypeError as `paddedBytes` does. */
export function segmentBytes(options: { quantumLog2: number; payloadBytes: number }): number {
	return segmentHeadBytes + paddedBytes(options) + tagBytes;
}

/** The first 104 bytes of a header: all that the key schedule binds. Throws TypeError on wrong lengths. */
export function encodeHeaderStart(header: PartHeader): Bytes {
	const { quantumLog2, recording, track, salt, segmentPayloadBytes, part } = header;
	assert(recording.length === 16 && track.length === 16, 'ids are 16 bytes');
	assert(salt.length === 24 && header.contextHash.length === 32, 'salt is 24 bytes, a hash 32');
	assert(Number.isInteger(quantumLog2) && quantumLog2 >= 0, 'quantum out of range');
	assert(quantumLog2 <= quantumLog2Max, 'quantum out of range');
	assert(isU32(part) && isU32(segmentPayloadBytes), 'not a u32');
	assert(segmentPayloadBytes <= payloadBytesMax, 'segment too long');
	const kind = Uint8Array.of(version, suiteAes256GcmHkdfSha512, quantumLog2, 0);
	const lengths = concat(u32(segmentPayloadBytes), u32(part));
	return concat(magic, kind, recording, track, salt, lengths, header.contextHash);
}

/**
 * The fields of a header; nothing is authenticated yet (the commitment is checked by `PartReader`).
 * Throws `truncated` for less than 136 bytes, `bad-header` for what is no STRK header, and
 * `unknown-version` for a version, suite or flag that this code does not know.
 */
export function decodeHeader(bytes: Uint8Array): PartHeader {
	if (bytes.length < headerBytes) throw new CryptoError('truncated');
	const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
	if (magic.some((byte, at) => view.getUint8(at) !== byte)) throw new CryptoError('bad-header');
	if (view.getUint8(4) !== version) throw new CryptoError('unknown-version');
	if (view.getUint8(5) !== suiteAes256GcmHkdfSha512) throw new CryptoError('unknown-version');
	if (view.getUint8(7) !== 0) throw new CryptoError('unknown-version');
	const quantumLog2 = view.getUint8(6);
	const segmentPayloadBytes = view.getUint32(64);
	if (quantumLog2 > quantumLog2Max) throw new CryptoError('bad-header');
	if (segmentPayloadBytes > payloadBytesMax) throw new CryptoError('bad-header');
	return {
		quantumLog2,
		recording: new Uint8Array(bytes.slice(8, 24)),
		track: new Uint8Array(bytes.slice(24, 40)),
		salt: new Uint8Array(bytes.slice(40, 64)),
		segmentPayloadBytes,
		part: view.getUint32(68),
		contextHash: new Uint8Array(bytes.slice(72, 104)),
	};
}

/** The clear head of a segment. */
export interface SegmentHead {
	/** Length of ciphertext and tag. */
	readonly ciphertextBytes: number;
	readonly seq: number;
	/** The byte on the wire; may be one that this version does not know. */
	readonly type: number;
}

/** The 16 bytes before the ciphertext, which are also its AAD. Throws TypeError on numbers out of range. */
export function encodeSegmentHead(head: SegmentHead): Bytes {
	assert(isU32(head.ciphertextBytes), 'length out of range');
	assert(isU32(head.seq) && head.seq < segmentsMax, 'seq out of range');
	const type = Uint8Array.of(head.type, 0, 0, 0, 0, 0, 0, 0);
	return concat(u32(head.ciphertextBytes), u32(head.seq), type);
}

/**
 * The clear head of a segment; not authenticated. Throws `truncated` for less than 16 bytes and
 * `open-failed` for a head that no writer makes under this header.
 */
export function decodeSegmentHead(header: PartHeader, bytes: Uint8Array): SegmentHead {
	if (bytes.length < segmentHeadBytes) throw new CryptoError('truncated');
	const view = new DataView(bytes.buffer, bytes.byteOffset, segmentHeadBytes);
	const ciphertextBytes = view.getUint32(0);
	const seq = view.getUint32(4);
	const plaintextBytes = ciphertextBytes - tagBytes;
	if (plaintextBytes < lengthBytes || plaintextBytes > plaintextBytesMax)
		throw new CryptoError('open-failed');
	if (plaintextBytes % 2 ** header.quantumLog2 !== 0) throw new CryptoError('open-failed');
	if (seq >= segmentsMax) throw new CryptoError('open-failed');
	for (let at = 9; at < segmentHeadBytes; at++)
		if (view.getUint8(at) !== 0) throw new CryptoError('open-failed');
	return { ciphertextBytes, seq, type: view.getUint8(8) };
}
