import type { StoreTransaction } from '../store/database.ts';

/** Erases what one concept keeps of a recording, in the commit that makes its deletion final. */
export type Purge = (db: StoreTransaction, recording: string) => Promise<void>;

async function purgeGrants(db: StoreTransaction, recording: string): Promise<void> {
	await db.deleteFrom('grants').where('recording', '=', recording).execute();
}

async function purgeAnnotations(db: StoreTransaction, recording: string): Promise<void> {
	await db.deleteFrom('annotations').where('recording', '=', recording).execute();
}

/** Everything that opens a recording or speaks of what is in it. From the commit on nothing can be opened. */
export const purges: readonly Purge[] = [purgeGrants, purgeAnnotations];
