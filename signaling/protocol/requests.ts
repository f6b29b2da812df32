import * as v from 'valibot';
import { Bytes32, Id, Sealed, Signature, Signed, Time } from './text.ts';

/** What somebody asks of what was recorded of her: a copy, that it is deleted, that it is not kept any longer. */
export const RequestKind = v.picklist(['copy', 'delete', 'stop']);
export type RequestKind = v.InferOutput<typeof RequestKind>;

const dayMs = 24 * 60 * 60_000;
/** 45 CFR 164.524(b)(2)(i): to be acted on within 30 days of its receipt. */
export const requestDueMs = 30 * dayMs;
/** 45 CFR 164.524(b)(2)(iii): one extension of at most 30 days, with the reasons and the new date. */
export const requestExtensionMs = 30 * dayMs;
/** Requests that one place may ever make. */
export const requestsPerPlace = 16;
/** Closed requests stay on the dashboard's list so long. */
export const requestShownMs = 90 * dayMs;
/** A request that staff enter came at most so long ago. */
export const requestLateMs = 366 * dayMs;

/** Who wrote it down: she herself with the key of her visit, she with her account, or staff for her. */
export const RequestSource = v.picklist(['participant', 'account', 'staff']);
export type RequestSource = v.InferOutput<typeof RequestSource>;

/** What a participant signs with the key of her visit, in context `sotto/request/v1`. */
export const RequestText = v.strictObject({
	v: v.literal(1),
	id: Id,
	place: Id,
	session: Id,
	kind: RequestKind,
	/** Her Ed25519 key. */
	subject: Bytes32,
	/** Her X25519 key: the words of the answer are sealed to it. */
	box: Bytes32,
	at: Time,
});
export type RequestText = v.InferOutput<typeof RequestText>;

/**
 * POST /api/places/:place/requests (whoever signs with a key of this place, from which somebody was in the call, also long after the visit):
 * 201, the same again 200; gives OwnRequests. Errors: `not-found` (no such place, or no such key there, or the session
 * was never to be recorded), `forbidden` (not signed so), `conflict` (the same is asked already), `over-limit`.
 */
export const NewOwnRequest = v.strictObject({ request: Signed });

/**
 * POST /api/places/:place/requests/challenge → account.Challenge: a nonce for one look, valid for one minute. For any id, so
 * that it tells nothing.
 */

/**
 * POST /api/places/:place/requests/look: what was asked from this place. `signature` is Ed25519 in context
 * `sotto/request-look/v1` over `lookText`. Errors: `not-found` as above, `forbidden` (also for a nonce that was used).
 */
export const OwnRequestsProof = v.strictObject({
	publicKey: Bytes32,
	nonce: Bytes32,
	signature: Signature,
});

/** Signed text of `place LF nonce`. */
export const lookText = (place: string, nonce: string): string => `${place}\n${nonce}`;

/** What she signs in context `sotto/request-back/v1` when she asks no more. */
export const TakenBackText = v.strictObject({
	v: v.literal(1),
	request: Id,
	place: Id,
	/** Her Ed25519 key. */
	subject: Bytes32,
	at: Time,
});
export type TakenBackText = v.InferOutput<typeof TakenBackText>;

/**
 * POST /api/places/:place/requests/:id/withdraw (whoever signs with the key that signed the request): 200 with OwnRequests, also
 * the same again. It is closed then as `withdrawn`. Errors: `not-found` as above, and for a request from elsewhere; `forbidden`
 * (not signed so, or asked with another key, with an account or entered by staff), `conflict` (it was answered).
 */
export const TakenBack = v.strictObject({ signed: Signed });

export const ExtensionReason = v.picklist(['time', 'elsewhere', 'advice']);
export type ExtensionReason = v.InferOutput<typeof ExtensionReason>;
/**
 * `gone`: nothing is kept any more; `not-record`: not part of what one may have a copy of (45 CFR 164.524(a)(1));
 * `law`: a law or a hold says that it is kept; `harm`: 45 CFR 164.524(a)(3), which can be reviewed; `identity`:
 * nobody could tell that she is who was recorded; `withdrawn`: she asks no more.
 */
export const DeclineReason = v.picklist([
	'gone',
	'not-record',
	'law',
	'harm',
	'identity',
	'withdrawn',
]);
export type DeclineReason = v.InferOutput<typeof DeclineReason>;

const RequestState = v.picklist(['open', 'done', 'declined']);

/** A request as the one who made it sees it. */
export const OwnRequest = v.strictObject({
	id: Id,
	kind: RequestKind,
	state: RequestState,
	/** When it was received. */
	madeAt: Time,
	/** Until when it is to be answered; later once it was extended. */
	dueAt: Time,
	extension: v.nullable(
		v.strictObject({ at: Time, reason: ExtensionReason, words: v.nullable(Sealed) }),
	),
	closedAt: v.nullable(Time),
	/** Why it was declined. */
	reason: v.nullable(DeclineReason),
	/** The words of the answer, sealed to her. */
	words: v.nullable(Sealed),
});
export type OwnRequest = v.InferOutput<typeof OwnRequest>;
export const OwnRequests = v.strictObject({ requests: v.array(OwnRequest) });
export type OwnRequests = v.InferOutput<typeof OwnRequests>;

/** A request as staff see it. */
export const RequestTask = v.strictObject({
	...OwnRequest.entries,
	session: Id,
	place: Id,
	source: RequestSource,
	/** Her account, where she asked with it. */
	member: v.nullable(Id),
	/** What she signed with the key of her visit. */
	request: v.nullable(Signed),
	/** What there is of this session and not deleted. */
	recordings: v.array(Id),
	/** Of an open request to delete: those of which nothing was destroyed since, so that it is not done. */
	untouched: v.array(Id),
});
export type RequestTask = v.InferOutput<typeof RequestTask>;

/**
 * GET /api/requests (host of the session, admins): the open ones, the one that is due first in front, then those that
 * were closed lately.
 */
export const RequestTasks = v.strictObject({ requests: v.array(RequestTask) });

/**
 * POST /api/requests (host of the session, admins): somebody asked by letter, by phone or in the room. 201, the same
 * again 200. Errors: `not-found`, `conflict`, `over-limit`, `bad-request` (received in the future, or a year ago).
 */
export const EnteredRequest = v.strictObject({
	id: Id,
	session: Id,
	place: Id,
	kind: RequestKind,
	receivedAt: Time,
});
export type EnteredRequest = v.InferOutput<typeof EnteredRequest>;

/** POST /api/requests/:id/extend (host, admins): once, before it is closed. 204. Errors: `conflict`, `not-found`. */
export const ExtendRequest = v.strictObject({
	reason: ExtensionReason,
	words: v.nullable(Sealed),
});

/**
 * POST /api/requests/:id/close (host, admins). 204; the same again too. Errors: `conflict` (closed in another way; done,
 * where something is untouched that was to be deleted), `not-found`.
 */
export const CloseRequest = v.variant('state', [
	v.strictObject({ state: v.literal('done'), words: v.nullable(Sealed) }),
	v.strictObject({
		state: v.literal('declined'),
		reason: DeclineReason,
		words: v.nullable(Sealed),
	}),
]);
export type CloseRequest = v.InferOutput<typeof CloseRequest>;

/**
 * GET /api/visits/:place/requests → OwnRequests, POST /api/visits/:place/requests (participants with an account, of
 * their own places): 201. POST /api/visits/:place/requests/:id/withdraw → OwnRequests, of what this account asked. Errors: as for
 * a place.
 */
export const AccountRequest = v.strictObject({ id: Id, kind: RequestKind });
