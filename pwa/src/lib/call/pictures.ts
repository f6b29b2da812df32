import type { VideoLimits } from './peer.ts';

/** From this many people on, pictures are small. */
const manyPeople = 5;
const full: VideoLimits = { width: 640, framesPerSecond: 30, bitsPerSecond: 900_000 };
const small: VideoLimits = { width: 320, framesPerSecond: 15, bitsPerSecond: 250_000 };
/** Letters on a screen that is shared stay readable, however many people look at it. */
const shared: VideoLimits = { width: 1920, framesPerSecond: 15, bitsPerSecond: 900_000 };

/** How large one's own pictures are sent in a call of that many people, oneself included. */
export const limitsFor = (people: number, sharing: boolean): VideoLimits => {
	if (sharing) return shared;
	return people >= manyPeople ? small : full;
};

/** What becomes of one's pictures on one connection: sent, made for the recorder of this page alone, or not made. */
export type Pictures = 'sent' | 'copied' | 'none';

interface Line {
	/** She asked for sound alone. */
	readonly soundOnly: boolean;
	/** The host is at the other end. */
	readonly host: boolean;
	/** One's own frames are copied from here for the recorder. */
	readonly primary: boolean;
}

/** Whoever is recorded is recorded with her picture, whatever others wish to see; the recorder gets it by way of the host. */
export function picturesOn(
	line: Line,
	{ recorded, isHost }: { recorded: boolean; isHost: boolean },
): Pictures {
	if (!line.soundOnly || (recorded && line.host)) return 'sent';
	return recorded && isHost && line.primary ? 'copied' : 'none';
}
