import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** When and in which browser a member asked for new keys. */
export const asked: Migration = {
	up: async (db: Kysely<unknown>) => {
		await db.schema.alterTable('rotations').addColumn('asked_at', 'bigint').execute();
		await db.schema.alterTable('rotations').addColumn('browser', 'text').execute();
	},
};
