import * as v from 'valibot';
import { HistoryRow } from './sessions.ts';
import { Bytes32, Count, Id, Signed, Time } from './text.ts';

/** Documentation is kept six years, one day more than leap years make of them (45 CFR 164.530(j)). */
export const erasableAfterMs = 2193 * 24 * 60 * 60_000;
/** How far the clocks of who erases, of the server and of who reads it may differ: what is dated otherwise erases nothing. */
export const erasingDriftMs = 24 * 60 * 60_000;
/** Rows of one erasing. */
export const erasedRowsMax = 1000;

const Rows = v.pipe(v.array(Count), v.minLength(1), v.maxLength(erasedRowsMax));

/**
 * What an admin signs in context `sotto/erasure/v1`: whom and what these rows of the history were about is taken from them.
 * The row of the act `erased` keeps it, and whoever finds an emptied row looks for it there.
 */
export const ErasureText = v.strictObject({
	v: v.literal(1),
	practice: Id,
	author: Id,
	/** Her Ed25519 key, by which the log can be checked without the member list. */
	key: Bytes32,
	/** By her own clock. */
	at: Time,
	/** Numbers of rows. */
	rows: Rows,
});
export type ErasureText = v.InferOutput<typeof ErasureText>;

/**
 * POST /api/log/erasable (admin) → the same, only those that may be erased: `erasableAfterMs` old, of no recording and no
 * session with a recording that is there, and not of an erasing themselves.
 */
export const Erasable = v.strictObject({ rows: Rows });
export const ErasableRows = v.strictObject({ rows: v.array(Count) });

/**
 * POST /api/log/erasures (admin): who, session, recording, what it was about, reason and what was signed go from the rows,
 * with the salt; act, time and hash stay, so that every proof holds as before. So go what was written of the disclosures that
 * they tell of, and the words of closed requests. 204; rows that are erased already are no error. Errors: `bad-request` (not
 * signed by her for this practice, or not today), `conflict` (one may not be erased).
 */
export const NewErasure = v.strictObject({ signed: Signed });

/** GET /api/log/erasures (staff): the rows of all erasings, which prove that emptied rows were erased by who may. */
export const Erasures = v.strictObject({ rows: v.array(HistoryRow) });
