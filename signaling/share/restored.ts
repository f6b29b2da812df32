import type { Context } from '../context.ts';
import { close, note } from './rows.ts';

/**
 * After a backup was brought back: what was ended since must not open again, and nobody knows what was. So all shares
 * that the backup has open are over.
 */
export async function endRestored(context: Context): Promise<void> {
	const { store, shares } = context;
	await store.transaction().execute(async (db) => {
		const rows = await db.selectFrom('shares').selectAll().where('state', '=', 'open').execute();
		for (const row of rows) {
			await close(context, db, { id: row.id, state: 'ended', mail: row.mail });
			await note(context, db, row, { act: 'share-ended' });
		}
	});
	await shares.scrub();
}
