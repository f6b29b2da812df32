import * as v from 'valibot';
import { limits } from './limits.ts';
import { Id, Time } from './text.ts';

/** Copies that one device says it has, at once. */
const copiesMax = 100;

/**
 * PUT /api/copies/:recording (clinicians who can open it) → KeptCopy: this device keeps a sealed copy for use without a
 * connection, until the moment of the answer, which is never after that of the recording. Errors: `not-found`, `gone`,
 * `not-ready` while it is recorded, `over-limit` for longer than `limits.copyMs`. DELETE (also of a deleted one) → 204: it keeps none any more.
 */
export const KeptCopy = v.strictObject({ expiresAt: Time });
export type KeptCopy = v.InferOutput<typeof KeptCopy>;

/**
 * POST /api/copies: what this device keeps → those of which it may keep nothing any more, and until when it may keep
 * the others: sooner than before where a recording is to go sooner.
 */
export const HeldCopies = v.strictObject({
	recordings: v.pipe(v.array(Id), v.maxLength(copiesMax)),
});
export type HeldCopies = v.InferOutput<typeof HeldCopies>;
export const CopiesToRemove = v.strictObject({
	remove: v.array(Id),
	ends: v.array(v.strictObject({ recording: Id, expiresAt: Time })),
});
export type CopiesToRemove = v.InferOutput<typeof CopiesToRemove>;

/** Longest time that a copy is kept, milliseconds. */
export const copyMsMax = limits.copyMs;
