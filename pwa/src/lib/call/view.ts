/** What the screens of a call show. Made from the key group and the connections; the server's word is in none of it but `present`. */
import type { DeviceTrouble } from './devices.svelte.ts';

export type TrustLevel = 0 | 1 | 2 | 3 | 4;

/** What a knock proved: an access code, a private link, nothing. */
export type ProvenLevel = 0 | 1 | 2;

export interface TrustLabel {
	readonly level: TrustLevel;
	/** Day of the first meeting, for level 3. */
	readonly date?: string;
}

/** One member of the key group. */
export interface RosterRow {
	/** Ed25519 key, hexadecimal. */
	readonly key: string;
	readonly name: string;
	readonly role: 'host' | 'participant' | 'recorder';
	readonly me: boolean;
	readonly present: boolean;
	/** Whether a consent to be recorded is in force; null where none is asked. */
	readonly agreed: boolean | null;
	/** Nobody compares with herself. */
	readonly trust: TrustLabel | null;
	readonly keyChanged: boolean;
}

export type Link = 'connecting' | 'connected' | 'lost' | 'failed';

/** Another person's picture and sound. */
export interface Tile {
	readonly key: string;
	readonly seat: string;
	readonly name: string;
	readonly stream: MediaStream;
	readonly link: Link;
	readonly since: number;
	readonly microphone: boolean;
	readonly camera: boolean;
	readonly screen: boolean;
}

/** Whom a consent speaks for besides the one who gives it. */
export interface Company {
	/** Everybody else at her device. */
	readonly together: boolean;
	/** The child or person in her care; '' for none. */
	readonly guardianOf: string;
	/** Her full name as her signature, where 42 CFR Part 2 asks for it. */
	readonly signedAs?: string | undefined;
}

/** Whom a receipt speaks for. */
export const companyOf = (receipt: {
	readonly together?: true | undefined;
	readonly guardianOf?: string | undefined;
	readonly signedAs?: string | undefined;
}): Company => ({
	together: receipt.together === true,
	guardianOf: receipt.guardianOf ?? '',
	signedAs: receipt.signedAs,
});

export const sameCompany = (a: Company, b: Company): boolean =>
	a.together === b.together && a.guardianOf === b.guardianOf && a.signedAs === b.signedAs;

export const alone: Company = { together: false, guardianOf: '' };

/** Somebody at the door, for the host. */
export interface Knock {
	readonly seat: string;
	/** null: sealed for somebody else or altered. */
	readonly name: string | null;
	readonly since: number;
	readonly trust: TrustLabel;
	readonly keyChanged: boolean;
	readonly agreed: boolean | null;
	readonly company: Company | null;
	/** Whether words can be sealed to her before she is let in. */
	readonly canBeTold: boolean;
}

export interface ChatLine {
	readonly id: string;
	readonly mine: boolean;
	readonly text: string;
	readonly at: number;
	/** The host said it to everybody. */
	readonly all: boolean;
}

/** How well the connection to somebody carries sound and picture. */
export type Quality = 'good' | 'weak' | 'poor';

/** What happened in the call, to be read and read aloud. */
export interface News {
	readonly id: number;
	readonly what: 'joined' | 'left' | 'lost' | 'back' | 'hand' | 'hand-down' | 'muted' | 'mute-sent';
	readonly name: string;
}

/** RFC 7866: recording awareness; `ended` after the last one of this call. */
export type Awareness = 'off' | 'on' | 'paused' | 'ended';

export type Phase =
	| 'connecting'
	| 'waiting'
	| 'in-call'
	| 'left'
	| 'removed'
	| 'ended'
	| 'replaced'
	| 'failed';

export type { DeviceTrouble };
