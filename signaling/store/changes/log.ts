import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { table } from '../table.ts';

const columns = ['salt', 'of', 'reason', 'reason_hash', 'signed', 'signed_hash'];

/** Rows of the history become leaves of a log. Those that are there already get theirs when the server starts. */
export const log: Migration = {
	up: async (db: Kysely<unknown>) => {
		for (const column of columns)
			await db.schema
				.alterTable('history')
				.addColumn(column, 'text', (it) => (column === 'of' ? it.notNull().defaultTo('') : it))
				.execute();
		await table(db, 'log_nodes', { key: ['n'], columns: { n: 'bigint', hashes: 'text' } });
	},
};
