import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { index, table } from '../table.ts';

/** What remains of a deleted recording, and who opened a recording of another. */
export const deletion: Migration = {
	up: async (db: Kysely<unknown>) => {
		await table(db, 'deletions', {
			key: ['recording'],
			columns: {
				recording: 'text',
				at: 'bigint',
				act: 'text',
				who: 'text?',
				wish: 'text?',
				destroyed: 'text',
				erased_at: 'bigint?',
			},
		});
		await table(db, 'openings', {
			key: ['id'],
			columns: {
				id: 'text',
				recording: 'text',
				member: 'text',
				at: 'bigint',
				seen_at: 'bigint?',
			},
		});
		await index(db, 'openings_recording', { on: 'openings', columns: ['recording'] });
	},
};
