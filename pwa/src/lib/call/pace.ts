/** Timers and waits of one room: they end with it. */
export class Pace {
	readonly #timers = new Set<ReturnType<typeof setTimeout>>();
	#waiting: (() => void)[] = [];

	/** Runs later, unless everything is stopped before. */
	after(ms: number, work: () => void): void {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			work();
		}, ms);
		this.#timers.add(timer);
	}

	/** Waits until something changed, at most `ms`. */
	changed(ms: number): Promise<void> {
		return new Promise((resolve) => {
			this.#waiting.push(resolve);
			this.after(Math.max(0, ms), resolve);
		});
	}

	/** Waits until `done` says so, looking whenever something changed, at most `ms`. */
	async until(ms: number, done: () => boolean): Promise<void> {
		const end = performance.now() + ms;
		while (!done() && performance.now() < end) await this.changed(end - performance.now());
	}

	/** Something changed: whoever waits looks again. */
	notice(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const resolve of waiting) resolve();
	}

	stop(): void {
		for (const timer of this.#timers) clearTimeout(timer);
		this.#timers.clear();
		this.notice();
	}
}
