import type { LogExportHead, LogExportRow } from '../protocol/log.ts';
import type { Store } from '../store/database.ts';
import type { Ledger } from './ledger.ts';
import { viewRow } from './read.ts';

/** Rows that are read at once. */
const batchRows = 1000;

/** The whole log as lines of JSON: its signed head, then each row with the hash that the tree has for it. */
export async function* exportLog(store: Store, ledger: Ledger): AsyncGenerator<string> {
	const size = await ledger.size();
	const head: LogExportHead = {
		type: 'sotto-history',
		v: 1,
		note: await ledger.checkpoint(size),
		key: ledger.key,
	};
	yield line(head);
	for (let from = 0; from < size; from += batchRows) {
		const to = Math.min(from + batchRows, size);
		const kept = await ledger.kept(from, to);
		const found = await store
			.selectFrom('history')
			.selectAll()
			.where('n', '>', from)
			.where('n', '<=', to)
			.execute();
		const rows = new Map(found.map((row) => [row.n, row]));
		for (let n = from + 1; n <= to; n++) {
			const row = rows.get(n);
			const one: LogExportRow = { n, hash: kept.get(n) ?? null, row: row ? viewRow(row) : null };
			yield line(one);
		}
	}
}

const line = (value: LogExportHead | LogExportRow): string => `${JSON.stringify(value)}\n`;
