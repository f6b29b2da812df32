import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { index, table } from '../table.ts';

/** Finished recordings that are rewritten, and shortened copies of them. */
export const revisions: Migration = {
	up: async (db: Kysely<unknown>) => {
		await table(db, 'revisions', {
			key: ['recording'],
			columns: {
				recording: 'text',
				id: 'text',
				kind: 'text',
				member: 'text',
				state: 'text',
				content: 'text?',
				at: 'bigint',
			},
		});
		await table(db, 'revision_tracks', {
			key: ['recording', 'track'],
			columns: { recording: 'text', track: 'text', base: 'bigint' },
		});
		await table(db, 'dead_parts', {
			key: ['recording', 'track', 'part'],
			columns: { recording: 'text', track: 'text', part: 'bigint' },
		});
		await table(db, 'derivatives', {
			key: ['recording'],
			columns: { recording: 'text', source: 'text', replaces: 'bigint', at: 'bigint' },
		});
		await index(db, 'derivatives_source', { on: 'derivatives', columns: ['source'] });
	},
};
