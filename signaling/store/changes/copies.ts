import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { table } from '../table.ts';

/** Copies that devices keep for use without a connection. */
export const copies: Migration = {
	up: (db: Kysely<unknown>) =>
		table(db, 'copies', {
			key: ['recording', 'device'],
			columns: {
				recording: 'text',
				device: 'text',
				member: 'text',
				kept_at: 'bigint',
				expires_at: 'bigint',
				seen_at: 'bigint',
			},
		}),
};
