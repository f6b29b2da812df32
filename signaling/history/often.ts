import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { Entry } from './history.ts';

/** What a page says again and again is written down once in this time, */
const onceMs = 60_000;
/** and after so many rows of one kind, by one member about one recording, */
const oftenRows = 64;
/** once in this, so that nobody can push everything else out of sight. */
const oftenMs = 60 * 60_000;

type Doing = Entry & { who: string; recording: string };

/** How many such rows there are, and how long ago the last one was, in milliseconds. */
async function before(
	{ clock }: Pick<Context, 'clock'>,
	db: StoreTransaction,
	{ act, who, recording }: Doing,
): Promise<{ count: number; ago: number }> {
	const { last, count } = await db
		.selectFrom('history')
		.select((it) => [it.fn.max('at').as('last'), it.fn.countAll<number>().as('count')])
		.where('recording', '=', recording)
		.where('who', '=', who)
		.where('act', '=', act)
		.executeTakeFirstOrThrow();
	return { count, ago: last === null ? Infinity : clock.now() - last };
}

/** Adds a row of what a member does with a recording, unless it was written down just before. */
export async function addOnce(
	context: Pick<Context, 'clock' | 'history'>,
	db: StoreTransaction,
	entry: Doing,
): Promise<void> {
	const { count, ago } = await before(context, db, entry);
	if (ago >= (count < oftenRows ? onceMs : oftenMs)) await context.history.add(db, entry);
}

/** Adds a row that may not be left out. Throws `slow-down` for what was done too often. */
export async function addSeldom(
	context: Pick<Context, 'clock' | 'history'>,
	db: StoreTransaction,
	entry: Doing,
): Promise<void> {
	const { count, ago } = await before(context, db, entry);
	if (count >= oftenRows && ago < oftenMs) throw new ServerError('slow-down');
	await context.history.add(db, entry);
}
