import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { table } from '../table.ts';

/** When each recording was rewritten last, whatever was begun and given up since. */
export const rewritten: Migration = {
	up: async (db: Kysely<unknown>) => {
		await table(db, 'rewritten', {
			key: ['recording'],
			columns: { recording: 'text', at: 'bigint' },
		});
		await sql`insert into rewritten (recording, at) select recording, at from revisions where state = 'done'`.execute(
			db,
		);
	},
};
