/** A picture has a key frame at least so often: a player can seek there. */
const everyMs = 8000;
/** A stream is not asked more often than this. */
const askMs = 1000;

/** Asks the senders of pictures for key frames: when one is waited for, and every 8 s. */
export class KeyFrames {
	readonly #ask: (src: string) => void;
	readonly #streams = new Map<string, { askedMs: number; keyMs: number }>();

	constructor(ask: (src: string) => void) {
		this.#ask = ask;
	}

	/** A frame of a picture came; `needed` while frames are thrown away for want of a key frame. */
	saw(frame: { src: string; key: boolean; ref: number }, needed: boolean): void {
		const { src, key, ref } = frame;
		const stream = this.#streams.get(src) ?? { askedMs: 0, keyMs: ref };
		this.#streams.set(src, stream);
		if (key) stream.keyMs = ref;
		const due = (needed && !key) || ref - stream.keyMs >= everyMs;
		if (!due || ref - stream.askedMs < askMs) return;
		stream.askedMs = ref;
		this.#ask(src);
	}
}
