import type { PostKind, PostWay } from '../protocol/post.ts';
import type { StoreTransaction } from '../store/database.ts';

/** How long after its session a message that was held is still shown. */
export const outboxMs = 24 * 60 * 60_000;

/** A reminder says nothing that the announcement beside it does not say. */
const order: readonly PostKind[] = ['invitation', 'update', 'reminder'];

/**
 * A way to send is set up again: of what lies in the outbox, the newest word to each person is sent while
 * its session is still to come, and everything else dropped. A cancellation has no address any more, so
 * it stays for somebody to pass on until its session would have begun.
 */
export async function releaseHeld(
	db: StoreTransaction,
	{ way, now }: { way: PostWay; now: number },
): Promise<void> {
	const rows = await db
		.selectFrom('post')
		.innerJoin('sessions', 'sessions.id', 'post.session')
		.select(['post.id', 'post.place', 'post.kind', 'sessions.starts_at', 'sessions.state'])
		.where('post.state', '=', 'held')
		.where('post.way', '=', way)
		.orderBy('post.at', 'desc')
		.execute();
	const newest = rows.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
	const told = new Set<string>();
	for (const { id, place, kind, starts_at: startsAt, state } of newest) {
		const toCome = startsAt > now;
		if (kind === 'cancellation' && toCome) continue;
		const sent = toCome && state !== 'ended' && kind !== 'cancellation' && !told.has(place);
		if (sent) told.add(place);
		await db
			.updateTable('post')
			.set({ state: sent ? 'waiting' : 'dropped', at: now, held: 1 })
			.where('id', '=', id)
			.execute();
	}
}
