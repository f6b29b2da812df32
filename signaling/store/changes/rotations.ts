import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { table } from '../table.ts';

/** Members who replace their own keys, until an administrator's client has put the new ones on the list. */
export const rotations: Migration = {
	up: (db: Kysely<unknown>) =>
		table(db, 'rotations', {
			key: ['member'],
			columns: {
				member: 'text',
				rotation: 'text',
				registration_record: 'text',
				account: 'text',
				expires_at: 'bigint',
			},
		}),
};
