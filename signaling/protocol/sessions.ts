import * as v from 'valibot';
import { limits } from './limits.ts';
import { Keeping } from './retention.ts';
import {
	Bytes32,
	Count,
	Id,
	PublicIdentity,
	Sealed,
	Signature,
	Signed,
	Time,
	bytes,
	line,
} from './text.ts';

/** One place at a session: a person who was invited. Everything personal is sealed to the host. */
export const NewPlace = v.strictObject({
	id: Id,
	sealed: Sealed,
	/**
	 * The account that this person has, and what she may know of her appointment, sealed to her by whoever
	 * planned it; null = none. A change without it leaves it as it is.
	 */
	visit: v.optional(v.nullable(v.strictObject({ member: Id, sealed: Sealed }))),
});
export type NewPlace = v.InferOutput<typeof NewPlace>;

const Minutes = v.pipe(Count, v.minValue(1), v.maxValue(24 * 60));

const noticeLine = v.pipe(v.string(), v.maxLength(2000));

/** What the text of a notice says; signed by the host, `hostKey`, in context `sotto/notice/v1`. */
export const NoticeText = v.strictObject({
	v: v.literal(1),
	session: Id,
	practice: noticeLine,
	host: noticeLine,
	hostKey: Bytes32,
	purpose: noticeLine,
	recorder: v.picklist(['device', 'station']),
	openers: noticeLine,
	/** The words name the supervisors too. */
	supervisors: v.optional(v.literal(true)),
	/** 42 CFR Part 2 holds for it: the elements of the consent (§2.31(a)), as crypto/consent/part2.ts says. */
	part2: v.optional(
		v.strictObject({
			program: noticeLine,
			what: noticeLine,
			to: noticeLine,
			revoke: noticeLine,
			ends: noticeLine,
			care: v.boolean(),
			refusal: noticeLine,
		}),
	),
	keptUntil: v.nullable(v.pipe(Time, v.maxValue(8.64e15))),
	keeping: v.optional(Keeping),
});

/** POST /api/sessions (staff). Errors: `bad-request` (also a notice that the host has not signed for this session), `forbidden` (also one without a notice where every session is recorded), `conflict`. The notice is in clear, because it is read before any key exists; null = not recorded, for good. */
export const NewSession = v.strictObject({
	id: Id,
	/** Whose session it is, when an admin or a scheduler makes it for somebody else: then without a notice, which only the host can sign. */
	host: v.optional(Id),
	startsAt: Time,
	minutes: Minutes,
	/** Titles, notes, the secrets of the links: sealed under the host's keys. */
	sealed: Sealed,
	notice: v.nullable(Signed),
	places: v.pipe(v.array(NewPlace), v.minLength(1), v.maxLength(limits.peopleMax - 1)),
});
export type NewSession = v.InferOutput<typeof NewSession>;

/**
 * PATCH /api/sessions/:id (host, admin, scheduler): another time, other sealed texts of the session and of
 * its places. The notice stays as it was signed. Gives the Session. Errors: `session-ended` (but its host may seal the texts
 * again while she keeps keys of before), `not-found`.
 */
export const SessionChange = v.strictObject({
	startsAt: v.optional(Time),
	minutes: v.optional(Minutes),
	sealed: v.optional(Sealed),
	places: v.optional(v.pipe(v.array(NewPlace), v.maxLength(limits.peopleMax - 1))),
});
export type SessionChange = v.InferOutput<typeof SessionChange>;

/**
 * POST /api/sessions/:id/places with a NewPlace: one more person; gives the Session. DELETE
 * /api/sessions/:id/places/:place: one less, whose link ends; 204. Errors: `session-ended`, `over-limit`,
 * `conflict` (the id is taken; the last place; somebody is there right now).
 *
 * POST /api/sessions/:id/cancel: ends a session that has not begun; 204. Errors: `conflict` once it has.
 */

export const SessionState = v.picklist(['planned', 'open', 'ended']);

/** GET /api/sessions/:id and the rows of GET /api/sessions?from=&to= (staff). */
export const Session = v.strictObject({
	id: Id,
	host: Id,
	startsAt: Time,
	minutes: Count,
	sealed: Sealed,
	notice: v.nullable(Signed),
	places: v.array(NewPlace),
	state: SessionState,
	/** The newest epoch that was accepted; 0 before the first. */
	generation: Count,
	createdAt: Time,
	endedAt: v.nullable(Time),
	/** It has `ended` without having begun. */
	cancelled: v.boolean(),
});
export type Session = v.InferOutput<typeof Session>;
export const SessionList = v.strictObject({ sessions: v.array(Session) });

/**
 * GET /api/digest-pages/:hash (staff), PUT (admin) → 204: SHA-256 digests of what somebody signed until her
 * part ended, 32 bytes each. `hash` is the SHA-256 of the page; the signed member list names it. Errors:
 * `bad-request` for another hash, `not-found`.
 */
export const DigestPage = v.strictObject({ page: bytes(limits.digestPageChars) });

/**
 * GET /api/visits?from=&to= (participants with an account): their own appointments, the newest first; not
 * those that were cancelled.
 */
