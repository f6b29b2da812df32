import { createHash } from 'node:crypto';
import type { Signed } from '../protocol/text.ts';
import type { HistoryTableRow } from '../store/tables.ts';

/** A row as it is written and read; `request` is no part of what the log holds. */
export type Row = Omit<HistoryTableRow, 'request'>;

/** SHA-256, base64url. */
const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

// Strings, whole numbers and null with their names in order: JSON.stringify writes what RFC 8785 asks for.

/** SHA-256 of a text in UTF-8. */
export const textHash = digest;

/** SHA-256 over the canonical JSON of a signed text. */
export function signedHash({ signature, text }: Signed): string {
	return digest(JSON.stringify({ signature, text }));
}

/** What the log holds of the people in a row; as it was written where the salt is gone, which is a finding of its own. */
export function personalHash(row: Omit<Row, 'n' | 'at' | 'act'>): string {
	const { about, recording, salt, session, who } = row;
	if (salt === null) return row.of;
	const { reason_hash: reason, signed_hash: signed } = row;
	return digest(JSON.stringify({ about, reason, recording, salt, session, signed, who }));
}

/** The leaf hash (RFC 6962 §2.1) of a row, from what the row says now. */
export function rowHash(row: Row): Buffer {
	const { act, at, n } = row;
	const of = personalHash(row);
	const leaf = JSON.stringify({ act, at, n, of, v: 1 });
	return createHash('sha256').update(Uint8Array.of(0)).update(leaf).digest();
}
