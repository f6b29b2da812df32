import type * as v from 'valibot';
import { stored } from '../parse.ts';
import { Account } from '../protocol/account.ts';
import type { StoreTransaction } from '../store/database.ts';

/** What the server keeps of an account. */
export type Kept = v.InferOutput<typeof Account>;

/**
 * Replaces what the server keeps of a member's account by what `change` makes of it; `more` are other columns
 * of her row that are written with it. Throws what `change` throws, and then nothing is written.
 */
export async function changeAccount(
	db: StoreTransaction,
	member: string,
	change: (account: Kept) => Kept,
	more: { opaque_record?: string } = {},
): Promise<void> {
	const row = await db
		.selectFrom('members')
		.select('account')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	await db
		.updateTable('members')
		.set({ account: JSON.stringify(change(stored(Account, row.account))), ...more })
		.where('id', '=', member)
		.execute();
}
