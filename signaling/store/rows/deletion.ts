import type { DeletionAct } from '../../protocol/deletion.ts';

export interface DeletionTables {
	deletions: DeletionRow;
	openings: OpeningRow;
}

/** What remains of a recording that was deleted. */
export interface DeletionRow {
	recording: string;
	at: number;
	act: DeletionAct;
	/** The member who deleted it; null = nobody did. */
	who: string | null;
	/** JSON of Signed. */
	wish: string | null;
	/** JSON of Destroyed. */
	destroyed: string;
	/** When the database file was rewritten without it. */
	erased_at: number | null;
}

/** Somebody opened a recording of another: for what reason stands in the history under this id. */
export interface OpeningRow {
	id: string;
	recording: string;
	member: string;
	at: number;
	/** When the host of the recording said that she knows; null = not yet. */
	seen_at: number | null;
}
