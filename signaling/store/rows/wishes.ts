export interface WishRow {
	member: string;
	ready: number;
}

/** A mail that a recording is ready; gone once it was sent or given up. */
export interface ReadyMailRow {
	recording: string;
	member: string;
	/** `sending` is written down before anything goes out, and is never sent again. */
	state: 'waiting' | 'sending';
	/** When it is due. */
	at: number;
	tries: number;
}

export interface WishTables {
	wishes: WishRow;
	ready_mail: ReadyMailRow;
}
