import { isBusy } from '#lib/net/busy.ts';

const lookEveryMs = 5_000;
const tellEveryMs = 60_000;
const signs = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

/**
 * Watches whether somebody is at this device; a call or a recording counts as somebody.
 * Time is the larger of two clocks: one stands still while a laptop sleeps, the other can be set back.
 */
export class IdleWatch {
	#limitMs: number;
	readonly #onidle: () => void;
	readonly #onactive: () => void;
	#seen = [performance.now(), Date.now()] as const;
	#told = performance.now();
	#timer: ReturnType<typeof setInterval>;
	#looking = false;

	constructor(options: {
		limitMs: number;
		/** Nobody was there for `limitMs`. */
		onidle: () => void;
		/** Somebody is there; called at most once a minute. */
		onactive: () => void;
	}) {
		this.#limitMs = options.limitMs;
		this.#onidle = options.onidle;
		this.#onactive = options.onactive;
		for (const sign of signs) addEventListener(sign, this.seen, { passive: true, capture: true });
		document.addEventListener('visibilitychange', this.#look);
		this.#timer = this.#begin();
	}

	/** Another limit from now on; the time that nobody was here counts. */
	limit(limitMs: number): void {
		if (limitMs === this.#limitMs) return;
		this.#limitMs = limitMs;
		clearInterval(this.#timer);
		this.#timer = this.#begin();
	}

	/** Somebody is here, also when another tab says so. */
	readonly seen = (): void => {
		// A device that slept through the limit is locked before its first touch counts.
		if (this.#elapsedMs() >= this.#limitMs) return void this.#look();
		this.#seen = [performance.now(), Date.now()];
		const due = Math.min(tellEveryMs, this.#limitMs / 4);
		if (performance.now() - this.#told < due) return;
		this.#told = performance.now();
		this.#onactive();
	};

	stop(): void {
		clearInterval(this.#timer);
		for (const sign of signs) removeEventListener(sign, this.seen, { capture: true });
		document.removeEventListener('visibilitychange', this.#look);
	}

	#begin(): ReturnType<typeof setInterval> {
		return setInterval(this.#look, Math.min(lookEveryMs, this.#limitMs / 4));
	}

	#elapsedMs(): number {
		const [monotonic, wall] = this.#seen;
		return Math.max(performance.now() - monotonic, Date.now() - wall);
	}

	readonly #look = async (): Promise<void> => {
		if (this.#looking) return;
		this.#looking = true;
		const busy = await isBusy();
		this.#looking = false;
		if (busy) {
			this.#seen = [performance.now(), Date.now()];
			this.seen();
		} else if (this.#elapsedMs() >= this.#limitMs) this.#onidle();
	};
}
