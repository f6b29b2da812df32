import * as v from 'valibot';
import { limits } from './limits.ts';
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
export const NewPlace = v.strictObject({ id: Id, sealed: Sealed });

/** POST /api/sessions (staff). The notice is in clear, because it is read before any key exists; null = not recorded, for good. */
export const NewSession = v.strictObject({
	id: Id,
	startsAt: Time,
	minutes: v.pipe(Count, v.minValue(1), v.maxValue(24 * 60)),
	/** Titles, notes, the secrets of the links: sealed under the host's keys. */
	sealed: Sealed,
	notice: v.nullable(Signed),
	places: v.pipe(v.array(NewPlace), v.minLength(1), v.maxLength(limits.peopleMax - 1)),
});
export type NewSession = v.InferOutput<typeof NewSession>;

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
});
export type Session = v.InferOutput<typeof Session>;
export const SessionList = v.strictObject({ sessions: v.array(Session) });

/** POST /api/sessions/:id/end (host): everybody's socket hears `ended`. 204. */

/** GET /api/places/:place: what a participant may know before any key exists. Errors: `not-found`. */
export const Place = v.strictObject({
	place: Id,
	session: Id,
	startsAt: Time,
	minutes: Count,
	practice: line(120),
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
	'session-made',
	'session-ended',
	'waited',
	'connected',
	'left',
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
	'deletion-asked',
	'deleted',
]);
export type Act = v.InferOutput<typeof Act>;

/** GET /api/sessions/:id/history, GET /api/recordings/:id/history (staff). Ids only; names are put in by the reader. */
export const HistoryRow = v.strictObject({
	at: Time,
	act: Act,
	/** Who: a member, a seat or a place. */
	who: v.nullable(Id),
	session: v.nullable(Id),
	recording: v.nullable(Id),
});
export const History = v.strictObject({ rows: v.array(HistoryRow) });
export type HistoryRow = v.InferOutput<typeof HistoryRow>;
