import type { PostError } from '../protocol/post.ts';

/**
 * How sending ended. `again` is only said when it is certain that nothing went out; when that cannot be
 * known, the message is given up as `interrupted`, because nobody is to get it twice.
 */
export type Outcome =
	| { type: 'sent' }
	| { type: 'again'; error: PostError }
	| { type: 'failed'; error: PostError };

/** Nothing answers within this time: the other side is not there. */
export const reachMs = 10_000;
/** A server that took the message has this long to say so. */
export const answerMs = 30_000;
