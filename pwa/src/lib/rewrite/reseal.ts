import { type Bytes, equal, fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type PartContext, contextHash } from '#crypto/track/digest.ts';
import { finalPayloadBytes } from '#crypto/track/layout.ts';
import type { PartEnd } from '#crypto/track/payload.ts';
import { readSegments } from '#crypto/track/verdict.ts';
import { PartWriter } from '#crypto/track/writer.ts';
import type { RecordingsApi } from '#lib/record/api.ts';
import { ChunkStream, type StoredFinal } from '#lib/record/final.ts';
import { quantumLog2 } from '#lib/record/parts.ts';
import type { Pauses } from '#lib/record/retry.ts';
import { ahead } from './ahead.ts';

/** Segments on their way at once, at each step. */
const segmentsAhead = 16;

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
	readonly api: RecordingsApi;
	readonly pauses: Pauses;
	readonly recording: string;
	readonly signal: AbortSignal;
	readonly onBytes: (bytes: number) => void;
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
	const { track, part, bytes, digest, key } = object;
	const name = { recording: fromBase64url(recording), track: fromBase64url(track), part };
	const source = ahead(api.objectBytes({ recording, track, part, bytes }, signal), 2);
	const segments = readSegments({ key, name, source });
	for (;;) {
		signal.throwIfAborted();
		const { done, value } = await segments.next();
		if (!done) {
			yield value.payload;
			continue;
		}
		const { verdict, end } = value;
		if (verdict !== 'complete' || !end || !equal(value.digest, fromBase64url(digest)))
			throw new CryptoError('open-failed');
		return end;
	}
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
