import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { table } from '../table.ts';

/** What members want to be told, and what is to be told them. */
export const wishes: Migration = {
	up: async (db: Kysely<unknown>) => {
		await table(db, 'wishes', { key: ['member'], columns: { member: 'text', ready: 'bigint' } });
		await table(db, 'ready_mail', {
			key: ['recording'],
			columns: {
				recording: 'text',
				member: 'text',
				state: 'text',
				at: 'bigint',
				tries: 'bigint',
			},
		});
	},
};
