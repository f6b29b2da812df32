import { type AlterTableBuilder, type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { approvals } from './changes/approvals.ts';
import { annotations } from './changes/annotations.ts';
import { copies } from './changes/copies.ts';
import { requests } from './changes/requests.ts';
import { log } from './changes/log.ts';
import { deletion } from './changes/deletion.ts';
import { find } from './changes/find.ts';
import { retention } from './changes/retention.ts';
import { shares } from './changes/shares.ts';
import { revisions } from './changes/revisions.ts';
import { rewritten } from './changes/rewritten.ts';
import { ways } from './changes/ways.ts';
import { rotations } from './changes/rotations.ts';
import { wishes } from './changes/wishes.ts';
import { index, table } from './table.ts';

async function people(db: Kysely<unknown>): Promise<void> {
	await table(db, 'practice', {
		key: ['id'],
		columns: {
			id: 'text',
			name: 'text',
			public_key: 'text',
			records: 'text',
			member_list: 'text',
			created_at: 'bigint',
		},
	});
	await table(db, 'members', {
		key: ['id'],
		columns: {
			id: 'text',
			email: 'text',
			name: 'text',
			role: 'text',
			public_identity: 'text',
			opaque_record: 'text',
			account: 'text',
			created_at: 'bigint',
		},
	});
	await index(db, 'members_email', { on: 'members', columns: ['email'], unique: true });
	await table(db, 'devices', {
		key: ['id'],
		columns: {
			id: 'text',
			member: 'text',
			public_key: 'text',
			name: 'text',
			half: 'text?',
			active_at: 'bigint',
			created_at: 'bigint',
		},
	});
}

async function sessions(db: Kysely<unknown>): Promise<void> {
	await table(db, 'sessions', {
		key: ['id'],
		columns: {
			id: 'text',
			host: 'text',
			starts_at: 'bigint',
			minutes: 'bigint',
			sealed: 'text',
			notice: 'text?',
			state: 'text',
			generation: 'bigint',
			created_at: 'bigint',
			ended_at: 'bigint?',
		},
	});
	await index(db, 'sessions_host', { on: 'sessions', columns: ['host', 'state'] });
	await index(db, 'sessions_starts', { on: 'sessions', columns: ['starts_at'] });
	await table(db, 'places', {
		key: ['id'],
		columns: { id: 'text', session: 'text', position: 'bigint', sealed: 'text' },
	});
	await index(db, 'places_session', { on: 'places', columns: ['session'] });
	await table(db, 'claims', {
		key: ['seat'],
		columns: {
			seat: 'text',
			place: 'text',
			session: 'text',
			public_key: 'text',
			token_hash: 'text?',
			created_at: 'bigint',
		},
	});
	await index(db, 'claims_place', { on: 'claims', columns: ['place'] });
	await index(db, 'claims_token', { on: 'claims', columns: ['token_hash'], unique: true });
}

async function rooms(db: Kysely<unknown>): Promise<void> {
	await table(db, 'seats', {
		key: ['id'],
		columns: {
			id: 'text',
			session: 'text',
			kind: 'text',
			place: 'text?',
			owner: 'text?',
			state: 'text',
			since: 'bigint',
		},
	});
	await index(db, 'seats_session', { on: 'seats', columns: ['session'] });
	await table(db, 'knocks', {
		key: ['seat'],
		columns: {
			seat: 'text',
			session: 'text',
			key_package: 'text',
			sealed: 'text',
			proof: 'text?',
			at: 'bigint',
		},
	});
	await index(db, 'knocks_session', { on: 'knocks', columns: ['session'] });
	await table(db, 'epochs', {
		key: ['session'],
		columns: {
			session: 'text',
			generation: 'bigint',
			maker: 'text',
			seats: 'text',
			welcome: 'text',
		},
	});
	await table(db, 'packages', {
		key: ['seat', 'n'],
		columns: { seat: 'text', n: 'bigint', session: 'text', key_package: 'text' },
	});
	await index(db, 'packages_session', { on: 'packages', columns: ['session'] });
	await table(db, 'relay', {
		key: ['to_seat', 'n'],
		columns: {
			to_seat: 'text',
			n: 'bigint',
			session: 'text',
			from_seat: 'text',
			id: 'text',
			body: 'text?',
		},
	});
	await index(db, 'relay_id', { on: 'relay', columns: ['from_seat', 'id'], unique: true });
	await index(db, 'relay_session', { on: 'relay', columns: ['session'] });
	await table(db, 'history', {
		key: ['n'],
		columns: {
			n: 'bigint',
			at: 'bigint',
			act: 'text',
			who: 'text?',
			session: 'text?',
			recording: 'text?',
			request: 'text?',
		},
	});
	await index(db, 'history_request', { on: 'history', columns: ['request'], unique: true });
	await index(db, 'history_session', { on: 'history', columns: ['session'] });
	await index(db, 'history_recording', { on: 'history', columns: ['recording'] });
}

async function recordings(db: Kysely<unknown>): Promise<void> {
	await table(db, 'recordings', {
		key: ['id'],
		columns: {
			id: 'text',
			session: 'text',
			host: 'text',
			recorder_key: 'text',
			state: 'text',
			started_at: 'bigint',
			last_seen_at: 'bigint',
			ended_at: 'bigint?',
			lost_at: 'bigint?',
			finished_at: 'bigint?',
			content: 'text',
		},
	});
	await index(db, 'recordings_started', { on: 'recordings', columns: ['started_at'] });
	await index(db, 'recordings_session', { on: 'recordings', columns: ['session'] });
	await table(db, 'tracks', {
		key: ['recording', 'id'],
		columns: { recording: 'text', id: 'text', kind: 'text', person: 'bigint', removed: 'bigint' },
	});
	await table(db, 'grants', {
		key: ['id'],
		columns: {
			id: 'text',
			recording: 'text',
			recipient: 'text',
			expires_at: 'bigint?',
			content: 'text',
		},
	});
	await index(db, 'grants_recording', { on: 'grants', columns: ['recording'] });
	const object = { recording: 'text', track: 'text', part: 'bigint' } as const;
	await table(db, 'objects', {
		key: ['recording', 'track', 'part'],
		columns: { ...object, chunks: 'bigint', bytes: 'bigint' },
	});
	await table(db, 'chunks', {
		key: ['recording', 'track', 'part', 'chunk'],
		columns: { ...object, chunk: 'bigint', start: 'bigint', bytes: 'bigint', sha256: 'text' },
	});
	await index(db, 'chunks_start', {
		on: 'chunks',
		columns: ['recording', 'track', 'part', 'start'],
		unique: true,
	});
	await table(db, 'checkpoints', {
		key: ['recording', 'n'],
		columns: { recording: 'text', n: 'bigint', content: 'text' },
	});
	await table(db, 'deletion_requests', {
		key: ['session', 'place'],
		columns: { session: 'text', place: 'text', at: 'bigint', content: 'text' },
	});
	await table(db, 'tombstones', {
		key: ['recording'],
		columns: { recording: 'text', at: 'bigint' },
	});
}

async function post(db: Kysely<unknown>): Promise<void> {
	await table(db, 'contacts', {
		key: ['place'],
		columns: {
			place: 'text',
			session: 'text',
			email: 'text?',
			mobile: 'text?',
			language: 'text',
			time_zone: 'text',
			remind_before: 'text',
			starts_at: 'bigint',
			minutes: 'bigint',
			sequence: 'bigint',
		},
	});
	await index(db, 'contacts_session', { on: 'contacts', columns: ['session'] });
	await table(db, 'post', {
		key: ['id'],
		columns: {
			id: 'text',
			session: 'text',
			place: 'text',
			kind: 'text',
			way: 'text',
			state: 'text',
			at: 'bigint',
			created_at: 'bigint',
			tries: 'bigint',
			error: 'text?',
			before: 'bigint?',
			sequence: 'bigint',
			recipient: 'text?',
		},
	});
	await index(db, 'post_session', { on: 'post', columns: ['session'] });
	await index(db, 'post_due', { on: 'post', columns: ['state', 'at'] });
}

async function presence(db: Kysely<unknown>): Promise<void> {
	await table(db, 'presence_devices', {
		key: ['id'],
		columns: {
			id: 'text',
			member: 'text',
			public_key: 'text',
			presence_key: 'text',
			name: 'text',
			certificate: 'text',
			created_at: 'bigint',
			seen_at: 'bigint',
		},
	});
	await index(db, 'presence_devices_member', { on: 'presence_devices', columns: ['member'] });
	await table(db, 'presence_names', {
		key: ['device', 'session'],
		columns: { device: 'text', session: 'text', sealed: 'text' },
	});
	await index(db, 'presence_names_session', { on: 'presence_names', columns: ['session'] });
	await table(db, 'dismissals', {
		key: ['session', 'seat', 'since'],
		columns: { session: 'text', seat: 'text', since: 'bigint' },
	});
}

/** Every change of the tables in order; a name is never changed after it was released. */
export const migrations: Record<string, Migration> = {
	'0001-first': {
		up: async (db: Kysely<unknown>) => {
			await people(db);
			await sessions(db);
			await rooms(db);
			await recordings(db);
		},
	},
	'0002-people-settings': {
		up: async (db: Kysely<unknown>) => {
			await db.schema.alterTable('practice').addColumn('settings', 'text').execute();
		},
	},
	'0002-post': { up: post },
	'0002-schedule': {
		up: async (db: Kysely<unknown>) => {
			await db.schema
				.alterTable('sessions')
				.addColumn('cancelled', 'bigint', (column) => column.notNull().defaultTo(0))
				.execute();
		},
	},
	'0004-people-invitations': {
		up: async (db: Kysely<unknown>) => {
			await db.schema
				.alterTable('members')
				.addColumn('active', 'bigint', (it) => it.notNull().defaultTo(1))
				.execute();
			await db.schema.alterTable('members').addColumn('keys', 'text').execute();
			await table(db, 'invitations', {
				key: ['id'],
				columns: {
					id: 'text',
					email: 'text',
					role: 'text',
					member: 'text?',
					proof_hash: 'text',
					state: 'text',
					registration: 'text?',
					created_at: 'bigint',
					expires_at: 'bigint',
				},
			});
		},
	},
	'0005-digest-pages': {
		up: (db: Kysely<unknown>) =>
			table(db, 'digest_pages', { key: ['hash'], columns: { hash: 'text', content: 'text' } }),
	},
	'0005-post-once': {
		up: async (db: Kysely<unknown>) => {
			const messages = db.schema.alterTable('post');
			await messages.addColumn('superseded', 'bigint', (it) => it.notNull().defaultTo(0)).execute();
			await messages.addColumn('series', 'text').execute();
			await messages.addColumn('held', 'bigint', (it) => it.notNull().defaultTo(0)).execute();
			await db.schema.alterTable('contacts').addColumn('series', 'text').execute();
			await index(db, 'post_series', { on: 'post', columns: ['series'] });
			// Nobody could choose anything else than what the practice has.
			await sql`update contacts set remind_before = 'null'`.execute(db);
		},
	},
	'0006-visits': {
		up: async (db: Kysely<unknown>) => {
			await db.schema.alterTable('places').addColumn('member', 'text').execute();
			await db.schema.alterTable('places').addColumn('visit', 'text').execute();
			await index(db, 'places_member', { on: 'places', columns: ['member'] });
		},
	},
	'0007-presence': { up: presence },
	'0008-captures': {
		up: async (db: Kysely<unknown>) => {
			// SQLite cannot allow null in a column that forbade it, so another column takes its place.
			await db.schema.dropIndex('recordings_session').execute();
			const change = (): AlterTableBuilder => db.schema.alterTable('recordings');
			await change().addColumn('made_in', 'text').execute();
			await sql`update recordings set made_in = session`.execute(db);
			await change().dropColumn('session').execute();
			await change().renameColumn('made_in', 'session').execute();
			await index(db, 'recordings_session', { on: 'recordings', columns: ['session'] });
			await change()
				.addColumn('source', 'text', (it) => it.notNull().defaultTo('call'))
				.execute();
			await change().addColumn('uploader', 'text').execute();
		},
	},
	'0009-absent': {
		up: (db: Kysely<unknown>) =>
			db.schema.alterTable('seats').addColumn('absent_at', 'bigint').execute(),
	},
	'0010-annotations': annotations,
	'0013-shares': shares,
	'0016-requests': requests,
	'0018-copies': copies,
	'0011-log': log,
	'0010-find': find,
	'0012-retention': retention,
	'0015-deletion': deletion,
	'0014-revisions': revisions,
	'0020-wishes': wishes,
	'0022-rewritten': rewritten,
	'0023-ways': ways,
	'0025-rotations': rotations,
	'0027-approvals': approvals,
};
