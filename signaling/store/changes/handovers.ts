import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Who answers for a recording may be another than who made it. */
export const handovers: Migration = {
	up: async (db: Kysely<unknown>) => {
		for (const column of ['made_by', 'handover'])
			await db.schema.alterTable('recordings').addColumn(column, 'text').execute();
	},
};
