import { type Bytes, toHex } from '#crypto/bytes.ts';

/** Most unused packages of one identity that the shelf holds. */
export const shelfMax = 8;

/** The server's part of a call, in this process: a shelf of key packages, and epochs by compare-and-set. It knows no keys. */
export class FakeRelay {
	readonly #welcomes = new Map<number, Bytes>();
	readonly #shelf = new Map<string, Bytes[]>();

	/** The highest generation that was taken. */
	get generation(): number {
		return this.#welcomes.size;
	}

	/** Puts packages on the shelf of an identity. */
	post(key: Bytes, packages: readonly Bytes[]): void {
		const there = this.#shelf.get(toHex(key)) ?? [];
		this.#shelf.set(toHex(key), [...there, ...packages]);
	}

	/** Packages of an identity that nobody took yet. */
	stock(key: Bytes): number {
		return this.#shelf.get(toHex(key))?.length ?? 0;
	}

	/** One package of an identity; nobody gets it again. */
	take(key: Bytes): Bytes | undefined {
		return this.#shelf.get(toHex(key))?.shift();
	}

	/** Throws the packages of an identity away, as when its page was closed. */
	clear(key: Bytes): void {
		this.#shelf.delete(toHex(key));
	}

	/** Takes a Welcome as the next generation; false when that generation is taken already, or not the next. */
	offer(generation: number, welcome: Bytes): boolean {
		if (generation !== this.generation + 1) return false;
		this.#welcomes.set(generation, welcome);
		return true;
	}

	/** The Welcomes of all generations above this one. */
	after(generation: number): [number, Bytes][] {
		return Array.from(this.#welcomes).filter(([taken]) => taken > generation);
	}
}