export const Visit = v.strictObject({
	place: Id,
	session: Id,
	host: Id,
	startsAt: Time,
	minutes: Count,
	sealed: Sealed,
	state: SessionState,
});
export type Visit = v.InferOutput<typeof Visit>;
export const VisitList = v.strictObject({ visits: v.array(Visit) });

/** POST /api/sessions/:id/end (host): everybody's socket hears `ended`. 204. */

/** GET /api/places/:place: what a participant may know before any key exists. Errors: `not-found`. */
export const Place = v.strictObject({
	place: Id,
	session: Id,
	startsAt: Time,
	minutes: Count,
	practice: line(120),
	/** What to do in an emergency, in the practice's words; may be empty. */
	emergency: v.pipe(v.string(), v.maxLength(1000)),
	host: v.strictObject({ name: line(120), publicIdentity: PublicIdentity }),
	notice: v.nullable(Signed),
	state: SessionState,
});
export type Place = v.InferOutput<typeof Place>;

/**
 * POST /api/places/:place/claims: a browser takes a seat at this place. The signature is Ed25519 in
 * context `sotto/claim/v1` over the UTF-8 text of the place id. The same key gets the same seat again
 * with a new token. Errors: `over-limit`, `session-ended`, `forbidden` (this key was removed).
 */
export const NewClaim = v.strictObject({ publicKey: Bytes32, signature: Signature });
export const Claim = v.strictObject({ seat: Id, session: Id, token: bytes(64) });
export type Claim = v.InferOutput<typeof Claim>;

/**
 * POST /api/deletion-requests (participant): asks that what was recorded of a person is deleted.
 * `request` is signed by the participant's identity in context `sotto/deletion-request/v1`.
 */
export const NewDeletionRequest = v.strictObject({ request: Signed });

/** What was done; one row of the history each. */
export const Act = v.picklist([
	'set-up',
	'signed-in',
	'recovered',
	'locked',
	'signed-out',
	'password-changed',
	'settings-changed',
	'colleague-invited',
	'colleague-joined',
	'colleague-confirmed',
	'colleague-deactivated',
	'role-changed',
	'keys-changed',
	'keys-rotated',
	'keys-asked',
	'keys-taken-back',
	'extension-paired',
	'extension-removed',
	'session-made',
	'session-changed',
	'session-sealed-again',
	'session-cancelled',
	'session-ended',
	'session-expired',
	'invited',
	'reminded',
	'send-failed',
	'link-opened',
	'code-shown',
	'code-right',
	'code-wrong',
	'code-refused',
	'waited',
	'connected',
	'left',
	'lost',
	'returned',
	'removed',
	'consented',
	'declined',
	'withdrew',
	'recording-started',
	'recording-paused',
	'recording-resumed',
	'recording-ended',
	'recording-lost',
	'recording-finished',
	'recording-recovered',
	'opened',
	'granted',
	'deletion-asked',
	'deleted',
	'played',
	'access-ended',
	'handed-over',
	'erased',
	'refused',
	'relocked',
	'track-destroyed',
	'passage-cut',
	'exported',
	'copy-kept',
	'copy-removed',
	'shared',
	'share-approved',
	'share-ended',
	'share-expired',
	'share-code-sent',
	'share-code-right',
	'share-code-wrong',
	'share-words-wrong',
	'share-opened',
	'share-refused',
	'retention-set',
	'hold-placed',
	'hold-released',
	'kept-until-over',
	'retention-policy-changed',
	'request-made',
	'request-extended',
	'request-done',
	'request-declined',
	'request-withdrawn',
	'part2-consent',
	'unlocker-added',
	'unlocker-removed',
	'device-removed',
	'browser-added',
	'recovery-key-replaced',
]);
export type Act = v.InferOutput<typeof Act>;

/** What was done. Ids only; names are put in by the reader. */
export const HistoryRow = v.strictObject({
	/** Rows are numbered from 1 without gaps. */
	n: Count,
	at: Time,
	act: Act,
	/** Who: a member, a seat or a place. */
	who: v.nullable(Id),
	session: v.nullable(Id),
	recording: v.nullable(Id),
	/** What else it is about: a share, a member whose access it was, a request. */
	about: v.nullable(Id),
	/** Sealed by the actor for those whom it concerns. */
	reason: v.nullable(Sealed),
	/** What the actor signed of it: in context `sotto/act/v1` (acts.ts), or what it is about as she signed it. */
	signed: v.nullable(Signed),
	/** What else the leaf of the row hashes (docs/history.md); without a salt it says nothing, and is found. */
	leaf: v.strictObject({
		salt: v.nullable(Id),
		of: Bytes32,
		reason: v.nullable(Bytes32),
		signed: v.nullable(Bytes32),
	}),
});
export type HistoryRow = v.InferOutput<typeof HistoryRow>;

/**
 * GET /api/history?from=&to=&before= (staff): rows about one's own sessions, for admins and schedulers
 * about everybody's, for admins also about the practice, the newest first. `before` asks for the next page; null = there is none.
 * GET /api/sessions/:id/history?before=, GET /api/recordings/:id/history?before= (staff): about one, oldest first;
 * `before` asks for what was before the first of these.
 */
export const HistoryPage = v.strictObject({ rows: v.array(HistoryRow), before: v.nullable(Count) });
export type HistoryPage = v.InferOutput<typeof HistoryPage>;
