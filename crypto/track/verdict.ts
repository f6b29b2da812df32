import { type Bytes, concat, equal } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { nextDigest } from './digest.ts';
import { headerBytes, segmentHeadBytes } from './layout.ts';
import { type PartEnd, decodeEnd } from './payload.ts';
import { type PartName, PartReader } from './reader.ts';
import type { Segment } from './segment.ts';

/**
 * What reading a whole part came to. `complete`: every byte is as sealed and nothing is missing. `ends-early`: the
 * writer never closed it or the bytes were cut; all up to there is as sealed. `altered`: something was changed, and
 * what was read before it is as sealed. The caller turns the last intact segment into a media time.
 */
export interface PartVerdict {
	readonly verdict: 'complete' | 'ends-early' | 'altered';
	/** Intact segments, the end not counted. */
	readonly segments: number;
	readonly mediaSegments: number;
	/** Sum of the intact media payloads. */
	readonly payloadBytes: number;
	/** 32 bytes: running digest over header and intact segments, the end not counted; compare with checkpoints. */
	readonly digest: Bytes;
	/** What the end states; there only when complete. */
	readonly end: PartEnd | null;
}

/** Takes bytes in pieces of any length and gives them out in pieces as asked for. */
class ByteQueue {
	readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
	#held: Uint8Array = new Uint8Array(0);

	constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
		this.#source =
			Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
	}

	/** Up to `length` bytes without taking them; fewer only at the end. */
	async peek(length: number): Promise<Uint8Array> {
		const pieces = [this.#held];
		let have = this.#held.length;
		while (have < length) {
			const { done, value } = await this.#source.next();
			if (done) break;
			pieces.push(value);
			have += value.length;
		}
		if (pieces.length > 1) this.#held = concat(...pieces);
		return this.#held.subarray(0, length);
	}

	take(length: number): void {
		this.#held = this.#held.subarray(length);
	}
}

function isEnd(options: {
	end: PartEnd;
	seq: number;
	mediaSegments: number;
	payloadBytes: number;
	digest: Bytes;
}): boolean {
	const { end, seq, mediaSegments, payloadBytes, digest } = options;
	return (
		end.segments === seq &&
		end.mediaSegments === mediaSegments &&
		end.payloadBytes === payloadBytes &&
		equal(end.digest, digest)
	);
}

/** Whether a fixed part may have this segment here: media of the fixed length until a shorter one, then nothing but the end. */
function mayFollow(reader: PartReader, segment: Segment, sawShort: boolean): boolean {
	const { segmentPayloadBytes } = reader.header;
	if (segment.type === 'media' && segment.payload.length === 0) return false;
	if (segmentPayloadBytes === 0) return true;
	if (segment.type !== 'media') return false;
	return !sawShort && segment.payload.length <= segmentPayloadBytes;
}

interface WholePart {
	key: CryptoKey;
	name: PartName;
	/** The bytes of the part in pieces of any length. */
	source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * Reads a whole part from its first byte and yields every intact segment but the end in order; returns the verdict.
 * Memory is bounded by the longest segment and the pieces of `source`. A length field that was changed to reach past
 * the last byte cannot be told from a cut: both are `ends-early`. Throws as `PartReader.open` does, `unknown-version`
 * for an authentic segment of an unknown type, and what `source` throws.
 */
export async function* readSegments(options: WholePart): AsyncGenerator<Segment, PartVerdict> {
	const { key, name } = options;
	const bytes = new ByteQueue(options.source);
	const reader = await PartReader.open({ key, name, header: await bytes.peek(headerBytes) });
	bytes.take(headerBytes);
	let digest = await reader.firstDigest();
	let [seq, mediaSegments, payloadBytes, sawShort] = [0, 0, 0, false];
	const state = (verdict: PartVerdict['verdict'], end: PartEnd | null = null): PartVerdict => {
		return { verdict, segments: seq, mediaSegments, payloadBytes, digest, end };
	};
	for (;;) {
		const next = await nextSegment({ reader, bytes, seq });
		if (typeof next === 'string') return state(next);
		const { segment, raw } = next;
		if (segment.type === 'end') {
			const end = decodeEndOrNull(segment.payload);
			const right = end && isEnd({ end, seq, mediaSegments, payloadBytes, digest });
			const trailing = (await bytes.peek(1)).length > 0;
			return right && !trailing ? state('complete', end) : state('altered');
		}
		if (!mayFollow(reader, segment, sawShort)) return state('altered');
		digest = await nextDigest(digest, raw);
		seq++;
		if (segment.type === 'media') {
			mediaSegments++;
			payloadBytes += segment.payload.length;
			sawShort = segment.payload.length < reader.header.segmentPayloadBytes;
		}
		yield segment;
	}
}

/** `readSegments` with a callback for every intact segment. Throws as that does, and what `onSegment` throws. */
export async function readPart(
	options: WholePart & { onSegment?: (segment: Segment) => void | Promise<void> },
): Promise<PartVerdict> {
	const segments = readSegments(options);
	for (;;) {
		const { done, value } = await segments.next();
		if (done) return value;
		await options.onSegment?.(value);
	}
}

function decodeEndOrNull(payload: Bytes): PartEnd | null {
	try {
		return decodeEnd(payload);
	} catch (error) {
		if (error instanceof CryptoError) return null;
		throw error;
	}
}

/** The next whole segment, opened and taken from the queue, or why there is none. */
async function nextSegment(options: {
	reader: PartReader;
	bytes: ByteQueue;
	seq: number;
}): Promise<{ segment: Segment; raw: Uint8Array } | 'ends-early' | 'altered'> {
	const { reader, bytes, seq } = options;
	try {
		const head = await bytes.peek(segmentHeadBytes);
		if (head.length < segmentHeadBytes) return 'ends-early';
		const length = reader.segmentLength(head);
		const raw = await bytes.peek(length);
		if (raw.length < length) return 'ends-early';
		const segment = await reader.segment(seq, raw);
		bytes.take(length);
		return { segment, raw };
	} catch (error) {
		if (error instanceof CryptoError && error.code === 'open-failed') return 'altered';
		throw error;
	}
}
