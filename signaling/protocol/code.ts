import * as v from 'valibot';
import { Bytes32, Count, Id, PublicIdentity, bytes } from './text.ts';

/**
 * The digits of an access code that route: three, or six while somebody looks for codes. The last six are never sent to
 * anybody.
 */
export const Nameplate = v.pipe(v.string(), v.regex(/^[0-9]{3}(?:[0-9]{3})?$/));
/** HMAC-SHA-512. */
const Tag = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{85}[AQgw]$/));
const Identity = v.strictObject({ ed25519: Bytes32, x25519: Bytes32 });

/** Tries that a host's client answers per code. */
export const codeTries = 3;
/** A code lives this long after it was shown, milliseconds. */
export const codeMs = 30 * 60_000;
/** Time for each step of a try, milliseconds. */
export const codeStepMs = 10_000;

/** What a host's client is asked. Either step may come from anybody: the server vouches for nothing. */
export const CodeQuestion = v.variant('step', [
	v.strictObject({
		step: v.literal('share'),
		/** The participant's part of the session id. */
		nonce: Id,
		identity: Identity,
		/** CPace Ya. */
		share: Bytes32,
	}),
	/** `tag` null: the participant saw that the answer was made with another code. */
	v.strictObject({ step: v.literal('tag'), tag: v.nullable(Tag) }),
]);
export type CodeQuestion = v.InferOutput<typeof CodeQuestion>;

/** What a host's client answers. */
export const CodeReply = v.variant('step', [
	/** CPace Yb and the host's confirmation; this is what counts as a try. `left`: how many there are after it. */
	v.strictObject({ step: v.literal('share'), share: Bytes32, tag: Tag, left: Count }),
	/** The place, sealed under the key that both have now. */
	v.strictObject({ step: v.literal('place'), sealed: bytes(256) }),
	/** Nothing was answered, so nothing counts: another try runs, the code is burnt, used or too old, nobody answers. */
	v.strictObject({ step: v.literal('no'), why: v.picklist(['busy', 'dead', 'wrong', 'away']) }),
]);
export type CodeReply = v.InferOutput<typeof CodeReply>;

/** What a member's client may send over its socket. */
export const codeClientMessages = [
	/**
	 * Host: people may try the code of this place now, for `codeMs`. With a nameplate that this member has, again after
	 * a reconnect; null for a free one. Errors: `forbidden`, `not-found`, `session-ended`, `over-limit`, `gone`.
	 */
	v.strictObject({
		type: v.literal('code'),
		id: Id,
		session: Id,
		place: Id,
		nameplate: v.nullable(Nameplate),
		/** The host's part of the session id of every try. */
		nonce: Id,
	}),
	/** Host: the code is burnt, used or replaced. */
	v.strictObject({ type: v.literal('code-close'), id: Id, nameplate: Nameplate }),
	/** Host: answers a question. */
	v.strictObject({ type: v.literal('code-answer'), id: Id, try: Id, reply: CodeReply }),
] as const;

/** What the server may send about codes. */
export const codeServerMessages = [
	v.strictObject({ type: v.literal('code'), id: Id, nameplate: Nameplate }),
	v.strictObject({
		type: v.literal('code-ask'),
		try: Id,
		nameplate: Nameplate,
		question: CodeQuestion,
	}),
	/**
	 * Somebody looks for codes that were not given out. For so many seconds at least nobody is asked for codes of nine
	 * digits; a new one is longer, and works. At most one a minute.
	 */
	v.strictObject({ type: v.literal('code-flood'), seconds: Count }),
	/** From one place this code was entered wrongly as often as it may be; from there the host is not asked any more. */
	v.strictObject({ type: v.literal('code-refused'), nameplate: Nameplate }),
] as const;

/** POST /api/codes/tries (open to anybody). Errors: `too-many-tries`. */
export const NewCodeTry = v.strictObject({ nameplate: Nameplate });
export const CodeRoute = v.variant('state', [
	/** The host is there. Her keys are those that GET /api/places gives; the try itself proves them. */
	v.strictObject({ state: v.literal('open'), try: Id, nonce: Id, host: PublicIdentity }),
	/** The host's client is not connected: one may wait at the place, unproven. */
	v.strictObject({ state: v.literal('away'), place: Id }),
	/** Burnt or used, or this network had its tries with it. */
	v.strictObject({ state: v.literal('dead') }),
	/** Somebody looks for codes: those of nine digits rest so many seconds, this one if it is one and all others. */
	v.strictObject({ state: v.literal('rest'), seconds: Count }),
	/** It is too old. Said for another `codeMs`. */
	v.strictObject({ state: v.literal('expired') }),
	/** No code begins so. */
	v.strictObject({ state: v.literal('unknown') }),
]);
export type CodeRoute = v.InferOutput<typeof CodeRoute>;

/** POST /api/codes/tries/:try (open to anybody): a `CodeQuestion`, answered with a `CodeReply`. */
