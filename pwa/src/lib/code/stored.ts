import * as v from 'valibot';
import { Nameplate, codeTries } from '#protocol/code.ts';
import { Count, Id, Time } from '#protocol/text.ts';

/** A code as the host's browser keeps it, so that a reload gives nobody three more tries. */
export const StoredCode = v.object({
	member: Id,
	session: Id,
	place: Id,
	nameplate: Nameplate,
	/** The six digits under the member's account key, base64url. */
	sealed: v.string(),
	/** The host's part of the session id of every try. */
	nonce: Id,
	until: Time,
	/** Tries that were answered. */
	answered: Count,
	/** The participants' parts of the session ids so far: none serves twice. */
	nonces: v.array(v.string()),
	/** Until then nobody else is answered: one try is not over. */
	busyUntil: Time,
	used: v.boolean(),
});
export type StoredCode = v.InferOutput<typeof StoredCode>;

export type CodeState = 'live' | 'used' | 'burnt' | 'expired';

export function stateOf(code: StoredCode, now: number): CodeState {
	if (code.used) return 'used';
	if (code.answered >= codeTries && now >= code.busyUntil) return 'burnt';
	return now < code.until ? 'live' : 'expired';
}

/** Where a host's client keeps codes, and whom they confirmed. */
export interface CodeShelf {
	read(place: string): Promise<StoredCode | undefined>;
	all(): Promise<StoredCode[]>;
	/**
	 * Changes a code in one step that no other tab can come between; `change` gives undefined to leave it. Resolves with
	 * whether it was changed, after that is stored.
	 */
	change(
		place: string,
		change: (before: StoredCode | undefined) => StoredCode | undefined,
	): Promise<boolean>;
	/** Remembers that a key proved the code of a place. Hexadecimal. */
	confirm(place: string, key: string): Promise<void>;
	confirmed(place: string): Promise<readonly string[]>;
}
