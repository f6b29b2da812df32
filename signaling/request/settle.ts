import type { Context } from '../context.ts';
import type { StoreTransaction } from '../store/database.ts';

/** What is done when nothing is kept any more. */
const kinds = ['delete', 'stop'] as const;

/**
 * Nothing of a session is kept any more: who asked that it is deleted, or kept no longer, has what she asked for, on the day
 * that the receipt names. A track that was destroyed is somebody's whom only the practice can tell: her client says so.
 */
export async function settleRequests(
	{ history }: Pick<Context, 'history'>,
	db: StoreTransaction,
	{ session, at, who }: { session: string | null; at: number; who: string | null },
): Promise<void> {
	if (session === null) return;
	const kept = await db
		.selectFrom('recordings')
		.select('id')
		.where('session', '=', session)
		.where('state', '!=', 'deleted')
		.executeTakeFirst();
	if (kept) return;
	const rows = await db
		.selectFrom('requests')
		.select('id')
		.where('session', '=', session)
		.where('state', '=', 'open')
		.where('kind', 'in', kinds)
		.orderBy('made_at')
		.execute();
	for (const { id } of rows) {
		await db
			.updateTable('requests')
			.set({ state: 'done', closed_at: at })
			.where('id', '=', id)
			.execute();
		const by = who === null ? {} : { who };
		await history.add(db, { act: 'request-done', ...by, session, about: id });
	}
}
