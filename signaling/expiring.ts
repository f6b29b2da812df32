import type { Clock } from './clock.ts';

/** A map whose entries run out, and which never holds more than `max`: the oldest go first. */
export class Expiring<Value> {
	readonly #entries = new Map<string, { value: Value; until: number }>();
	readonly #clock: Clock;
	readonly #lifeMs: number;
	readonly #max: number;

	constructor(options: { clock: Clock; lifeMs: number; max: number }) {
		this.#clock = options.clock;
		this.#lifeMs = options.lifeMs;
		this.#max = options.max;
	}

	set(key: string, value: Value): void {
		this.#entries.delete(key);
		this.#sweep();
		this.#entries.set(key, { value, until: this.#clock.monotonic() + this.#lifeMs });
	}

	get(key: string): Value | undefined {
		const entry = this.#entries.get(key);
		if (!entry) return undefined;
		if (this.#clock.monotonic() < entry.until) return entry.value;
		this.#entries.delete(key);
		return undefined;
	}

	/** Gives an entry out once. */
	take(key: string): Value | undefined {
		const value = this.get(key);
		this.#entries.delete(key);
		return value;
	}

	deleteWhere(test: (value: Value) => boolean): void {
		for (const [key, { value }] of this.#entries) if (test(value)) this.#entries.delete(key);
	}

	/** All entries live equally long, so the map's own order is the order in which they run out. */
	#sweep(): void {
		const now = this.#clock.monotonic();
		for (const [key, { until }] of this.#entries) {
			if (until > now && this.#entries.size < this.#max) return;
			this.#entries.delete(key);
		}
	}
}
