import type { Context } from '../context.ts';

/**
 * When the server starts, nobody who waited is connected. Whoever comes back within a minute goes on waiting; whoever
 * closed the page meanwhile, and comes later, arrives anew. Rows that already say since when are left.
 */
export async function markAbsent({
	store,
	clock,
}: Pick<Context, 'store' | 'clock'>): Promise<void> {
	await store
		.updateTable('seats')
		.set({ absent_at: clock.now() })
		.where('kind', '=', 'participant')
		.where('state', '=', 'waiting')
		.where('absent_at', 'is', null)
		.execute();
}
