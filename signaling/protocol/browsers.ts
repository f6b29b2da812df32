import * as v from 'valibot';
import { limits } from './limits.ts';
import { Bytes32, Count, Id, Signed, bytes, line } from './text.ts';

/** How a browser came to be one of a member's. */
export const Way = v.picklist(['password', 'passkey', 'recovery', 'browser']);
export type Way = v.InferOutput<typeof Way>;

/** Eight characters of Crockford's base32, without the hyphen that screens show. */
export const BrowserCode = v.pipe(v.string(), v.regex(/^[0-9A-HJKMNP-TV-Z]{8}$/));

/** What a browser that asks to be let in shows of itself; SHA-256 over it is its commitment. */
export const Asking = v.strictObject({
	/** X-Wing, for this one time. */
	xwing: bytes(1622),
	/** Ed25519 of the device that it becomes. */
	publicKey: Bytes32,
	name: line(80),
	nonce: Bytes32,
});
export type Asking = v.InferOutput<typeof Asking>;

/** POST /api/browsers → BrowserAsked: a browser asks to be let in by another one. Errors: `too-many-tries`. */
export const BrowserAsk = v.strictObject({ commitment: Bytes32 });
export const BrowserAsked = v.strictObject({
	request: Id,
	/** To be typed into the other browser; good for one try there. */
	code: BrowserCode,
	/** Says that it is the browser that asked. */
	secret: Bytes32,
	expiresInMs: Count,
});

/** The body of look, enter and cancel. Errors of all: `gone` (over, cancelled, or another secret). */
export const BrowserSecret = v.strictObject({ secret: Bytes32 });

/** What the open browser handed over, as the server may see it. */
export const BrowserLetIn = v.strictObject({ sealed: bytes(limits.sealedChars), signed: Signed });
export type BrowserLetIn = v.InferOutput<typeof BrowserLetIn>;

/** POST /api/browsers/:id/look `{secret}`. */
export const BrowserLook = v.variant('state', [
	/** Nobody has entered the code yet. */
	v.strictObject({ state: v.literal('waiting') }),
	/** The open browser has answered the commitment, so the keys may be shown now. */
	v.strictObject({
		state: v.literal('met'),
		member: Id,
		practice: Id,
		/** Ed25519 of the member. */
		identity: Bytes32,
		nonce: Bytes32,
	}),
	v.strictObject({ state: v.literal('let-in'), ...BrowserLetIn.entries }),
	v.strictObject({ state: v.literal('refused') }),
]);
export type BrowserLook = v.InferOutput<typeof BrowserLook>;

/** POST /api/browsers/:id/show → 204, once. Errors: `conflict` unless the open browser has answered. */
export const BrowserShow = v.strictObject({ secret: Bytes32, asking: Asking });

/** POST /api/browsers/:id/enter `{secret}` → SignedIn, once. Errors: `conflict` unless it was let in. */
/** POST /api/browsers/:id/cancel `{secret}` → 204. */

/**
 * POST /api/account/browsers (token) → BrowserFound: the member's open browser enters the code, which is used up by
 * it; an earlier request that she answered ends. Errors: `locked` (see NewUnlockers), `not-found`, `too-many-tries`.
 */
export const BrowserFind = v.strictObject({ code: BrowserCode });
export const BrowserFound = v.strictObject({
	request: Id,
	commitment: Bytes32,
	expiresInMs: Count,
});

/** POST /api/account/browsers/:id/meet (token) → 204, once. Errors of this and all that follow: `gone`. */
export const BrowserMeet = v.strictObject({ nonce: Bytes32 });

/** GET /api/account/browsers/:id (token). */
export const BrowserSeen = v.variant('state', [
	v.strictObject({ state: v.literal('met') }),
	v.strictObject({ state: v.literal('shown'), asking: Asking }),
	/** It was let in, and has not entered yet. */
	v.strictObject({ state: v.literal('let-in') }),
	v.strictObject({ state: v.literal('entered') }),
]);
export type BrowserSeen = v.InferOutput<typeof BrowserSeen>;

/**
 * POST /api/account/browsers/:id/let-in (token) BrowserLetIn → 204. Signed by the member's identity in context
 * `sotto/browser/v1`: a stolen token alone lets nobody in. Errors: `locked`, `bad-request` (not signed by her, or not
 * about these bytes and this key), `conflict` unless it has shown its keys.
 */
export const BrowserText = v.strictObject({
	v: v.literal(1),
	member: Id,
	request: Id,
	publicKey: Bytes32,
	/** SHA-256 over all that the two browsers told each other. */
	meeting: Bytes32,
	/** SHA-256 of the sealed bytes. */
	sealed: Bytes32,
});

/** DELETE /api/account/browsers/:id (token) → 204: the member said no. */
