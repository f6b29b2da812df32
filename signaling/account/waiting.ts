import type { Context } from '../context.ts';
import type { StoreTransaction } from '../store/database.ts';

/**
 * Ends a member's wish for new keys, if one waits: she took it back, or a way into her account was changed since, which
 * it would undo.
 */
export async function withdrawRotation(
	{ history }: Context,
	db: StoreTransaction,
	member: string,
): Promise<void> {
	const { numDeletedRows } = await db
		.deleteFrom('rotations')
		.where('member', '=', member)
		.executeTakeFirst();
	if (numDeletedRows > 0n) await history.add(db, { act: 'keys-taken-back', who: member });
}

/**
 * Erases what nobody may confirm any more: it holds the keys that its member still has, sealed for the recovery key that she
 * wrote down for it. Pages of administrators hear when others still wait, and try these again.
 */
export async function sweepRotations({ store, clock, hub }: Context): Promise<void> {
	await store.deleteFrom('rotations').where('expires_at', '<=', clock.now()).execute();
	const waiting = await store.selectFrom('rotations').select('member').executeTakeFirst();
	if (waiting) hub.changed('members');
}
