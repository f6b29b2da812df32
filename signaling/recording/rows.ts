import type { Context } from '../context.ts';
import type { Staff } from '../guard.ts';
import { stored } from '../parse.ts';
import type { Recording, RecordingRow } from '../protocol/recordings.ts';
import { Signed } from '../protocol/text.ts';
import type { Store } from '../store/database.ts';
import type { RecordingTableRow } from '../store/tables.ts';
import { grantsOf, recipientsIn } from './access.ts';
import { annotationsOf } from './annotations.ts';
import { basesOf } from './revisions.ts';

export async function bytesOf(store: Store, ids: readonly string[]): Promise<Map<string, number>> {
	const rows = await store
		.selectFrom('objects')
		.select(['recording', (it) => it.fn.sum<number>('bytes').as('bytes')])
		.where('recording', 'in', ids)
		.groupBy('recording')
		.execute();
	return new Map(rows.map(({ recording, bytes }) => [recording, bytes]));
}

async function deletionRequests(store: Store, sessions: readonly string[]) {
	const rows = await store
		.selectFrom('deletion_requests')
		.selectAll()
		.where('session', 'in', sessions)
		.orderBy('at')
		.execute();
	return (session: string | null) =>
		rows
			.filter((row) => row.session === session)
			.map(({ at, place, content }) => ({ at, place, request: stored(Signed, content) }));
}

/** Recordings as a member sees them: with the grants that she can open. */
export async function viewRows(
	context: Context,
	staff: Staff,
	rows: readonly RecordingTableRow[],
): Promise<RecordingRow[]> {
	if (rows.length === 0) return [];
	const { store, presence } = context;
	const ids = rows.map(({ id }) => id);
	const grants = await grantsOf(context, staff, ids);
	const recipients = await recipientsIn(context, ids);
	const bytes = await bytesOf(store, ids);
	const summaries = await annotationsOf(store, 'summary', ids);
	const requests = await deletionRequests(
		store,
		rows.flatMap(({ session }) => session ?? []),
	);
	const ofStaff = staff.role !== 'participant-only' && staff.scope !== 'presence';
	return rows.map((row) => ({
		id: row.id,
		source: row.source,
		session: row.session,
		host: row.host,
		recorderKey: row.recorder_key,
		state: row.state,
		startedAt: row.started_at,
		lastSeenAt: row.last_seen_at,
		recording: row.state === 'live' && row.ended_at === null && presence.alive(row.id),
		finishedAt: row.finished_at,
		bytes: bytes.get(row.id) ?? 0,
		grants: grants.get(row.id) ?? [],
		recipients: staff.scope === 'presence' ? [] : (recipients.get(row.id) ?? []),
		// What others asked is nobody's but the practice's.
		deletionRequests: ofStaff ? requests(row.session) : [],
		summary: ofStaff ? (summaries.get(row.id) ?? null) : null,
	}));
}

/** One recording with everything that is stored of it. */
export async function viewRecording(
	context: Context,
	staff: Staff,
	row: RecordingTableRow,
): Promise<Recording | undefined> {
	const { store } = context;
	const [view] = await viewRows(context, staff, [row]);
	if (!view) return undefined;
	const tracks = await store
		.selectFrom('tracks')
		.select(['id', 'kind', 'person'])
		.where('recording', '=', row.id)
		.where('removed', '=', 0)
		.orderBy('person')
		.orderBy('id')
		.execute();
	const objects = await store
		.selectFrom('objects')
		.select(['track', 'part', 'chunks', 'bytes'])
		.where('recording', '=', row.id)
		.orderBy('track')
		.orderBy('part')
		.execute();
	const chunks = await store
		.selectFrom('chunks')
		.innerJoin('tracks', (join) =>
			join
				.onRef('tracks.recording', '=', 'chunks.recording')
				.onRef('tracks.id', '=', 'chunks.track'),
		)
		.select(['chunks.track', 'chunks.part', 'chunks.bytes'])
		.where('chunks.recording', '=', row.id)
		.where('tracks.kind', '!=', 'final')
		.orderBy('chunks.chunk')
		.execute();
	const checkpoints = await store
		.selectFrom('checkpoints')
		.select('content')
		.where('recording', '=', row.id)
		.orderBy('n')
		.execute();
	// What is being rewritten is nobody's yet.
	const bases = await basesOf(store, row.id);
	const sizes = new Map<string, number[]>();
	for (const { track, part, bytes } of chunks) {
		const key = `${track}/${part}`;
		const list = sizes.get(key);
		if (list) list.push(bytes);
		else sizes.set(key, [bytes]);
	}
	return {
		...view,
		madeBy: row.made_by ?? row.host,
		handover: row.handover === null ? null : stored(Signed, row.handover),
		tracks,
		objects: objects
			.filter(({ track, part }) => part < (bases.get(track) ?? Infinity))
			.map((it) => ({ ...it, sizes: sizes.get(`${it.track}/${it.part}`) ?? [] })),
		checkpoints: checkpoints.map(({ content }) => stored(Signed, content)),
	};
}
