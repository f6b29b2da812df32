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
