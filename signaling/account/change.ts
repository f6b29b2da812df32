import type * as v from 'valibot';
import { ServerError } from '../errors.ts';
import { stored } from '../parse.ts';
import { Account, type Unlocker } from '../protocol/account.ts';
import type { StoreTransaction } from '../store/database.ts';

type Kept = v.InferOutput<typeof Account>;

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

/**
 * The account with the password of `sent`, and every other way in as it is kept: the browser that changes the password
 * may have read the others before somebody changed them. Throws `bad-request` when no password is sent.
 */
export function withPassword(kept: Kept, sent: readonly Unlocker[]): Kept {
	const password = sent.find(({ kind }) => kind === 'password');
	if (!password) throw new ServerError('bad-request');
	const unlockers = kept.unlockers.map((one) =>
		one.kind === 'password' ? { ...password, id: one.id } : one,
	);
	return { ...kept, unlockers };
}
