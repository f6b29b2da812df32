import type { Span } from './timeline.ts';

/** A time in which nothing was kept of anybody, and why. */
export interface Gap extends Span {
	readonly why: 'paused' | 'missing';
}
