import * as v from 'valibot';
import type { HeadFinding, HeadSource } from '#crypto/log/head.ts';
import type { LogBlock } from '#protocol/log.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import { Bytes32, Count, Time } from '#protocol/text.ts';

const Note = v.pipe(v.string(), v.maxLength(8192));

/** A head as this browser keeps it. */
export const KeptHead = v.strictObject({
	note: Note,
	key: v.pipe(v.string(), v.maxLength(256)),
	size: Count,
	root: Bytes32,
	at: Time,
	unproved: v.optional(v.boolean()),
	doubt: v.optional(Note),
	passed: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(8192))), v.maxLength(64))),
});

/** What is wrong with a history; rows are meant by their numbers. */
export type Finding =
	| HeadFinding
	| { readonly is: 'altered' | 'missing'; readonly n: number }
	/** Whom and what it was about was taken from it by nobody who may; that it was there, what was done and when is as it was. */
	| { readonly is: 'blanked'; readonly n: number }
	/** Row `n` stands where row `from` was written. */
	| { readonly is: 'moved'; readonly n: number; readonly from: number }
	/** These rows, as the log has them, do not belong to its signed head. */
	| { readonly is: 'unfit'; readonly n: number; readonly to: number };

/** Where heads, proofs and blocks come from; the methods throw `ApiError`. */
export interface LogSource extends HeadSource {
	block(which: { block: number; size: number }): Promise<LogBlock>;
	/** The rows of the act `erased`. */
	erasures(): Promise<readonly HistoryRow[]>;
}
