import { type Bytes, concat, equal, fromBase64url, sha256, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type PartContext, afterHash, contextHash } from '#crypto/track/digest.ts';
import { endSegmentBytes } from '#crypto/track/fixed.ts';
import {
	type PartHeader,
	finalPayloadBytes,
	headerBytes,
	segmentBytes,
} from '#crypto/track/layout.ts';
import { type PartEnd, decodeEnd } from '#crypto/track/payload.ts';
import { PartReader } from '#crypto/track/reader.ts';
import type { Segment } from '#crypto/track/segment.ts';
import { PartWriter } from '#crypto/track/writer.ts';
import type { RecordingsApi } from '#lib/record/api.ts';
import { ChunkStream, type StoredFinal } from '#lib/record/final.ts';
import { quantumLog2 } from '#lib/record/parts.ts';
import type { Pauses } from '#lib/record/retry.ts';
import { ahead } from './ahead.ts';

/** Segments on their way at once, at each step. */
const segmentsAhead = 8;

/** One final object, and what its manifest states of it. */
export interface SealedObject {
	readonly track: string;
	readonly part: number;
	readonly bytes: number;
	/** Running digest before the end, base64url. */
	readonly digest: string;
	readonly key: CryptoKey;
}

/** With what bytes are read and stored. */
export interface Shop {
	readonly api: Pick<RecordingsApi, 'objectBytes' | 'putChunk'>;
	readonly pauses: Pauses;
	readonly recording: string;
	readonly signal: AbortSignal;
	readonly onBytes: (bytes: number) => void;
}

/** Where the segments of a final object lie: whole ones, a last one that may be shorter, the end. */
function lengthsOf(header: PartHeader, bytes: number): number[] {
	const { segmentPayloadBytes: payloadBytes } = header;
	// Padded or of free length: no final object, and its segments would lie elsewhere.
	if (header.quantumLog2 !== 0 || payloadBytes === 0) throw new CryptoError('open-failed');
	const whole = segmentBytes({ quantumLog2: 0, payloadBytes });
	const endBytes = endSegmentBytes(header);
	const media = bytes - headerBytes - endBytes;
	if (media < 0) throw new CryptoError('truncated');
	const lengths = Array.from({ length: Math.floor(media / whole) }, () => whole);
	return [...lengths, ...(media % whole > 0 ? [media % whole] : []), endBytes];
}

/** Takes bytes in pieces of any length and gives exactly as many as asked for. Throws `truncated` at their end. */
class Bits {
	readonly #source: AsyncIterator<Uint8Array>;
	#held: Uint8Array = new Uint8Array(0);

	constructor(source: AsyncIterable<Uint8Array>) {
		this.#source = source[Symbol.asyncIterator]();
	}

	async take(length: number): Promise<Uint8Array> {
		const parts: Uint8Array[] = [];
		for (let missing = length; missing > 0;) {
			if (this.#held.length === 0) {
				const { done, value } = await this.#source.next();
				if (done) throw new CryptoError('truncated');
				this.#held = value;
			}
			const part = this.#held.subarray(0, missing);
			this.#held = this.#held.subarray(part.length);
			missing -= part.length;
			parts.push(part);
		}
		const [first] = parts;
		return first && parts.length === 1 ? first : concat(...parts);
	}

	async close(): Promise<void> {
		await this.#source.return?.();
	}
}

interface Opening {
	readonly segment: Promise<Segment>;
	/** SHA-256 of the whole sealed segment. */
	readonly hash: Promise<Bytes>;
}

/** Begins to open every segment without waiting for those before it: each says which one it is. */
async function* openings(reader: PartReader, bits: Bits, bytes: number): AsyncGenerator<Opening> {
	for (const [seq, length] of lengthsOf(reader.header, bytes).entries()) {
		const raw = await bits.take(length);
		const opening = { segment: reader.segment(seq, raw), hash: sha256(raw) };
		// Whoever left early waits for them no more.
		opening.segment.catch(() => undefined);
		opening.hash.catch(() => undefined);
		yield opening;
	}
}

/**
 * The payloads of a final object in order; returns its end. Throws `open-failed` behind the last one, unless all of it is what
 * its manifest states: so nobody passes off other bytes under a new seal.
 */
export async function* payloadsOf(
	shop: Shop,
	object: SealedObject,
): AsyncGenerator<Bytes, PartEnd> {
	const { api, recording, signal } = shop;
	const { track, part, bytes, digest: stated, key } = object;
	const name = { recording: fromBase64url(recording), track: fromBase64url(track), part };
	const bits = new Bits(ahead(api.objectBytes({ recording, track, part, bytes }, signal), 2));
	try {
		const header = await bits.take(headerBytes);
		const reader = await PartReader.open({ key, name, header });
		const state = { digest: await reader.firstDigest(), segments: 0, payloadBytes: 0 };
		for await (const opening of ahead(openings(reader, bits, bytes), segmentsAhead)) {
			signal.throwIfAborted();
			const { type, payload } = await opening.segment;
			if (type === 'end') return demandWhole(decodeEnd(payload), { ...state, stated });
			if (type !== 'media' || payload.length === 0) break;
			state.digest = afterHash(state.digest, await opening.hash);
			state.segments++;
			state.payloadBytes += payload.length;
			yield payload;
		}
		throw new CryptoError('open-failed');
	} finally {
		await bits.close();
	}
}

/** Throws `open-failed` unless the end and the manifest state what was read. */
function demandWhole(
	end: PartEnd,
	read: { digest: Bytes; segments: number; payloadBytes: number; stated: string },
): PartEnd {
	const { digest, segments, payloadBytes, stated } = read;
	const whole =
		end.segments === segments &&
		end.mediaSegments === segments &&
		end.payloadBytes === payloadBytes &&
		equal(end.digest, digest) &&
		equal(digest, fromBase64url(stated));
	if (!whole) throw new CryptoError('open-failed');
	return end;
}

/**
 * Seals a final object anew under another key and stores it as another part, without its media ever being whole in
 * memory. Throws as `payloadsOf` and `ChunkStream`; then the new part has no end, and is none.
 */
export async function resealObject(
	shop: Shop,
	options: { from: SealedObject; to: { part: number; key: CryptoKey }; context: PartContext },
): Promise<StoredFinal> {
	const { recording, onBytes } = shop;
	const { from, to, context } = options;
	const { track } = from;
	const writer = await PartWriter.create({
		key: to.key,
		recording: fromBase64url(recording),
		track: fromBase64url(track),
		part: to.part,
		quantumLog2: quantumLog2.final,
		segmentPayloadBytes: finalPayloadBytes,
		contextHash: await contextHash(context),
	});
	const stream = new ChunkStream({ ...shop, track, part: to.part });
	await stream.add(writer.headerBytes);
	let durationUs = 0;
	async function* opened(): AsyncGenerator<Bytes> {
		const end = yield* payloadsOf(shop, from);
		({ durationUs } = end);
	}
	async function* sealed(): AsyncGenerator<Promise<Bytes>[]> {
		// Not awaited here: the writer seals in order, while more is being opened.
		for await (const payload of ahead(opened(), segmentsAhead)) {
			const segment = writer.media(payload);
			segment.catch(() => undefined);
			yield [segment];
			onBytes(payload.length);
		}
	}
	for await (const [segment] of ahead(sealed(), segmentsAhead))
		if (segment) await stream.add(await segment);
	const { segments, digest } = writer.progress;
	await stream.add(await writer.end({ durationUs }));
	await stream.flush();
	const { chunks, bytes } = stream;
	return { track, part: to.part, chunks, bytes, segments, digest: toBase64url(digest), context };
}
