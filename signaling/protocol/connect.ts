import * as v from 'valibot';
import { Id, line } from './text.ts';

/**
 * What the page of a call asks the browser extension, by `runtime.sendMessage` with the extension's id: whether its user
 * clicked on Connect there, for who waits at this seat. Its own address names the seat too, and anybody can make an
 * address. A click is said once. → ConnectAnswer
 */
export const ConnectAsk = v.strictObject({
	type: v.literal('connect-clicked'),
	server: line(255),
	session: Id,
	seat: Id,
});
export type ConnectAsk = v.InferOutput<typeof ConnectAsk>;

export const ConnectAnswer = v.strictObject({
	clicked: v.boolean(),
	/** The place of whom she clicked on, as the extension showed her; undefined when it did not know it any more. */
	place: v.optional(Id),
});
export type ConnectAnswer = v.InferOutput<typeof ConnectAnswer>;
