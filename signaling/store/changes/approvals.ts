import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The key that a sharer had when she approved a device: it checks with this one what she sealed for it then. */
export const approvals: Migration = {
	up: async (db: Kysely<unknown>) => {
		await db.schema.alterTable('shares').addColumn('approved_key', 'text').execute();
		const key = sql`(select json_extract(public_identity, '$.ed25519') from members where id = shares.sharer)`;
		await sql`update shares set approved_key = ${key} where approved = 1 and state = 'open'`.execute(
			db,
		);
	},
};
