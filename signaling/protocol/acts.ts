import * as v from 'valibot';
import { Act } from './sessions.ts';
import { Id, Signed, Time } from './text.ts';

/**
 * What a member signs of an act of hers, as canonical JSON in context `sotto/act/v1` by her identity: the row of the
 * history keeps it, and whoever knows her key sees that the server did not make it up.
 */
export const SaidAct = v.strictObject({
	v: v.literal(1),
	act: Act,
	who: Id,
	recording: Id,
	/** As in the row. */
	about: v.nullable(Id),
	/** By her own clock, in milliseconds since 1970. */
	at: Time,
});
export type SaidAct = v.InferOutput<typeof SaidAct>;

/**
 * POST /api/recordings/:id/played (whoever can open it), with or without a body: a member plays it. 204; said
 * again within a minute, it is not written again. Errors: `not-found`, `bad-request` for a signed act that is not this
 * one of hers.
 */
export const Played = v.optional(v.nullable(v.strictObject({ signed: v.optional(Signed) })), null);
