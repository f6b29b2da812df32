import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { table } from '../table.ts';

/** What a row of the history is about besides, and sealed words beside a recording. */
export const annotations: Migration = {
	up: async (db: Kysely<unknown>) => {
		await db.schema.alterTable('history').addColumn('about', 'text').execute();
		await table(db, 'annotations', {
			key: ['recording', 'kind'],
			columns: {
				recording: 'text',
				kind: 'text',
				version: 'bigint',
				author: 'text',
				content: 'text',
				at: 'bigint',
			},
		});
	},
};
