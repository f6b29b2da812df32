import type { Bytes } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type ByteRange,
	type FixedPart,
	endSegmentBytes,
	fixedPart,
	placeOfSegment,
	payloadOfSegment,
	segmentsOfRange,
} from '#crypto/track/fixed.ts';
import { headerBytes } from '#crypto/track/layout.ts';
import { type PartName, PartReader } from '#crypto/track/reader.ts';

/** Gives the sealed bytes of a range as they come. It may end early; it throws where there is no way to them. */
export type SealedSource = (range: ByteRange) => Promise<AsyncIterable<Uint8Array>>;

async function collect(pieces: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
	const whole = new Uint8Array(length);
	let at = 0;
	for await (const piece of pieces) {
		if (at + piece.length > length) throw new CryptoError('open-failed');
		whole.set(piece, at);
		at += piece.length;
	}
	return whole.subarray(0, at);
}

/** Read together with the header: what a player asks for first lies there. */
const aheadBytesDefault = 256 * 1024;
/** Segments that are opened while the player takes an earlier one. */
const openAtOnce = 4;

/** One final object: any range of what is inside, opened from only the segments that hold it. */
export class SealedMedia {
	/** Length of what is inside. */
	readonly size: number;
	/** Payload of every segment but the last. */
	readonly segmentPayloadBytes: number;
	readonly #reader: PartReader;
	readonly #layout: FixedPart;
	readonly #source: SealedSource;
	/** The first bytes of the object, still sealed. */
	readonly #ahead: Uint8Array;

	private constructor(options: {
		reader: PartReader;
		layout: FixedPart;
		source: SealedSource;
		ahead: Uint8Array;
	}) {
		const { reader, layout, source, ahead } = options;
		this.size = layout.payloadBytes;
		this.segmentPayloadBytes = layout.segmentPayloadBytes;
		this.#reader = reader;
		this.#layout = layout;
		this.#source = source;
		this.#ahead = ahead;
	}

	/**
	 * Reads the header and the end, so a wrong key, another object and missing bytes are refused before anything plays.
	 * Throws CryptoError as `PartReader.open` and `fixedEnd` do, and what `source` throws.
	 */
	static async open(options: {
		key: CryptoKey;
		name: PartName;
		partBytes: number;
		source: SealedSource;
		aheadBytes?: number;
	}): Promise<SealedMedia> {
		const { key, name, partBytes, source, aheadBytes = aheadBytesDefault } = options;
		const part = async (from: number, to: number) => collect(await source({ from, to }), to - from);
		const last = async (length: number) => {
			if (partBytes < headerBytes + length) throw new CryptoError('truncated');
			return part(partBytes - length, partBytes);
		};
		// Both at once, because final objects are not padded and the end has one length then.
		const [ahead, unpadded] = await Promise.all([
			part(0, Math.min(Math.max(aheadBytes, headerBytes), partBytes)),
			last(endSegmentBytes({ quantumLog2: 0 })),
		]);
		const reader = await PartReader.open({ key, name, header: ahead });
		const { header } = reader;
		if (header.segmentPayloadBytes === 0) throw new CryptoError('bad-header');
		const length = endSegmentBytes(header);
		const tail = length === unpadded.length ? unpadded : await last(length);
		const end = await reader.fixedEnd({ tail, partBytes });
		const layout = fixedPart(header, end.payloadBytes);
		return new SealedMedia({ reader, layout, source, ahead });
	}

	/**
	 * What lies in `range`, segment by segment. Memory is bounded by a few segments. Throws `open-failed` or
	 * `truncated` at the first segment that is not as it was sealed; what came before it is intact.
	 */
	async *read(range: ByteRange): AsyncGenerator<Bytes> {
		const opening: Promise<Bytes>[] = [];
		try {
			for await (const { seq, bytes } of this.#segments(range)) {
				const opened = this.#open(seq, bytes, range);
				// Whoever waits for it hears of a failure; until then it must not count as unheard.
				opened.catch(() => undefined);
				opening.push(opened);
				const first = opening.length >= openAtOnce ? opening.shift() : undefined;
				if (first) yield await first;
			}
		} catch (error) {
			for (const opened of opening) yield await opened;
			throw error;
		}
		for (const opened of opening) yield await opened;
	}

	/** The sealed segments that hold a range, as they come. */
	async *#segments(range: ByteRange): AsyncGenerator<{ seq: number; bytes: Uint8Array }> {
		const run = segmentsOfRange(this.#layout, range);
		let seq = run.first;
		let held = new Uint8Array(this.#lengthOf(seq));
		let have = 0;
		for await (const piece of this.#pieces(run.place)) {
			let rest = piece;
			while (rest.length > 0) {
				if (seq > run.last) throw new CryptoError('open-failed');
				const taken = rest.subarray(0, held.length - have);
				held.set(taken, have);
				have += taken.length;
				rest = rest.subarray(taken.length);
				if (have < held.length) break;
				yield { seq, bytes: held };
				seq++;
				have = 0;
				if (seq <= run.last) held = new Uint8Array(this.#lengthOf(seq));
			}
		}
		if (seq <= run.last) throw new CryptoError('truncated');
	}

	/** Sealed bytes: what is here already, then what has to come. */
	async *#pieces({ from, to }: ByteRange): AsyncGenerator<Uint8Array> {
		const here = this.#ahead.subarray(from, to);
		const next = from + here.length;
		if (here.length > 0) yield here;
		if (next < to) yield* await this.#source({ from: next, to });
	}

	#lengthOf(seq: number): number {
		const place = placeOfSegment(this.#layout, seq);
		return place.to - place.from;
	}

	async #open(seq: number, bytes: Uint8Array, range: ByteRange): Promise<Bytes> {
		const place = payloadOfSegment(this.#layout, seq);
		const payload = await this.#reader.fixedMedia({ seq, bytes, payloadBytes: this.size });
		const from = Math.max(0, range.from - place.from);
		return payload.subarray(from, Math.min(payload.length, range.to - place.from));
	}
}
