import type { Context } from '../context.ts';
import type { Revised } from '../recording/revised.ts';
import type { StoreTransaction } from '../store/database.ts';
import { close, note, tracksOf } from './rows.ts';

/**
 * Ends what was shared of keys or tracks that are no more: all shares after a re-lock, those with the track of somebody
 * whose track was destroyed.
 */
export const endRevised: Revised = async (
	context: Context,
	db: StoreTransaction,
	{ recording, kind, destroyed, who },
) => {
	const rows = await db
		.selectFrom('shares')
		.selectAll()
		.where('recording', '=', recording)
		.where('state', '=', 'open')
		.execute();
	for (const row of rows) {
		const touched = kind === 'relock' || tracksOf(row).some((track) => destroyed.includes(track));
		if (!touched) continue;
		await close(context, db, { id: row.id, state: 'ended', mail: row.mail });
		await note(context, db, row, { act: 'share-ended', who });
	}
};
