import { type Bytes, equal } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { firstDigest } from './digest.ts';
import { endSegmentBytes, fixedPart, payloadOfSegment, placeOfEnd } from './fixed.ts';
import {
	type PartHeader,
	decodeHeader,
	decodeSegmentHead,
	headerBytes,
	segmentHeadBytes,
} from './layout.ts';
import { type PartEnd, decodeEnd } from './payload.ts';
import { type PartSecret, type Segment, derivePartSecret, openSegment } from './segment.ts';

/** Which part a reader means to open; another part of the same key is refused. */
export interface PartName {
	/** 16 bytes. */
	readonly recording: Bytes;
	/** 16 bytes. */
	readonly track: Bytes;
	readonly part: number;
}

/** Opens single segments of one part. It holds no position: in a fixed part any segment can be opened at any time. */
export class PartReader {
	readonly header: PartHeader;
	/** The 136 bytes it was opened with. */
	readonly headerBytes: Bytes;
	readonly #secret: PartSecret;

	private constructor(bytes: Bytes, header: PartHeader, secret: PartSecret) {
		this.headerBytes = bytes;
		this.header = header;
		this.#secret = secret;
	}

	/**
	 * Checks the commitment before anything else is read. Throws `truncated`, `bad-header` and `unknown-version` as
	 * `decodeHeader` does; `open-failed` when key or header are not those of the writer, or it is another part than meant.
	 */
	static async open(options: {
		key: CryptoKey;
		header: Uint8Array;
		name: PartName;
	}): Promise<PartReader> {
		const { key, name } = options;
		const header = decodeHeader(options.header);
		const secret = await derivePartSecret(key, header);
		const bytes = new Uint8Array(options.header.slice(0, headerBytes));
		if (!equal(secret.commitment, bytes.subarray(104))) throw new CryptoError('open-failed');
		const meant =
			equal(name.recording, header.recording) &&
			equal(name.track, header.track) &&
			name.part === header.part;
		if (!meant) throw new CryptoError('open-failed');
		return new PartReader(bytes, header, secret);
	}

	/** Whole length of the segment whose head this is. Throws as `decodeSegmentHead` does. */
	segmentLength(head: Uint8Array): number {
		return segmentHeadBytes + decodeSegmentHead(this.header, head).ciphertextBytes;
	}

	/**
	 * Opens the whole segment with number `seq`. Throws `truncated` for less than one, `open-failed` for anything the
	 * writer did not seal at that place, `unknown-version` for an authentic segment of an unknown type.
	 */
	async segment(seq: number, bytes: Uint8Array): Promise<Segment> {
		const length = this.segmentLength(bytes);
		if (bytes.length < length) throw new CryptoError('truncated');
		assert(bytes.length === length, 'not one whole segment');
		return openSegment({ header: this.header, secret: this.#secret, seq, bytes });
	}

	/**
	 * Opens the last bytes of a fixed part that is `partBytes` long and checks that the length follows from what the end
	 * states. That is the proof that nothing is missing; the segments prove themselves one by one. Throws `truncated` when the
	 * part has no end, `open-failed` when it is not this part's, TypeError for a free-length part.
	 */
	async fixedEnd(options: { tail: Uint8Array; partBytes: number }): Promise<PartEnd> {
		const { tail, partBytes } = options;
		assert(this.header.segmentPayloadBytes > 0, 'a part of free-length segments');
		if (tail.length !== endSegmentBytes(this.header)) throw new CryptoError('truncated');
		const seq = new DataView(tail.buffer, tail.byteOffset, tail.length).getUint32(4);
		const { type, payload } = await this.segment(seq, tail);
		if (type !== 'end') throw new CryptoError('truncated');
		const end = decodeEnd(payload);
		const layout = fixedPart(this.header, end.payloadBytes);
		const whole = placeOfEnd(layout).to === partBytes;
		if (!whole || end.segments !== seq || end.mediaSegments !== seq)
			throw new CryptoError('open-failed');
		return end;
	}

	/**
	 * Payload of media segment `seq` of a fixed part with `payloadBytes` in all. Throws as `segment` does, and
	 * `open-failed` when it is no media segment of the length that arithmetic gives.
	 */
	async fixedMedia(options: {
		seq: number;
		bytes: Uint8Array;
		payloadBytes: number;
	}): Promise<Bytes> {
		const { seq, bytes, payloadBytes } = options;
		const place = payloadOfSegment(fixedPart(this.header, payloadBytes), seq);
		const { type, payload } = await this.segment(seq, bytes);
		if (type !== 'media' || payload.length !== place.to - place.from)
			throw new CryptoError('open-failed');
		return payload;
	}

	/** The running digest before the first segment. */
	firstDigest(): Promise<Bytes> {
		return firstDigest(this.headerBytes);
	}
}
