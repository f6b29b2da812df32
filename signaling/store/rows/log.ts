/** What a row of the history holds for the log. */
export interface HistoryLogColumns {
	/** 16 random bytes; null = whom and what the row is about was erased. */
	salt: string | null;
	/** SHA-256 of whom and what it is about; stays when that is erased. */
	of: string;
	/** Sealed by the actor. */
	reason: string | null;
	reason_hash: string | null;
	/** JSON of Signed. */
	signed: string | null;
	signed_hash: string | null;
}

export interface LogTables {
	log_nodes: LogNodeRow;
}

/** Hashes of the tree over the history. */
export interface LogNodeRow {
	/** As the row of the history. */
	n: number;
	/** The leaf hash of row n and the hashes of the subtrees that it completed, 32 bytes each. */
	hashes: string;
}
