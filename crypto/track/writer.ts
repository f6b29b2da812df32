import { type Bytes, concat, random, sha256 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { afterHash, firstDigest } from './digest.ts';
import {
	type PartHeader,
	type SegmentType,
	encodeHeaderStart,
	headerBytes,
	payloadBytesMax,
	segmentTypes,
	segmentsMax,
} from './layout.ts';
import { type IndexEntry, encodeEnd, encodeIndex } from './payload.ts';
import { type PartSecret, derivePartSecret, sealSegment } from './segment.ts';

/** How far a part has come: what a signed checkpoint states. */
export interface PartProgress {
	/** Segments so far. */
	readonly segments: number;
	/** Bytes of header and segments so far. */
	readonly partBytes: number;
	/** 32 bytes: the running digest over them. */
	readonly digest: Bytes;
}

/**
 * Seals one part, segment after segment. One-shot: it picks its salt, counts its nonces and is closed by
 * `end()`; a part is never taken up again. Calls may overlap, the results come in the order of the calls.
 */
export class PartWriter {
	/** The 136 bytes that go before the first segment. */
	readonly headerBytes: Bytes;
	readonly header: PartHeader;
	readonly #secret: PartSecret;
	#progress: PartProgress;
	#taken = 0;
	#mediaSegments = 0;
	#payloadBytes = 0;
	#closed = false;
	#short = false;
	#queue: Promise<unknown> = Promise.resolve();

	private constructor(options: {
		header: PartHeader;
		bytes: Bytes;
		secret: PartSecret;
		digest: Bytes;
	}) {
		this.header = options.header;
		this.headerBytes = options.bytes;
		this.#secret = options.secret;
		this.#progress = { segments: 0, partBytes: headerBytes, digest: options.digest };
	}

	/** A part with a fresh salt under an imported track key. Throws TypeError for fields out of range. */
	static async create(options: { key: CryptoKey } & Omit<PartHeader, 'salt'>): Promise<PartWriter> {
		const { key, ...fields } = options;
		const header = { ...fields, salt: random(24) };
		const secret = await derivePartSecret(key, header);
		const bytes = concat(encodeHeaderStart(header), secret.commitment);
		return new PartWriter({ header, bytes, secret, digest: await firstDigest(bytes) });
	}

	/** How far it has come, counting only segments that were handed out. */
	get progress(): PartProgress {
		return this.#progress;
	}

	/**
	 * A media segment. Throws TypeError for an empty or too long payload, in a fixed part also for any length but the
	 * fixed one unless it is the last, and after the end; `exhausted` past the greatest number of segments.
	 */
	async media(payload: Uint8Array): Promise<Bytes> {
		const { segmentPayloadBytes } = this.header;
		assert(payload.length > 0 && payload.length <= payloadBytesMax, 'payload out of range');
		if (segmentPayloadBytes > 0) {
			assert(!this.#short, 'only the last segment of a fixed part is shorter');
			assert(payload.length <= segmentPayloadBytes, 'longer than the fixed length');
			this.#short = payload.length < segmentPayloadBytes;
		}
		// It is copied before this call gives anything back.
		const segment = this.#seal('media', payload);
		this.#mediaSegments++;
		this.#payloadBytes += payload.length;
		return segment;
	}

	/** An index of segments before it. Throws TypeError in a fixed part (arithmetic does it) and as `media` does. */
	async index(entries: readonly IndexEntry[]): Promise<Bytes> {
		assert(this.header.segmentPayloadBytes === 0, 'a fixed part has no index');
		return this.#seal('index', encodeIndex(entries));
	}

	/** A signed checkpoint inside the part. Throws TypeError in a fixed part and as `media` does. */
	async checkpoint(signed: Uint8Array): Promise<Bytes> {
		assert(this.header.segmentPayloadBytes === 0, 'a fixed part has no checkpoints');
		return this.#seal('checkpoint', signed.slice());
	}

	/** The end segment; nothing can follow. `durationUs` is the media time in microseconds. Throws as `media` does. */
	async end(options: { durationUs: number }): Promise<Bytes> {
		const segments = this.#taken;
		const mediaSegments = this.#mediaSegments;
		const payloadBytes = this.#payloadBytes;
		return this.#seal('end', (digest) =>
			encodeEnd({ segments, mediaSegments, payloadBytes, digest, ...options }),
		);
	}

	#seal(type: SegmentType, payload: Uint8Array | ((digest: Bytes) => Bytes)): Promise<Bytes> {
		assert(!this.#closed, 'the part has ended');
		if (this.#taken >= segmentsMax) throw new CryptoError('exhausted');
		if (type === 'end') this.#closed = true;
		const seq = this.#taken++;
		// What does not depend on those before it is sealed at once; the digest takes turns.
		const ready = typeof payload === 'function' ? undefined : this.#hashed(seq, type, payload);
		ready?.catch(() => undefined);
		const sealed = this.#queue.then(async () => {
			const { segments, partBytes, digest } = this.#progress;
			// A failed call leaves a hole, after which nothing may be handed out.
			assert(segments === seq, 'a segment before this one failed');
			const own = typeof payload === 'function' ? payload(digest) : payload;
			const { bytes, hash } = await (ready ?? this.#hashed(seq, type, own));
			this.#progress = {
				segments: seq + 1,
				partBytes: partBytes + bytes.length,
				digest: afterHash(digest, hash),
			};
			return bytes;
		});
		this.#queue = sealed.catch(() => undefined);
		return sealed;
	}

	/** The only place that seals: `seq` was taken for this payload alone. */
	async #hashed(
		seq: number,
		type: SegmentType,
		payload: Uint8Array,
	): Promise<{ bytes: Bytes; hash: Bytes }> {
		const { header } = this;
		const secret = this.#secret;
		const bytes = await sealSegment({ header, secret, seq, type: segmentTypes[type], payload });
		return { bytes, hash: await sha256(bytes) };
	}
}
