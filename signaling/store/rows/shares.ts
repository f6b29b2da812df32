import type { ShareMail, ShareState, ShareWay } from '../../protocol/shares.ts';

export interface ShareTables {
	shares: ShareTableRow;
	share_openings: ShareOpeningRow;
}

/** What only a share that is open has is null in one that is over. */
export interface ShareTableRow {
	id: string;
	recording: string;
	/** The member who made it. */
	sharer: string;
	way: ShareWay;
	state: ShareState;
	/** JSON: ids of the tracks that it serves. */
	tracks: string;
	created_at: number;
	expires_at: number;
	ended_at: number | null;
	/** In clear until the mail was sent. */
	email: string | null;
	/** In clear while codes are sent there. */
	mobile: string | null;
	mail: ShareMail;
	/** When the mail is tried next. */
	mail_at: number;
	mail_tries: number;
	about: string;
	own: string | null;
	/** Of OPAQUE. */
	record: string | null;
	content: string | null;
	/** Text messages that were sent. */
	codes: number;
	/** Tries of the five words since they were last right. */
	words_tries: number;
	openings: number;
	/** JSON of ShareDevice. */
	device: string | null;
	device_hash: string | null;
	device_at: number | null;
	approved: number;
	/** Ed25519 of the sharer as it was when she approved the device. */
	approved_key: string | null;
	compared: number;
}

export interface ShareOpeningRow {
	share: string;
	n: number;
	at: number;
}
