import * as v from 'valibot';
import { Id, Sealed, Signed, Time } from './text.ts';

/**
 * POST /api/recordings/:id/opened, with or without a body: a member opens it. An admin or supervisor says why she
 * opens a recording of another: `reason` is sealed as an annotation of kind `reason ID` (crypto/annotation), `id`
 * new. 204. Errors: `bad-request` (a reason is wanted, or none), `conflict` (that id was used), `slow-down`.
 * Until then, and again after `reasonMs`, she gets no media of it, finished or not, no notes, captions or who speaks
 * when, and can grant, share and copy nothing of it: `forbidden`. `signed` = what she signed of it (acts.ts), about the
 * id of her reason.
 */
export const Opened = v.optional(
	v.nullable(
		v.strictObject({
			opening: v.optional(v.strictObject({ id: Id, reason: Sealed })),
			signed: v.optional(Signed),
		}),
	),
	null,
);

/** A reason opens a recording this long, milliseconds. */
export const reasonMs = 12 * 60 * 60_000;

/** DELETE /api/recordings/:id/grants/:recipient (host; supervisors and admins who can open it): she opens it no more. 204; again: 204. Errors: `forbidden` (the host, or the practice's key). */

/** Somebody else opened a recording. */
export const Opening = v.strictObject({
	id: Id,
	recording: Id,
	member: Id,
	at: Time,
	/** Null where the recording's history does not have it any more. */
	reason: v.nullable(Sealed),
});
export type Opening = v.InferOutput<typeof Opening>;

/** GET /api/openings (clinicians): who opened recordings of the asking member since she last looked, the oldest first. */
export const Openings = v.strictObject({ openings: v.array(Opening) });

/** POST /api/openings/:id/seen (the host of the recording): she knows. 204. Errors: `not-found`. */
