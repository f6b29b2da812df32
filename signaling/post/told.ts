import type { PostKind, PostWay } from '../protocol/post.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { PostRow } from '../store/tables.ts';

/** What tells a person of a session, and what calls it off again. */
const announcements: readonly PostKind[] = ['invitation', 'update'];
const telling: readonly PostKind[] = [...announcements, 'cancellation'];

interface Whom {
	place: string;
	way: PostWay;
}

/** It went out, may have gone out, or somebody may have passed it on out of the outbox. */
const reached = ({ state, error }: Pick<PostRow, 'state' | 'error'>): boolean =>
	state === 'sending' || state === 'sent' || state === 'held' || error === 'interrupted';

/** Whether a person knows of a session by this way, and was not told since that it is off. */
export async function isTold(
	db: StoreTransaction,
	{ place, way, before = Number.MAX_SAFE_INTEGER }: Whom & { before?: number },
): Promise<boolean> {
	const rows = await db
		.selectFrom('post')
		.select(['kind', 'state', 'error'])
		.where('place', '=', place)
		.where('way', '=', way)
		.where('kind', 'in', telling)
		.where('sequence', '<', before)
		.orderBy('sequence')
		.execute();
	let told = false;
	for (const row of rows) told = row.kind === 'cancellation' ? false : told || reached(row);
	return told;
}

/**
 * Takes back what is planned for a person and did not go out: what waits is gone, what is under way right
 * now is not tried again.
 */
export async function withdraw(
	db: StoreTransaction,
	{ place, way, kinds }: Whom & { kinds: readonly PostKind[] },
): Promise<void> {
	await db
		.deleteFrom('post')
		.where('place', '=', place)
		.where('way', '=', way)
		.where('kind', 'in', kinds)
		.where('state', 'in', ['waiting', 'held'])
		.execute();
	await db
		.updateTable('post')
		.set({ superseded: 1 })
		.where('place', '=', place)
		.where('way', '=', way)
		.where('kind', 'in', kinds)
		.where('state', '=', 'sending')
		.execute();
}

/**
 * An announcement did not go out. What was planned while it was under way took it for told: whoever never
 * heard of a session is not told that it is off, and is invited to the new time.
 */
export async function settleUntold(db: StoreTransaction, row: PostRow): Promise<void> {
	if (!announcements.includes(row.kind)) return;
	const { place, way, sequence } = row;
	const next = await db
		.selectFrom('post')
		.select(['id', 'kind', 'sequence'])
		.where('place', '=', place)
		.where('way', '=', way)
		.where('kind', 'in', telling)
		.where('sequence', '>', sequence)
		.where('state', 'in', ['waiting', 'held'])
		.orderBy('sequence')
		.limit(1)
		.executeTakeFirst();
	if (!next || (await isTold(db, { place, way, before: next.sequence }))) return;
	if (next.kind === 'cancellation') await db.deleteFrom('post').where('id', '=', next.id).execute();
	else await db.updateTable('post').set({ kind: 'invitation' }).where('id', '=', next.id).execute();
}
