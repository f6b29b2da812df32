import * as v from 'valibot';

/** Why the server refused, as one stable word; also the key of the sentence on the screen. */
export const ErrorCode = v.picklist([
	'bad-request',
	'chunk-differs',
	'chunk-order',
	'conflict',
	'deactivated',
	'forbidden',
	'generation-taken',
	'gone',
	'internal',
	'locked',
	'login-failed',
	'not-found',
	'not-in-call',
	'not-ready',
	'origin',
	'over-limit',
	'session-ended',
	'setup-token',
	'slow-down',
	'storage-full',
	'token',
	'too-many-tries',
	'version',
]);
export type ErrorCode = v.InferOutput<typeof ErrorCode>;

/** The body of every answer that is not a success. */
export const ErrorBody = v.strictObject({
	error: ErrorCode,
	/** `chunk-order`: the chunk that is wanted next; `slow-down`, `too-many-tries`: seconds to wait. */
	next: v.optional(v.number()),
});
export type ErrorBody = v.InferOutput<typeof ErrorBody>;
