/** HTMLMediaElement.readyState: the current picture, and enough to go on. */
const haveCurrentData = 2;
const haveFutureData = 3;
const settleTimeoutMs = 15_000;
const lookMs = 40;
/** An answer that waits at altered bytes from before a seek is let go by the element after a while. */
const staleHeldMs = 1_200;

/** One person's media element, spoken to in milliseconds of that person's own media. */
export class Deck {
	readonly element: HTMLMediaElement;
	/** Set while the speed is changed to catch up. */
	correcting = false;
	/** Whether an answer to this element waits at bytes that are not as they were sealed. */
	#held = false;
	#timesHeld = 0;

	constructor(element: HTMLMediaElement) {
		this.element = element;
	}

	get atMs(): number {
		return this.element.currentTime * 1000;
	}

	get held(): boolean {
		return this.#held;
	}

	setHeld(held: boolean): void {
		this.#held = held;
		if (held) this.#timesHeld++;
	}

	/** Whether pictures and sound are moving right now. */
	get running(): boolean {
		const { paused, seeking, ended, readyState } = this.element;
		return !paused && !seeking && !ended && readyState >= haveCurrentData;
	}

	/** Whether it could go on at once. */
	get ready(): boolean {
		const { seeking, ended, readyState } = this.element;
		return !seeking && (ended || readyState >= haveFutureData);
	}

	get failed(): boolean {
		return this.element.error !== null;
	}

	/** Whether it has come to the end of its media. */
	get ended(): boolean {
		return this.element.ended;
	}

	/** Goes to a place and resolves when it shows it; false when it could not be reached. */
	async seek(atMs: number): Promise<boolean> {
		const { element } = this;
		this.correcting = false;
		element.currentTime = Math.max(0, atMs / 1000);
		return this.#until(() => !element.seeking && element.readyState >= haveCurrentData);
	}

	/** Resolves when it could go on; false when it cannot. */
	async settle(): Promise<boolean> {
		return this.#until(() => this.ready);
	}

	/** Starts; false when the browser does not let it. */
	async play(): Promise<boolean> {
		try {
			await this.element.play();
			return true;
		} catch (error) {
			// A pause that came before the start was through, or no permission to make a sound.
			if (error instanceof DOMException) return !this.element.paused;
			throw error;
		}
	}

	/** Waits for `done`, as long as there is hope: no error, not held at altered bytes, fifteen seconds. */
	async #until(done: () => boolean): Promise<boolean> {
		const { element } = this;
		const timesHeld = this.#timesHeld;
		const startedAt = performance.now();
		return new Promise((resolve) => {
			const look = () => {
				const waitedMs = performance.now() - startedAt;
				const stuck = this.#held && (this.#timesHeld > timesHeld || waitedMs > staleHeldMs);
				if (!done() && !stuck && !this.failed && waitedMs < settleTimeoutMs) return;
				clearInterval(timer);
				for (const event of ['seeked', 'canplay']) element.removeEventListener(event, look);
				resolve(done());
			};
			const timer = setInterval(look, lookMs);
			for (const event of ['seeked', 'canplay']) element.addEventListener(event, look);
			look();
		});
	}

	pause(): void {
		this.element.pause();
	}
}

/** Behind an altered place a start is tried at each of these steps. */
const skipStepMs = 1_000;
const skipStepsMax = 120;

/** The first time behind `range.from` at which the deck opens again; `range.to` where it does not before. */
export async function openingBehind(
	deck: Deck,
	range: { from: number; to: number },
): Promise<number> {
	for (let step = 1; step <= skipStepsMax; step++) {
		const at = range.from + step * skipStepMs;
		if (at >= range.to) break;
		if (await deck.seek(at)) return at;
	}
	return range.to;
}
