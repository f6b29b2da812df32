/** Below this nobody hears or sees that two people are apart, and a changed speed would be heard. */
const toleratedMs = 100;
/** A correction goes on until the two are this close. */
const settledMs = 25;
/** Above this it takes too long to catch up: jump. */
const jumpMs = 1_000;
const correction = 0.03;

/** How one person's media follow the others. */
export interface Follow {
	readonly rate: number;
	/** Whether a correction is under way; to be handed in again next time. */
	readonly correcting: boolean;
	/** Whether to seek instead. */
	readonly jump: boolean;
}

/**
 * What to do about media that are `driftMs` ahead (positive) or behind (negative). `speed` is what the viewer chose.
 */
export function follow(options: { driftMs: number; speed: number; correcting: boolean }): Follow {
	const { driftMs, speed, correcting } = options;
	const apart = Math.abs(driftMs);
	if (apart > jumpMs) return { rate: speed, correcting: false, jump: true };
	if (apart <= (correcting ? settledMs : toleratedMs))
		return { rate: speed, correcting: false, jump: false };
	const rate = speed * (driftMs > 0 ? 1 - correction : 1 + correction);
	return { rate, correcting: true, jump: false };
}
