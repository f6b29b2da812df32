/** Time as the server sees it; tests bring their own at process start, never by a request. */
export interface Clock {
	/** Milliseconds since 1970 in UTC, for what is written down. */
	now(): number;
	/** Milliseconds that only go forward, for what runs out. */
	monotonic(): number;
}

/** The machine's clocks, both shifted by `offsetMs`. */
export function systemClock(offsetMs = 0): Clock {
	return {
		now: () => Date.now() + offsetMs,
		monotonic: () => performance.now() + offsetMs,
	};
}
