import type { Clock } from '../clock.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { History } from './history.ts';

/** A link that is opened again and again is written down once in this time. */
const openedEveryMs = 60_000;
/** And so often in all, so that whoever has a link cannot push everything else out of sight. */
const openedMax = 64;

/** So often the line of one person breaks before it is not written down any more. */
const lostMax = 64;

/** Writes down that the line of somebody in a call broke. */
export async function addLost(
	history: History,
	db: StoreTransaction,
	{ place, session }: { place: string; session: string },
): Promise<void> {
	const { count } = await linesOf(db, place, session)
		.select((it) => it.fn.countAll<number>().as('count'))
		.where('act', '=', 'lost')
		.executeTakeFirstOrThrow();
	if (count < lostMax) await history.add(db, { act: 'lost', who: place, session });
}

/** Writes down that she came back, unless nobody knew that she had gone. */
export async function addReturned(
	history: History,
	db: StoreTransaction,
	{ place, session }: { place: string; session: string },
): Promise<void> {
	const last = await linesOf(db, place, session)
		.select('act')
		.where('act', 'in', ['lost', 'returned'])
		.orderBy('n', 'desc')
		.limit(1)
		.executeTakeFirst();
	if (last?.act === 'lost') await history.add(db, { act: 'returned', who: place, session });
}

const linesOf = (db: StoreTransaction, place: string, session: string) =>
	db.selectFrom('history').where('session', '=', session).where('who', '=', place);

/** Writes down that somebody's browser read what her link leads to. */
export async function addLinkOpened(
	context: { store: Store; clock: Clock; history: History },
	{ place, session }: { place: string; session: string },
): Promise<void> {
	const { store, clock, history } = context;
	await store.transaction().execute(async (db) => {
		const { last, count } = await db
			.selectFrom('history')
			.select((it) => [it.fn.max('at').as('last'), it.fn.countAll<number>().as('count')])
			.where('session', '=', session)
			.where('who', '=', place)
			.where('act', '=', 'link-opened')
			.executeTakeFirstOrThrow();
		if (count >= openedMax || (last !== null && clock.now() - last < openedEveryMs)) return;
		await history.add(db, { act: 'link-opened', who: place, session });
	});
}
