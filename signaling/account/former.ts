import { stored } from '../parse.ts';
import { Account } from '../protocol/account.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

/** The keys of before that a member's account keeps sealed; undefined when all was given to the new ones. */
export async function formerOf(
	db: Store | StoreTransaction,
	member: string,
): Promise<string | undefined> {
	const { account } = await db
		.selectFrom('members')
		.select('account')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	return stored(Account, account).former;
}
