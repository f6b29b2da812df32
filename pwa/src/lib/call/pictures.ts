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
