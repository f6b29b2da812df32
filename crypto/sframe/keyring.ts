import { type Bytes, concat } from '#crypto/bytes.ts';
import { assert } from '#crypto/errors.ts';
import { type FrameKey, importFrameKey, openFrame } from './cipher.ts';
import { kidOf, slotOf } from './kid.ts';

/** Generations that a keyring holds at once; adding one more forgets the lowest. */
export const generationsMax = 4;

interface Generation {
	readonly generation: number;
	readonly keys: ReadonlyMap<bigint, FrameKey>;
}

/** A frame that was opened: who sealed it, when, and what was inside. */
export interface OpenedFrame {
	readonly leaf: number;
	readonly generation: number;
	/** Counter of the sender. */
	readonly ctr: bigint;
	/** With the clear bytes in front again. */
	readonly payload: Bytes;
}

/** The keys to open frames with, of the last few generations. */
export class SFrameKeyring {
	/** By `generation mod 16`, which is all that a frame says. */
	readonly #slots = new Map<number, Generation>();

	/** Generations held, lowest first. */
	get generations(): number[] {
		return Array.from(this.#slots.values(), (slot) => slot.generation).toSorted((a, b) => a - b);
	}

	/**
	 * Opens frames of these leaves in this generation from now on; give only the leaves whose frames may come here.
	 * Whatever held the same place among 16 is forgotten, and the lowest generation when there are more than 4.
	 * Throws TypeError when a higher generation holds the place, for a leaf above 7, a base key that is not 16 bytes.
	 */
	async add(options: {
		baseKey: Bytes;
		generation: number;
		leaves: readonly number[];
	}): Promise<void> {
		const { baseKey, generation, leaves } = options;
		const kids = leaves.map((leaf) => kidOf({ leaf, generation }));
		const load = async (kid: bigint): Promise<[bigint, FrameKey]> => [
			kid,
			await importFrameKey({ baseKey, kid, usage: 'decrypt' }),
		];
		const keys = new Map(await Promise.all(kids.map(load)));
		const place = slotOf(generation);
		const there = this.#slots.get(place);
		assert(!there || there.generation <= generation, 'a higher generation is there already');
		this.#slots.set(place, { generation, keys });
		for (const lowest of this.generations.slice(0, -generationsMax)) this.forget(lowest);
	}

	/** Opens no frame of this generation any more. */
	forget(generation: number): void {
		const place = slotOf(generation);
		if (this.#slots.get(place)?.generation === generation) this.#slots.delete(place);
	}

	/** Opens no frame of any generation below this one any more. */
	forgetBefore(generation: number): void {
		for (const held of this.generations) if (held < generation) this.forget(held);
	}

	/** Opens nothing any more. */
	forgetAll(): void {
		this.#slots.clear();
	}

	/**
	 * Opens `clear bytes || header || ciphertext || tag`, the first `clear` bytes of which were left readable.
	 * Rejects with `no-key` for a leaf or generation that is not here, `truncated`, `bad-header`, `too-large`, and
	 * `open-failed` for everything that this key did not seal exactly so.
	 */
	async openFrame(frame: Bytes, clear = 0): Promise<OpenedFrame> {
		let from: Generation | undefined;
		const keyOf = (kid: bigint): FrameKey | undefined => {
			// A KID above 7 bits has no meaning here and finds nothing in the map.
			from = this.#slots.get(Number(kid & 15n));
			return from?.keys.get(kid);
		};
		const { kid, ctr, payload } = await openFrame({ keyOf, frame, clear });
		assert(from !== undefined, 'a frame was opened with a key of some generation');
		return { leaf: Number(kid >> 4n), generation: from.generation, ctr, payload };
	}

	/** `openFrame` where the clear bytes (`metadata`) and the SFrame ciphertext come apart. Rejects as it does. */
	async open(
		metadata: Bytes,
		frame: Bytes,
	): Promise<{ leaf: number; generation: number; plaintext: Bytes }> {
		const opened = await this.openFrame(concat(metadata, frame), metadata.length);
		const { leaf, generation, payload } = opened;
		return { leaf, generation, plaintext: payload.subarray(metadata.length) };
	}
}
