import type { Context } from '../context.ts';
import type { RevisionKind } from '../protocol/revisions.ts';
import { endRevised } from '../share/revised.ts';
import type { StoreTransaction } from '../store/database.ts';

/**
 * Told in the commit that rewrites a recording, to every concept that keeps keys or parts of it: after a `relock` nothing
 * of the old keys opens anything any more, after a `destroy` the named tracks are gone.
 */
export type Revised = (
	context: Context,
	db: StoreTransaction,
	what: {
		readonly recording: string;
		readonly kind: RevisionKind;
		/** Ids of the tracks that are gone. */
		readonly destroyed: readonly string[];
		/** The member who rewrote it. */
		readonly who: string;
	},
) => Promise<void>;

export const revised: readonly Revised[] = [endRevised];
