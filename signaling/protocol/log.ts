import * as v from 'valibot';
import { HistoryRow } from './sessions.ts';
import { Bytes32, Count, Time } from './text.ts';

/** Rows of one block of the log. */
export const logBlockRows = 1024;
/** Longer than any path in a tree that a number can count. */
const pathMax = 64;

const Path = v.pipe(v.array(Bytes32), v.maxLength(pathMax));

/**
 * GET /api/log/checkpoint (with a token of any kind): the signed head of the history, a C2SP tlog-checkpoint, and the
 * key that signed it as C2SP signed-note writes it. A client remembers the first key that it saw, and the last head.
 */
export const LogCheckpoint = v.strictObject({
	note: v.pipe(v.string(), v.maxLength(2048)),
	key: v.pipe(v.string(), v.maxLength(256)),
});
export type LogCheckpoint = v.InferOutput<typeof LogCheckpoint>;

/**
 * GET /api/log/consistency?from=&to= (with a token of any kind): that the first `to` rows begin with the first `from`
 * (RFC 6962 §2.1.2). Errors: `bad-request` unless 1 <= from <= to; `not-found` where the log has fewer rows than `to`.
 */
export const LogConsistency = v.strictObject({ path: Path });

/** What a row still says that was emptied or erased: its leaf, without anybody in it. */
export const BlankRow = v.strictObject({
	n: Count,
	at: Time,
	act: v.pipe(v.string(), v.maxLength(64)),
	/** Whatever somebody wrote there: it fits the leaf or it does not. */
	of: v.pipe(v.string(), v.maxLength(256)),
});
export type BlankRow = v.InferOutput<typeof BlankRow>;

/**
 * GET /api/log/blocks/:block?size= (staff): the leaf hashes of rows [block · 1024 + 1, (block + 1) · 1024] of the first
 * `size`, as the rows hash now (null = there is no such row) and as the tree has them, and the path of this group of
 * leaves to the root. They say nothing of what is in a row. `blank` = what is left of rows that say nothing of whom
 * and what they are about any more. Errors: `bad-request`, `not-found`.
 */
export const LogBlock = v.strictObject({
	rows: v.pipe(v.array(v.nullable(Bytes32)), v.maxLength(logBlockRows)),
	kept: v.pipe(v.array(v.nullable(Bytes32)), v.maxLength(logBlockRows)),
	blank: v.pipe(v.array(BlankRow), v.maxLength(logBlockRows)),
	path: Path,
});
export type LogBlock = v.InferOutput<typeof LogBlock>;

/**
 * GET /api/log/rows/:n/proof?size= (staff): that row n is among the first `size` (RFC 6962 §2.1.1). Whoever may not
 * read the row learns nothing by it. Errors: `bad-request`, `not-found`.
 */
export const LogProof = v.strictObject({ size: Count, path: Path });
export type LogProof = v.InferOutput<typeof LogProof>;

/**
 * GET /api/log/export (admin): the whole history as lines of JSON (application/x-ndjson), the first one this. What
 * `npm run verify-log` reads.
 */
export const LogExportHead = v.strictObject({
	type: v.literal('sotto-history'),
	v: v.literal(1),
	...LogCheckpoint.entries,
});
export type LogExportHead = v.InferOutput<typeof LogExportHead>;

/** Each other line: a row, null where it is gone, and the leaf hash that the tree has for it. */
export const LogExportRow = v.strictObject({
	n: Count,
	hash: v.nullable(Bytes32),
	row: v.nullable(HistoryRow),
});
export type LogExportRow = v.InferOutput<typeof LogExportRow>;
