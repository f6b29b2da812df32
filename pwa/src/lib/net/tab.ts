/** Something that one tab of this browser may hold at a time: a seat in a call (Web Locks API). */
export class TabLock {
	readonly #name: string;
	readonly #onlost: () => void;
	#release: (() => void) | undefined;

	/** `onlost` is called when another tab took it over. */
	constructor(name: string, onlost: () => void) {
		this.#name = name;
		this.#onlost = onlost;
	}

	/** False when another tab holds it; with `steal` that one loses it instead. */
	async take(steal: boolean): Promise<boolean> {
		if (this.#release) return true;
		const held = Promise.withResolvers<void>();
		const got = Promise.withResolvers<boolean>();
		navigator.locks
			.request(this.#name, steal ? { steal } : { ifAvailable: true }, (lock) => {
				if (lock) this.#release = held.resolve;
				got.resolve(lock !== null);
				return lock === null ? undefined : held.promise;
			})
			.catch(() => this.#lost());
		return got.promise;
	}

	#lost(): void {
		if (!this.#release) return;
		this.#release = undefined;
		this.#onlost();
	}

	release(): void {
		this.#release?.();
		this.#release = undefined;
	}
}
