const windowMs = 10_000;
const slewMsPerFrame = 0.5;
/** A difference above this is no drift but a jump: a sleep, or a stream that stood still. */
const jumpMs = 200;

/**
 * Turns the RTP time of one stream into the clock of this device. The offset is the smallest difference between receive
 * time and RTP time of the last 10 s (the frame that waited least), followed slowly so that time never jumps.
 */
export class SourceClock {
	readonly #rateHz: number;
	#last: number | undefined;
	#ticks = 0;
	#offsetMs: number | undefined;
	/** Differences of the window that no later one undercuts, ascending. */
	#lowest: { ref: number; difference: number }[] = [];

	constructor(rateHz: 48_000 | 90_000) {
		this.#rateHz = rateHz;
	}

	/** Takes a frame in the order of arrival: RTP time u32, receive time in ms. Gives its unwrapped RTP time in ms. */
	take(frame: { rtp: number; ref: number }): number {
		const { rtp, ref } = frame;
		// RFC 3550 §5.1: 32 bits that wrap; the shorter way round is the right one, backwards too.
		this.#ticks += this.#last === undefined ? 0 : (rtp - this.#last) | 0;
		this.#last = rtp;
		const rtpMs = (this.#ticks / this.#rateHz) * 1000;
		const difference = ref - rtpMs;
		while ((this.#lowest.at(-1)?.difference ?? -Infinity) >= difference) this.#lowest.pop();
		this.#lowest.push({ ref, difference });
		while ((this.#lowest[0]?.ref ?? ref) < ref - windowMs) this.#lowest.shift();
		return rtpMs;
	}

	/** Milliseconds since 1970 of an unwrapped RTP time. Call it once a frame: it moves the offset. */
	absolute(rtpMs: number): number {
		const target = this.#lowest[0]?.difference ?? 0;
		const error = target - (this.#offsetMs ?? target);
		const step = Math.abs(error) > jumpMs ? Math.abs(error) : slewMsPerFrame;
		this.#offsetMs =
			(this.#offsetMs ?? target) + Math.sign(error) * Math.min(Math.abs(error), step);
		return rtpMs + this.#offsetMs;
	}
}
