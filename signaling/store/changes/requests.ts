import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { index, table } from '../table.ts';

/** What people ask of what was recorded of them, and to whom it was given. */
export const requests: Migration = {
	up: async (db: Kysely<unknown>) => {
		await table(db, 'requests', {
			key: ['id'],
			columns: {
				id: 'text',
				session: 'text',
				place: 'text',
				member: 'text?',
				kind: 'text',
				source: 'text',
				content: 'text?',
				state: 'text',
				made_at: 'bigint',
				due_at: 'bigint',
				extended_at: 'bigint?',
				extend_reason: 'text?',
				extend_words: 'text?',
				closed_at: 'bigint?',
				close_reason: 'text?',
				close_words: 'text?',
			},
		});
		await index(db, 'requests_place', { on: 'requests', columns: ['place'] });
		await index(db, 'requests_due', { on: 'requests', columns: ['state', 'due_at'] });
		await table(db, 'disclosures', {
			key: ['id'],
			columns: {
				id: 'text',
				at: 'bigint',
				member: 'text',
				act: 'text',
				recording: 'text',
				session: 'text?',
				sealed: 'text',
			},
		});
		await index(db, 'disclosures_at', { on: 'disclosures', columns: ['at'] });
	},
};
