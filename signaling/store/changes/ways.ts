import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How each browser of a member came in. */
export const ways: Migration = {
	up: (db: Kysely<unknown>) => db.schema.alterTable('devices').addColumn('way', 'text').execute(),
};
