import type { Clock } from './clock.ts';
import { ServerError } from './errors.ts';

/** Names whose tries are remembered at once. */
const namesMax = 50_000;

/** Counts tries of something that can be guessed, in windows that begin with the first try. */
export class Tries {
	readonly #windows = new Map<string, { count: number; until: number }>();
	readonly #clock: Clock;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Counts one try. Throws `too-many-tries` with the seconds to wait when there were `max` already. */
	count(name: string, options: { max: number; windowMs: number }): void {
		const now = this.#clock.monotonic();
		let window = this.#windows.get(name);
		if (!window || window.until <= now) {
			if (this.#windows.size >= namesMax) this.#sweep(now);
			window = { count: 0, until: now + options.windowMs };
			this.#windows.set(name, window);
		}
		if (window.count >= options.max)
			throw new ServerError('too-many-tries', { next: Math.ceil((window.until - now) / 1000) });
		window.count += 1;
	}

	/** Forgets the tries of a name after it succeeded. */
	forgive(name: string): void {
		this.#windows.delete(name);
	}

	#sweep(now: number): void {
		for (const [name, { until }] of this.#windows) if (until <= now) this.#windows.delete(name);
		// Everything is fresh: somebody makes names up. The oldest go.
		for (const name of this.#windows.keys()) {
			if (this.#windows.size < namesMax) return;
			this.#windows.delete(name);
		}
	}
}
