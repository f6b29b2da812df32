import { type Bytes, sha256, toHex } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { type FrameKey, frameSizeMax, importFrameKey, sealFrame } from './cipher.ts';
import { kidOf } from './kid.ts';

/** Frames that one sender may seal, far below where AES-GCM wears out. */
export const framesMax = 2 ** 32;

/** Keys that have a sender in this realm: a second one would start the counter, and so the nonces, again. */
const taken = new Set<string>();

/**
 * Seals the frames of one leaf in one generation. It alone counts, so no nonce repeats: make ONE per epoch, in one
 * worker, and let all transforms of the page share it.
 */
export class SFrameSender {
	readonly leaf: number;
	readonly generation: number;
	readonly #kid: bigint;
	readonly #key: FrameKey;
	readonly #limit: number;
	#next = 0;

	private constructor(options: SenderOptions, key: FrameKey) {
		this.leaf = options.leaf;
		this.generation = options.generation;
		this.#kid = kidOf(options);
		this.#key = key;
		this.#limit = options.limit ?? framesMax;
	}

	/**
	 * The sender of a leaf. `limit` lowers the number of frames it may seal.
	 * Throws TypeError for a leaf above 7, a base key that is not 16 bytes, and a second sender of the same key.
	 */
	static async create(options: SenderOptions): Promise<SFrameSender> {
		const { baseKey, limit = framesMax } = options;
		assert(Number.isInteger(limit) && limit > 0 && limit <= framesMax, 'limit is 1 to 2^32');
		const kid = kidOf(options);
		const name = toHex(await sha256(baseKey, Uint8Array.of(Number(kid))));
		assert(!taken.has(name), 'this key has a sender already');
		taken.add(name);
		return new SFrameSender(options, await importFrameKey({ baseKey, kid, usage: 'encrypt' }));
	}

	/** Frames sealed so far. */
	get sealed(): number {
		return this.#next;
	}

	/**
	 * `clear bytes || SFrame header || ciphertext || tag`; AAD is `header || clear bytes`.
	 * Rejects with `exhausted` when the limit is reached, `truncated` when the payload is shorter than its clear
	 * bytes, `too-large` above 4 MiB.
	 */
	async seal(payload: Bytes, clear = 0): Promise<Bytes> {
		if (payload.length < clear) throw new CryptoError('truncated');
		if (payload.length > frameSizeMax) throw new CryptoError('too-large');
		if (this.#next >= this.#limit) throw new CryptoError('exhausted');
		// Counted before the first await, so frames sealed at once never share a counter.
		const ctr = BigInt(this.#next++);
		return sealFrame({ frameKey: this.#key, kid: this.#kid, ctr, payload, clear });
	}
}

interface SenderOptions {
	/** 16 bytes, from `Epoch.sframeBaseKey()`. */
	baseKey: Bytes;
	leaf: number;
	generation: number;
	limit?: number;
}
