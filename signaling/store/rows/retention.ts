import type { Purpose } from '../../protocol/retention.ts';

/** How long one recording is kept. */
export interface RetentionTableRow {
	recording: string;
	/** 0 = as the notice says; each statement adds one. */
	version: number;
	purpose: Purpose | null;
	/** The last moment; null = no date. */
	kept_until: number | null;
	/** After its end; only in version 0. */
	minutes: number | null;
	hold: number;
	/** Signed JSON. */
	statement: string | null;
	at: number;
}

/** Each that an admin signed; the highest version holds. */
export interface RetentionPolicyRow {
	version: number;
	content: string;
	at: number;
}

/** One row at most. */
export interface StoragePriceRow {
	id: 'practice';
	micros: number;
	currency: string;
}
