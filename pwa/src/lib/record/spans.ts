import type { Awareness } from './messages.ts';
import type { Span } from './manifest.ts';

/** When it recorded and when it was paused; milliseconds of the recording. */
export class Spans {
	#done: Span[] = [];
	#now: { from: number; state: 'on' | 'paused' } | undefined = { from: 0, state: 'on' };

	/** All spans; the one that goes on has no end. */
	get all(): Span[] {
		return this.#now ? [...this.#done, { ...this.#now, to: null }] : [...this.#done];
	}

	get state(): Awareness {
		return this.#now?.state ?? 'off';
	}

	/** From `at` on it is so; false when it was so already or has ended. */
	change(state: 'on' | 'paused', at: number): boolean {
		if (!this.#now || this.#now.state === state) return false;
		this.#done.push({ ...this.#now, to: Math.max(at, this.#now.from) });
		this.#now = { from: at, state };
		return true;
	}

	end(at: number): void {
		if (this.#now) this.#done.push({ ...this.#now, to: Math.max(at, this.#now.from) });
		this.#now = undefined;
	}

	/** Recorded time without pauses at `at`. */
	elapsed(at: number): number {
		const on = this.all.filter(({ state }) => state === 'on');
		return on.reduce((sum, { from, to }) => sum + Math.max(0, (to ?? at) - from), 0);
	}
}
