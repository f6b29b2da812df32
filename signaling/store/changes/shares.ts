import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { index, table } from '../table.ts';

/** Recordings that are shared with somebody without an account, and when that was used. */
export const shares: Migration = {
	up: async (db: Kysely<unknown>) => {
		await table(db, 'shares', {
			key: ['id'],
			columns: {
				id: 'text',
				recording: 'text',
				sharer: 'text',
				way: 'text',
				state: 'text',
				tracks: 'text',
				created_at: 'bigint',
				expires_at: 'bigint',
				ended_at: 'bigint?',
				email: 'text?',
				mobile: 'text?',
				mail: 'text',
				mail_at: 'bigint',
				mail_tries: 'bigint',
				about: 'text',
				own: 'text?',
				record: 'text?',
				content: 'text?',
				codes: 'bigint',
				words_tries: 'bigint',
				openings: 'bigint',
				device: 'text?',
				device_hash: 'text?',
				device_at: 'bigint?',
				approved: 'bigint',
				compared: 'bigint',
			},
		});
		await index(db, 'shares_recording', { on: 'shares', columns: ['recording'] });
		await index(db, 'shares_state', { on: 'shares', columns: ['state', 'expires_at'] });
		await index(db, 'shares_mail', { on: 'shares', columns: ['mail', 'mail_at'] });
		await table(db, 'share_openings', {
			key: ['share', 'n'],
			columns: { share: 'text', n: 'bigint', at: 'bigint' },
		});
	},
};
