import { ServerError } from '../errors.ts';
import { Account, type Member, type Practice, type SignedIn } from '../protocol/account.ts';
import { PublicIdentity, SignedList } from '../protocol/text.ts';
import { stored } from '../parse.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { MemberRow } from '../store/tables.ts';
import type { Opened } from './devices.ts';

export function memberOf(row: MemberRow): Member {
	return {
		id: row.id,
		name: row.name,
		email: row.email,
		role: row.role,
		publicIdentity: stored(PublicIdentity, row.public_identity),
	};
}

/** The practice, or `undefined` before setup. */
export async function readPractice(db: Store | StoreTransaction): Promise<Practice | undefined> {
	const row = await db.selectFrom('practice').selectAll().executeTakeFirst();
	return (
		row && {
			id: row.id,
			name: row.name,
			publicKey: row.public_key,
			records: stored(PublicIdentity, row.records),
			memberList: stored(SignedList, row.member_list),
		}
	);
}

/** Throws `not-ready` before setup. */
export async function practiceOf(db: Store | StoreTransaction): Promise<Practice> {
	const practice = await readPractice(db);
	if (!practice) throw new ServerError('not-ready');
	return practice;
}

/** The answer to every way in. */
export async function signedIn(
	db: Store | StoreTransaction,
	options: { member: string; opened: Opened; idleMs: number },
): Promise<SignedIn> {
	const row = await db
		.selectFrom('members')
		.selectAll()
		.where('id', '=', options.member)
		.executeTakeFirst();
	if (!row) throw new ServerError('token');
	if (row.active === 0) throw new ServerError('deactivated');
	return {
		member: memberOf(row),
		practice: await practiceOf(db),
		device: options.opened.device,
		half: options.opened.half,
		account: stored(Account, row.account),
		keys: row.keys,
		idleMs: options.idleMs,
	};
}

export async function memberByEmail(
	db: Store | StoreTransaction,
	email: string,
): Promise<MemberRow | undefined> {
	return db.selectFrom('members').selectAll().where('email', '=', email).executeTakeFirst();
}
