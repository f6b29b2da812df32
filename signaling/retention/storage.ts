import type * as v from 'valibot';
import type { Context } from '../context.ts';
import type { Storage, StoragePrice } from '../protocol/retention.ts';
import type { Store } from '../store/database.ts';
import { endsAt } from './due.ts';

type Price = v.InferOutput<typeof StoragePrice>;
type Months = Storage['begun'];

/** "2026-11" */
const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7);
/** What a date of the language can hold; later ones are not in a forecast anyway. */
const datesMax = 8.64e15;

class Sums {
	readonly #months = new Map<string, Months[number]>();

	add(at: number, bytes: number): void {
		const month = monthOf(Math.min(at, datesMax));
		const sum = this.#months.get(month) ?? { month, bytes: 0, recordings: 0 };
		this.#months.set(month, {
			month,
			bytes: sum.bytes + bytes,
			recordings: sum.recordings + 1,
		});
	}

	get months(): Months {
		return [...this.#months.values()].toSorted((a, b) => a.month.localeCompare(b.month));
	}
}

async function readPrice(store: Store): Promise<Price> {
	const row = await store
		.selectFrom('storage_price')
		.select(['micros', 'currency'])
		.executeTakeFirst();
	return row ?? null;
}

/** Sets or forgets what a gigabyte costs in a month. */
export async function writePrice(store: Store, price: Price): Promise<void> {
	await store.transaction().execute(async (db) => {
		await db.deleteFrom('storage_price').execute();
		if (price)
			await db
				.insertInto('storage_price')
				.values({ id: 'practice', ...price })
				.execute();
	});
}

/** What the recordings take that are there, by the months in which they began and in which they end. */
export async function readStorage({ store }: Context): Promise<Storage> {
	const rows = await store
		.selectFrom('recordings')
		.leftJoin('retentions', 'retentions.recording', 'recordings.id')
		.leftJoin(
			(it) =>
				it
					.selectFrom('objects')
					.select(['recording', (of) => of.fn.sum<number>('bytes').as('bytes')])
					.groupBy('recording')
					.as('sizes'),
			(join) => join.onRef('sizes.recording', '=', 'recordings.id'),
		)
		.select([
			'recordings.state',
			'recordings.started_at',
			'recordings.ended_at',
			'recordings.last_seen_at',
			'recordings.finished_at',
			'retentions.kept_until',
			'retentions.minutes',
			'retentions.hold',
			'sizes.bytes',
		])
		.where('recordings.state', '!=', 'deleted')
		.execute();
	const begun = new Sums();
	const ending = new Sums();
	let bytes = 0;
	for (const row of rows) {
		const size = row.bytes ?? 0;
		bytes += size;
		begun.add(row.started_at, size);
		const { kept_until, minutes, hold } = row;
		const end = hold === null ? null : endsAt({ kept_until, minutes, hold }, row);
		if (end !== null) ending.add(end, size);
	}
	return {
		bytes,
		recordings: rows.length,
		begun: begun.months,
		ending: ending.months,
		price: await readPrice(store),
	};
}
