import * as v from 'valibot';
import { Id, line } from './text.ts';

/**
 * What a page that sees somebody arrive asks the browser extension, by `runtime.sendMessage` with the extension's id: whether
 * it tells this member of her itself, so that one browser says it once. → TellsAnswer
 */
export const TellsAsk = v.strictObject({
	type: v.literal('tells'),
	server: line(255),
	member: Id,
});
export type TellsAsk = v.InferOutput<typeof TellsAsk>;

export const TellsAnswer = v.strictObject({
	/** It shows a notification. */
	shows: v.boolean(),
	/** It makes a sound, or leaves it out because the member is in a call. */
	sounds: v.boolean(),
});
export type TellsAnswer = v.InferOutput<typeof TellsAnswer>;
