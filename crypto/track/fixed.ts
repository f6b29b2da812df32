import { assert } from '#crypto/errors.ts';
import { type PartHeader, headerBytes, segmentBytes, segmentsMax } from './layout.ts';
import { endPayloadBytes } from './payload.ts';

/**
 * A part of fixed segments, as final objects are: media segments of exactly `segmentPayloadBytes`, a last one
 * that may be shorter, one end. All places follow by arithmetic. `payloadBytes` is the sum of all payloads.
 */
export interface FixedPart {
	readonly quantumLog2: number;
	readonly segmentPayloadBytes: number;
	readonly payloadBytes: number;
}

/** Bytes `from` up to, not including, `to`. */
export interface ByteRange {
	readonly from: number;
	readonly to: number;
}

/** The layout of a part with this header and this much payload. Throws TypeError for a free-length header. */
export function fixedPart(header: PartHeader, payloadBytes: number): FixedPart {
	const { quantumLog2, segmentPayloadBytes } = header;
	assert(segmentPayloadBytes > 0, 'a part of free-length segments has no arithmetic');
	assert(Number.isSafeInteger(payloadBytes) && payloadBytes >= 0, 'not a length');
	const part = { quantumLog2, segmentPayloadBytes, payloadBytes };
	assert(mediaSegments(part) < segmentsMax, 'too many segments');
	return part;
}

/** Number of media segments. */
export function mediaSegments(part: FixedPart): number {
	return Math.ceil(part.payloadBytes / part.segmentPayloadBytes);
}

function strideBytes(part: FixedPart): number {
	const { quantumLog2, segmentPayloadBytes } = part;
	return segmentBytes({ quantumLog2, payloadBytes: segmentPayloadBytes });
}

/** The payload bytes that media segment `seq` holds. Throws TypeError where there is no such segment. */
export function payloadOfSegment(part: FixedPart, seq: number): ByteRange {
	assert(Number.isInteger(seq) && seq >= 0 && seq < mediaSegments(part), 'no such segment');
	const from = seq * part.segmentPayloadBytes;
	return { from, to: Math.min(from + part.segmentPayloadBytes, part.payloadBytes) };
}

/** Where media segment `seq` lies in the part. Throws TypeError where there is no such segment. */
export function placeOfSegment(part: FixedPart, seq: number): ByteRange {
	const payload = payloadOfSegment(part, seq);
	const from = headerBytes + seq * strideBytes(part);
	const { quantumLog2 } = part;
	return {
		from,
		to: from + segmentBytes({ quantumLog2, payloadBytes: payload.to - payload.from }),
	};
}

/** Where the end segment lies; its `to` is the length of the whole part. */
export function placeOfEnd(part: FixedPart): ByteRange {
	const count = mediaSegments(part);
	const from = count === 0 ? headerBytes : placeOfSegment(part, count - 1).to;
	return { from, to: from + endSegmentBytes(part) };
}

/** Length of an end segment: the tail of that many bytes is all that is needed to learn `payloadBytes`. */
export function endSegmentBytes(part: { readonly quantumLog2: number }): number {
	return segmentBytes({ quantumLog2: part.quantumLog2, payloadBytes: endPayloadBytes });
}

/** Segments `first` to `last`, both included, and where they lie together. */
export interface SegmentRun {
	readonly first: number;
	readonly last: number;
	readonly place: ByteRange;
}

/**
 * The segments that hold payload bytes `range.from` up to `range.to`. Throws TypeError for an empty range
 * or one that reaches past the payload.
 */
export function segmentsOfRange(part: FixedPart, range: ByteRange): SegmentRun {
	const { from, to } = range;
	assert(Number.isSafeInteger(from) && Number.isSafeInteger(to), 'not a range');
	assert(from >= 0 && from < to && to <= part.payloadBytes, 'not a range of this part');
	const first = Math.floor(from / part.segmentPayloadBytes);
	const last = Math.floor((to - 1) / part.segmentPayloadBytes);
	const place = { from: placeOfSegment(part, first).from, to: placeOfSegment(part, last).to };
	return { first, last, place };
}
