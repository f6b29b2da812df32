import type { Store } from '../store/database.ts';
import type { PostRow } from '../store/tables.ts';
import { addressed } from './letter.ts';
import { type Letters, textAtOnce, together } from './series.ts';
import { settleUntold } from './told.ts';
import type { Letter } from './words.ts';

/** One message and what it says. */
export interface Item {
	row: PostRow;
	letter: Letter;
}

/** Messages that go out in one, the earliest session first. */
export type Parcel = readonly [Item, ...Item[]];

export const rowsOf = (parcel: Parcel): PostRow[] => parcel.map(({ row }) => row);

export function lettersOf([first, ...others]: Parcel): Letters {
	return [first.letter, ...others.map(({ letter }) => letter)];
}

export interface Wanted {
	address: string;
	first: Item;
	to: string;
	/** Whether a message can go out now. */
	sendable: (row: PostRow, letter: Letter, open: boolean) => Promise<boolean>;
}

/** By text an invitation to several gives one link: the others come with the reminders. */
async function isReminded(store: Store, { place, way }: PostRow): Promise<boolean> {
	const reminder = await store
		.selectFrom('post')
		.select('id')
		.where('place', '=', place)
		.where('way', '=', way)
		.where('kind', '=', 'reminder')
		.where('before', 'is not', null)
		.where('state', '=', 'waiting')
		.limit(1)
		.executeTakeFirst();
	return reminder !== undefined;
}

async function fitting(store: Store, row: PostRow, wanted: Wanted): Promise<Letter | undefined> {
	const { address, first, to, sendable } = wanted;
	const message = await addressed(store, address, row);
	if (typeof message !== 'object' || message.to !== to) return undefined;
	const { letter, open } = message;
	if (!together(first.letter, letter) || !(await sendable(row, letter, open))) return undefined;
	const short = row.way === 'text' && row.kind === 'invitation';
	return short && !(await isReminded(store, row)) ? undefined : letter;
}

/**
 * Everything that waits to tell the same person the same of other sessions of a series, taken as the first
 * was: from here on nobody else sends it.
 */
export async function fill(store: Store, wanted: Wanted): Promise<Parcel> {
	const { first } = wanted;
	const { series, kind, way, id } = first.row;
	if (series === null) return [first];
	const waiting = await store
		.selectFrom('post')
		.selectAll()
		.where('series', '=', series)
		.where('kind', '=', kind)
		.where('way', '=', way)
		.where('state', '=', 'waiting')
		.where('id', '!=', id)
		.execute();
	const most = way === 'text' ? textAtOnce[kind] : Infinity;
	const others: Item[] = [];
	const taken: PostRow[] = [];
	try {
		for (const { id: other } of waiting) {
			if (others.length + 1 >= most) break;
			const row = await take(store, other);
			if (!row) continue;
			taken.push(row);
			// Read after it was taken: what changes from now on is planned anew.
			const letter = await fitting(store, row, wanted).catch(() => undefined);
			if (letter) others.push({ row, letter });
			else {
				await putBack(store, row);
				taken.pop();
			}
		}
	} catch (error) {
		// Nobody else knows that they were taken.
		await Promise.allSettled(taken.map((row) => putBack(store, row)));
		throw error;
	}
	const [earliest = first, ...later] = [first, ...others].toSorted(
		(a, b) => a.letter.startsAt - b.letter.startsAt,
	);
	return [earliest, ...later];
}

async function take(store: Store, id: string): Promise<PostRow | undefined> {
	return store
		.updateTable('post')
		.set((it) => ({ state: 'sending', tries: it('tries', '+', 1) }))
		.where('id', '=', id)
		.where('state', '=', 'waiting')
		.returningAll()
		.executeTakeFirst();
}

/** It waits again as before, unless something newer was planned meanwhile. */
async function putBack(store: Store, row: PostRow): Promise<void> {
	await store.transaction().execute(async (db) => {
		const { numUpdatedRows } = await db
			.updateTable('post')
			.set({ state: 'waiting', tries: row.tries - 1 })
			.where('id', '=', row.id)
			.where('superseded', '=', 0)
			.executeTakeFirst();
		if (numUpdatedRows > 0n) return;
		await db.deleteFrom('post').where('id', '=', row.id).execute();
		await settleUntold(db, row);
	});
}
