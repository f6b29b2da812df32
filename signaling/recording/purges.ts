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
const purgeReady: Purge = async (db, recording) => ({
	messages: await erase(db, 'ready_mail', recording),
});

/** Everything that opens a recording or speaks of what is in it. From the commit on nothing can be opened. */
const purges: readonly Purge[] = [
	purgeGrants,
	purgeAnnotations,
	purgeReasons,
	purgeShares,
	purgeRevisions,
	countCopies,
	purgeReady,
];

/** Runs all of them; says how many of everything, which several of them may count. */
export async function purgeAll(
	db: StoreTransaction,
	recording: string,
): Promise<Omit<Destroyed, 'tracks' | 'objects' | 'bytes'>> {
	const sum = { grants: 0, annotations: 0, reasons: 0, shares: 0, messages: 0, derivatives: 0 };
	for (const purge of purges) {
		const more = (await purge(db, recording)) ?? {};
		sum.grants += more.grants ?? 0;
		sum.annotations += more.annotations ?? 0;
		sum.reasons += more.reasons ?? 0;
		sum.shares += more.shares ?? 0;
		sum.messages += more.messages ?? 0;
		sum.derivatives += more.derivatives ?? 0;
	}
	return sum;
}
