import { type Bytes, toHex } from '#crypto/bytes.ts';
import type { ReceiptBook } from '#crypto/consent/book.ts';
import { type Epoch } from './epoch.ts';
import type { View } from './policy.ts';
import type { SignedRemoval } from './statements.ts';
import { verifyRemoval } from './statements.ts';

/** What a client knows besides the epoch it is in, and persists. */
export interface Known {
	/** Learns from each epoch that is taken part in. */
	readonly receipts?: ReceiptBook;
	readonly removals?: readonly SignedRemoval[];
	/** The last generation that this client took part in, for when it comes back without an epoch. */
	readonly generation?: number;
}

/** The view of a client. Throws `bad-signature` when a known removal is not the host's. */
export async function viewOf(options: {
	session: string;
	hostKey: Bytes;
	generation: number;
	previous: Epoch | undefined;
	known: Known;
}): Promise<View> {
	const { session, hostKey, generation, previous, known } = options;
	const signed = known.removals ?? [];
	const removals = await Promise.all(signed.map((removal) => verifyRemoval(removal, hostKey)));
	const removed = removals.filter((removal) => removal.session === session);
	return {
		session,
		hostKey,
		generation,
		after: Math.max(previous?.generation ?? 0, known.generation ?? 0),
		previous: previous && {
			hash: await previous.authenticatorHash(),
			roster: previous.roster,
			evidence: previous.verified,
		},
		receipts: known.receipts?.receipts ?? [],
		removed: new Set([
			...removed.map(({ key }) => toHex(key)),
			...(previous?.verified.removals.keys() ?? []),
		]),
	};
}
