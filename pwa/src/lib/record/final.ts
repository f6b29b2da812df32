import { type Bytes, concat, equal, fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { type PartContext, contextHash } from '#crypto/track/digest.ts';
import { finalPayloadBytes } from '#crypto/track/layout.ts';
import { readPart } from '#crypto/track/verdict.ts';
import { PartWriter } from '#crypto/track/writer.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { RecordingsApi } from './api.ts';
import { quantumLog2 } from './parts.ts';
import { type Pauses, persist } from './retry.ts';

/** A final object's chunks are runs of whole segments of at most so many bytes. */
const chunkBytesMax = 1024 * 1024;

/** An object as it lies at the server. */
export interface StoredFinal {
	readonly track: string;
	readonly part: number;
	readonly chunks: number;
	readonly bytes: number;
	readonly segments: number;
	readonly digest: string;
	readonly context: PartContext;
}

interface Sealing {
	readonly api: Pick<RecordingsApi, 'putChunk'>;
	readonly pauses: Pauses;
	readonly recording: string;
	readonly track: string;
	readonly part: number;
	readonly key: CryptoKey;
	readonly signal: AbortSignal;
}

/** Puts chunk after chunk, each as often as it takes. */
export class ChunkStream {
	readonly #to: Omit<Sealing, 'key'>;
	#held: Uint8Array[] = [];
	#heldBytes = 0;
	chunks = 0;
	bytes = 0;

	constructor(to: Omit<Sealing, 'key'>) {
		this.#to = to;
	}

	/** Takes a whole segment. */
	async add(segment: Uint8Array): Promise<void> {
		if (this.#heldBytes + segment.length > chunkBytesMax) await this.flush();
		this.#held.push(segment);
		this.#heldBytes += segment.length;
	}

	/** Stores what is held. */
	async flush(): Promise<void> {
		if (this.#heldBytes === 0) return;
		const bytes = concat(...this.#held);
		const { api, pauses, recording, track, part, signal } = this.#to;
		const place = { recording, track, part, chunk: this.chunks };
		await persist(() => api.putChunk(place, bytes, signal), { pauses, signal });
		this.chunks++;
		this.bytes += bytes.length;
		this.#held = [];
		this.#heldBytes = 0;
	}
}

/** Seals a file of known length as a final object and stores it while it is made. `onBytes` counts its bytes. */
export async function sealFinal(
	options: Sealing & {
		pieces: AsyncIterable<Bytes>;
		context: PartContext;
		durationMs: number;
		onBytes: (bytes: number) => void;
	},
): Promise<StoredFinal> {
	const { key, recording, track, part, pieces, context, durationMs, onBytes } = options;
	const writer = await PartWriter.create({
		key,
		recording: fromBase64url(recording),
		track: fromBase64url(track),
		part,
		quantumLog2: quantumLog2.final,
		segmentPayloadBytes: finalPayloadBytes,
		contextHash: await contextHash(context),
	});
	const stream = new ChunkStream(options);
	await stream.add(writer.headerBytes);
	const payload = new Uint8Array(finalPayloadBytes);
	let filled = 0;
	for await (const piece of pieces) {
		options.signal.throwIfAborted();
		for (let at = 0; at < piece.length;) {
			const take = Math.min(piece.length - at, payload.length - filled);
			payload.set(piece.subarray(at, at + take), filled);
			at += take;
			filled += take;
			if (filled < payload.length) continue;
			await stream.add(await writer.media(payload));
			filled = 0;
		}
		onBytes(piece.length);
	}
	if (filled > 0) await stream.add(await writer.media(payload.subarray(0, filled)));
	const { segments, digest } = writer.progress;
	await stream.add(await writer.end({ durationUs: durationMs * 1000 }));
	await stream.flush();
	const { chunks, bytes } = stream;
	return { track, part, chunks, bytes, segments, digest: toBase64url(digest), context };
}

/** Reads a final object back from the server and opens all of it. Throws `open-failed` unless it is what was sealed. */
export async function verifyFinal(options: {
	api: Pick<RecordingsApi, 'objectBytes'>;
	recording: string;
	key: CryptoKey;
	stored: StoredFinal;
	signal: AbortSignal;
	onBytes: (bytes: number) => void;
}): Promise<void> {
	const { api, recording, key, stored, signal, onBytes } = options;
	const { track, part, bytes, segments, digest } = stored;
	const verdict = await readPart({
		key,
		name: { recording: fromBase64url(recording), track: fromBase64url(track), part },
		source: api.objectBytes({ recording, track, part, bytes }, signal),
		onSegment: ({ payload }) => onBytes(payload.length),
	});
	const same = verdict.segments === segments && equal(verdict.digest, fromBase64url(digest));
	if (verdict.verdict !== 'complete' || !same) throw new CryptoError('open-failed');
}
