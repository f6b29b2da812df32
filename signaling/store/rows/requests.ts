import type {
	DeclineReason,
	ExtensionReason,
	RequestKind,
	RequestSource,
} from '../../protocol/requests.ts';

export interface RequestTables {
	requests: RequestRow;
	disclosures: DisclosureRow;
}

/** Kept six years after it was closed (45 CFR 164.530(j)); its words can be erased before. */
export interface RequestRow {
	id: string;
	session: string;
	place: string;
	/** The account it was made with. */
	member: string | null;
	kind: RequestKind;
	source: RequestSource;
	/** JSON of Signed: what she signed with the key of her visit. */
	content: string | null;
	state: 'open' | 'done' | 'declined';
	made_at: number;
	due_at: number;
	extended_at: number | null;
	extend_reason: ExtensionReason | null;
	extend_words: string | null;
	closed_at: number | null;
	close_reason: DeclineReason | null;
	close_words: string | null;
}

/** To whom something was given: outlives the recording, because the accounting of it does (45 CFR 164.528). */
export interface DisclosureRow {
	id: string;
	at: number;
	/** Who gave it. */
	member: string;
	act: 'exported' | 'shared';
	recording: string;
	session: string | null;
	/** Names, address, what and what for: sealed under "Practice records key". */
	sealed: string;
}
