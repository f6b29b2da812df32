/** Network candidates come in bursts: those of so many milliseconds go together. */
const burstMs = 5;
/** Signals in one message, and their characters together. */
const mostSignals = 32;
const mostCharacters = 24_000;

/** What one connection has to signal, on its way to the other page in as few messages as there need be. */
export class Outgoing {
	readonly #send: (signals: string[]) => void;
	#held: boolean;
	#signals: string[] = [];
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** `send` gets one message's worth; while `held` nothing is sent. */
	constructor(options: { held: boolean; send: (signals: string[]) => void }) {
		this.#held = options.held;
		this.#send = options.send;
	}

	/** In the order in which they were made; a description goes at once, with what waited before it. */
	push(signal: string): void {
		this.#signals.push(signal);
		if (this.#held) return;
		if (isCandidate(signal)) this.#timer ??= setTimeout(() => this.#flush(), burstMs);
		else this.#flush();
	}

	/** From now on it is sent, beginning with everything that waited. */
	release(): void {
		this.#held = false;
		this.#flush();
	}

	#flush(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		while (this.#signals.length > 0) {
			let [count, characters] = [0, 0];
			for (const { length } of this.#signals.slice(0, mostSignals)) {
				characters += length;
				if (count > 0 && characters > mostCharacters) break;
				count++;
			}
			this.#send(this.#signals.splice(0, count));
		}
	}
}

const isCandidate = (signal: string): boolean => signal.startsWith('{"type":"candidate"');
