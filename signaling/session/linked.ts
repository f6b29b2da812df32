import { ServerError } from '../errors.ts';
import type { NewPlace } from '../protocol/sessions.ts';
import type { StoreTransaction } from '../store/database.ts';

/** What a row keeps of a place besides its id and session. */
export function placeColumns({ sealed, visit }: Pick<NewPlace, 'sealed' | 'visit'>) {
	return { sealed, member: visit?.member ?? null, visit: visit?.sealed ?? null };
}

/** Throws `bad-request` unless every account that is named is that of an active participant. */
export async function checkVisits(
	db: StoreTransaction,
	places: readonly NewPlace[],
): Promise<void> {
	const named = new Set(places.flatMap(({ visit }) => visit?.member ?? []));
	if (named.size === 0) return;
	const known = await db
		.selectFrom('members')
		.select('id')
		.where('id', 'in', [...named])
		.where('role', '=', 'participant-only')
		.where('active', '=', 1)
		.execute();
	if (known.length !== named.size) throw new ServerError('bad-request');
}
