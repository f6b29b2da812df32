import type { Destroyed } from '../protocol/deletion.ts';
import { purgeShares } from '../share/purge.ts';
import type { StoreTransaction } from '../store/database.ts';
import { countCopies } from './derivatives.ts';
import { purgeRevisions } from './revisions.ts';

/**
 * Erases what one concept keeps of a recording, in the commit that makes its deletion final. What it counts stands
 * in the receipt.
 */
export type Purge = (db: StoreTransaction, recording: string) => Promise<Partial<Destroyed> | void>;

/** Rows of a table about a recording are gone; says how many. */
async function erase(
	db: StoreTransaction,
	table: 'grants' | 'annotations' | 'openings' | 'ready_mail',
	recording: string,
): Promise<number> {
	const { numDeletedRows } = await db
		.deleteFrom(table)
		.where('recording', '=', recording)
		.executeTakeFirst();
	return Number(numDeletedRows);
}

const purgeGrants: Purge = async (db, recording) => ({
	grants: await erase(db, 'grants', recording),
});

const purgeAnnotations: Purge = async (db, recording) => ({
	annotations: await erase(db, 'annotations', recording),
});

/** Why somebody opened it: the log holds the hash of it and is none the worse. */
const purgeReasons: Purge = async (db, recording) => {
	await erase(db, 'openings', recording);
	const { numUpdatedRows } = await db
		.updateTable('history')
		.set({ reason: null })
		.where('recording', '=', recording)
		.where('reason', 'is not', null)
		.executeTakeFirst();
	return { reasons: Number(numUpdatedRows) };
};

/** Mail that was still to say that it is ready. */
const purgeReady: Purge = async (db, recording) => {
	await erase(db, 'ready_mail', recording);
	return {};
};

/** Everything that opens a recording or speaks of what is in it. From the commit on nothing can be opened. */
export const purges: readonly Purge[] = [
	purgeGrants,
	purgeAnnotations,
	purgeReasons,
	purgeShares,
	purgeRevisions,
	countCopies,
	purgeReady,
];
