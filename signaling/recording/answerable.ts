import { ServerError } from '../errors.ts';
import type { Grant } from '../protocol/recordings.ts';
import type { StoreTransaction } from '../store/database.ts';

/** Who answers for a recording: its host while she is a member, and the practice. */
async function answerable(db: StoreTransaction, host: string): Promise<string[]> {
	const practice = await db.selectFrom('practice').select('id').executeTakeFirst();
	const active = await db
		.selectFrom('members')
		.select('id')
		.where('id', '=', host)
		.where('active', '=', 1)
		.executeTakeFirst();
	return [practice?.id, active?.id].flatMap((id) => id ?? []);
}

/** Whom grants let in that are in force. */
export const letIn = (grants: readonly Grant[], now: number): Set<string> =>
	new Set(
		grants
			.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
			.map(({ recipient }) => recipient),
	);

/**
 * Throws `bad-request` where one who answers for a recording could open it, and could not any more what is made of it: nobody
 * takes a recording away from its host or the practice by wrapping its keys anew.
 */
export async function demandAnswerable(
	db: StoreTransaction,
	options: { host: string; could: ReadonlySet<string>; can: ReadonlySet<string> },
): Promise<void> {
	const { host, could, can } = options;
	for (const id of await answerable(db, host))
		if (could.has(id) && !can.has(id)) throw new ServerError('bad-request');
}
