import type { ByteRange } from '#crypto/track/fixed.ts';

/** Longest answer to one request. Longer ones make Chromium fetch many times what it plays. */
export const answerBytesMax = 1 << 20;

/**
 * The bytes that a `Range` header (RFC 9110 §14.2) asks of `size` bytes, or undefined where it names none of them.
 * A list of ranges counts as none: no media element sends one.
 */
export function parseRange(header: string, size: number): ByteRange | undefined {
	const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
	const [first, last] = [match?.[1], match?.[2]];
	if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
	if (first === '') {
		const length = Math.min(Number(last), size);
		return length > 0 ? { from: size - length, to: size } : undefined;
	}
	const from = Number(first);
	const to = last === '' ? size : Math.min(Number(last) + 1, size);
	return from < to ? { from, to } : undefined;
}

/**
 * The range that is answered: not longer than `answerBytesMax`, and cut where a segment ends, so that the next
 * request does not open that segment again.
 */
export function boundRange(range: ByteRange, segmentPayloadBytes: number): ByteRange {
	const { from, to } = range;
	if (to - from <= answerBytesMax) return range;
	const end = from + answerBytesMax;
	return { from, to: end - (end % segmentPayloadBytes) };
}

/** Headers of a 206 with these bytes of `size`. */
export function partialHeaders(range: ByteRange, size: number): Record<string, string> {
	return {
		'accept-ranges': 'bytes',
		'cache-control': 'no-store',
		'content-length': String(range.to - range.from),
		'content-range': `bytes ${range.from}-${range.to - 1}/${size}`,
	};
}
