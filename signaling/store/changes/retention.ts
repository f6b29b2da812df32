import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { index, table } from '../table.ts';

/** How long each recording is kept, what the practice wishes, and what storing costs. */
export const retention: Migration = {
	up: async (db: Kysely<unknown>) => {
		await table(db, 'retentions', {
			key: ['recording'],
			columns: {
				recording: 'text',
				version: 'bigint',
				purpose: 'text?',
				kept_until: 'bigint?',
				minutes: 'bigint?',
				hold: 'bigint',
				statement: 'text?',
				at: 'bigint',
			},
		});
		await index(db, 'retentions_kept', { on: 'retentions', columns: ['hold', 'kept_until'] });
		await table(db, 'retention_policies', {
			key: ['version'],
			columns: { version: 'bigint', content: 'text', at: 'bigint' },
		});
		await table(db, 'storage_price', {
			key: ['id'],
			columns: { id: 'text', micros: 'bigint', currency: 'text' },
		});
	},
};
