import { type Bytes, concat, u32, u64 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { payloadBytesMax } from './layout.ts';

/** Length of the payload of an end segment. */
export const endPayloadBytes = 56;

/** What the end of a part states about all that stands before it. */
export interface PartEnd {
	/** Segments of type media. */
	readonly mediaSegments: number;
	/** All segments before this one, which is also its own number. */
	readonly segments: number;
	/** Sum of the media payloads. */
	readonly payloadBytes: number;
	/** Media time covered, in microseconds; 0 where there is none. */
	readonly durationUs: number;
	/** 32 bytes: the running digest of header and segments, see `nextDigest`. */
	readonly digest: Bytes;
}

/**
 * `u32 media segments | u32 segments before | u64 payload bytes | u64 duration in microseconds | 32 digest`.
 * Throws TypeError for numbers that are no safe integers.
 */
export function encodeEnd(end: PartEnd): Bytes {
	assert(end.digest.length === 32, 'a digest is 32 bytes');
	assert(Number.isSafeInteger(end.payloadBytes), 'not a count');
	assert(Number.isSafeInteger(end.durationUs) && end.durationUs >= 0, 'not a duration');
	return concat(
		u32(end.mediaSegments),
		u32(end.segments),
		u64(BigInt(end.payloadBytes)),
		u64(BigInt(end.durationUs)),
		end.digest,
	);
}

function safe(value: bigint): number {
	if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new CryptoError('open-failed');
	return Number(value);
}

/** The payload of an end segment. Throws `open-failed` when it is none. */
export function decodeEnd(payload: Bytes): PartEnd {
	if (payload.length !== endPayloadBytes) throw new CryptoError('open-failed');
	const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
	return {
		mediaSegments: view.getUint32(0),
		segments: view.getUint32(4),
		payloadBytes: safe(view.getBigUint64(8)),
		durationUs: safe(view.getBigUint64(16)),
		digest: payload.slice(24),
	};
}

/** Where one media segment of a free-length part lies, for seeking. */
export interface IndexEntry {
	readonly seq: number;
	/** First byte of the segment's head in the part. */
	readonly offset: number;
	readonly payloadBytes: number;
	/** Media time of its first packet, in microseconds. */
	readonly timeUs: number;
	/** Whether a decoder can start there. */
	readonly key: boolean;
}

const entryBytes = 28;

/** Most entries of one index segment; longer tables go on in another. */
export const indexEntriesMax = Math.floor(payloadBytesMax / entryBytes);

/**
 * Entries one after another: `u32 seq | u32 flags (bit 0 = key) | u64 offset | u32 payload bytes | u64 time in
 * microseconds`. Throws TypeError above `indexEntriesMax` and for numbers that are no safe integers.
 */
export function encodeIndex(entries: readonly IndexEntry[]): Bytes {
	assert(entries.length > 0 && entries.length <= indexEntriesMax, 'entries out of range');
	const rows = entries.map((entry) => {
		assert(Number.isSafeInteger(entry.offset), 'not an offset');
		assert(Number.isSafeInteger(entry.timeUs) && entry.timeUs >= 0, 'not a time');
		const place = [u32(entry.seq), u32(entry.key ? 1 : 0), u64(BigInt(entry.offset))];
		return concat(...place, u32(entry.payloadBytes), u64(BigInt(entry.timeUs)));
	});
	return concat(...rows);
}

/** The entries of an index segment. Throws `open-failed` when it is none. */
export function decodeIndex(payload: Bytes): IndexEntry[] {
	if (payload.length === 0 || payload.length % entryBytes !== 0)
		throw new CryptoError('open-failed');
	const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
	return Array.from({ length: payload.length / entryBytes }, (_, row) => {
		const at = row * entryBytes;
		const flags = view.getUint32(at + 4);
		if (flags > 1) throw new CryptoError('open-failed');
		return {
			seq: view.getUint32(at),
			key: flags === 1,
			offset: safe(view.getBigUint64(at + 8)),
			payloadBytes: view.getUint32(at + 16),
			timeUs: safe(view.getBigUint64(at + 20)),
		};
	});
}
