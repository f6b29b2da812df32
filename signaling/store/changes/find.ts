import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { index } from '../table.ts';

/** A list asks for the grants of one recipient. */
export const find: Migration = {
	up: (db: Kysely<unknown>) =>
		index(db, 'grants_recipient', { on: 'grants', columns: ['recipient'] }),
};
