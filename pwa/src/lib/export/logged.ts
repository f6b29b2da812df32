import { openCheckpoint, parseNoteKey } from '#crypto/log/note.ts';
import { fetchJson } from '#lib/net/api.ts';
import { LogCheckpoint, LogProof } from '#protocol/log.ts';
import type { HistoryRow } from '#protocol/sessions.ts';

/** Rows that get a proof each; a recording has some dozens. */
const provenMax = 500;

/** A row of the history, and the path from its leaf to the signed head (RFC 6962 §2.1.1). */
export interface ProvenRow {
	readonly row: HistoryRow;
	/** Null where there are too many. */
	readonly proof: LogProof | null;
}

/** What was done, with a head of the log that its server signed (C2SP tlog-checkpoint), for whoever checks it without us. */
export interface ProvenHistory {
	readonly checkpoint: LogCheckpoint;
	readonly rows: readonly ProvenRow[];
}

/** Rows with their proofs, all of one head. Throws `ApiError`, `bad-signature` for a head that its key did not sign. */
export async function provenHistory(
	rows: readonly HistoryRow[],
	signal?: AbortSignal,
): Promise<ProvenHistory> {
	const checkpoint = await fetchJson(LogCheckpoint, { path: '/api/log/checkpoint', signal });
	const { size } = await openCheckpoint(checkpoint.note, parseNoteKey(checkpoint.key));
	const proven: ProvenRow[] = [];
	for (const [at, row] of rows.entries()) {
		const path = `/api/log/rows/${row.n}/proof?size=${size}`;
		const provable = at < provenMax && row.n <= size;
		proven.push({ row, proof: provable ? await fetchJson(LogProof, { path, signal }) : null });
	}
	return { checkpoint, rows: proven };
}
