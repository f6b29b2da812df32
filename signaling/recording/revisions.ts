import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import { stored } from '../parse.ts';
import { Grant } from '../protocol/recordings.ts';
import type { NewRevision, Revision } from '../protocol/revisions.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { RevisionRow } from '../store/rows/revisions.ts';
import type { RecordingTableRow } from '../store/tables.ts';
import { demandNoHold } from '../retention/due.ts';
import { presentRecording, usableRecording } from './access.ts';
import type { ObjectName } from './objects.ts';
import { checkGrants } from './recordings.ts';

/** Nobody goes on with a rewriting that nothing was stored of for so long. */
const abandonedMs = 24 * 60 * 60_000;
/** While chunks come, its time is written down so often. */
const touchMs = 60_000;

type Db = Store | StoreTransaction;

/** A recording that this member may rewrite: its host, an admin who can open it. Throws as `usableRecording`, `forbidden`. */
export async function rewritable(
	context: Context,
	staff: Staff,
	id: string,
): Promise<RecordingTableRow> {
	const row = await usableRecording(context, staff, id);
	if (row.host !== staff.member && staff.role !== 'admin') throw new ServerError('forbidden');
	return row;
}

/** The rewriting of a recording that goes on; undefined when there is none. */
export async function openRevision(db: Db, recording: string): Promise<RevisionRow | undefined> {
	return db
		.selectFrom('revisions')
		.selectAll()
		.where('recording', '=', recording)
		.where('state', '=', 'open')
		.executeTakeFirst();
}

/** The first number of a new part, by track; nothing while nobody rewrites the recording. */
export async function basesOf(db: Db, recording: string): Promise<Map<string, number>> {
	const rows = await db
		.selectFrom('revision_tracks')
		.select(['track', 'base'])
		.where('recording', '=', recording)
		.execute();
	return new Map(rows.map(({ track, base }) => [track, base]));
}

/** Whether a part is one of a rewriting that goes on. */
export async function isStaged(db: Db, { recording, track, part }: ObjectName): Promise<boolean> {
	const base = (await basesOf(db, recording)).get(track);
	return base !== undefined && part >= base;
}

/** Throws `gone` unless this member may store chunks of this part of a finished recording: she rewrites it. */
export async function demandReviser(
	{ store, clock }: Context,
	staff: Staff,
	name: ObjectName,
): Promise<void> {
	const row = await openRevision(store, name.recording);
	if (row?.member !== staff.member || !(await isStaged(store, name))) throw new ServerError('gone');
	if (clock.now() - row.at < touchMs) return;
	await store
		.updateTable('revisions')
		.set({ at: clock.now() })
		.where('recording', '=', name.recording)
		.where('id', '=', row.id)
		.execute();
}

/** Begins to rewrite a recording beside what it is. Throws `conflict`, `bad-request`. */
export async function beginRevision(
	context: Context,
	staff: Staff,
	options: { recording: string; wanted: NewRevision },
): Promise<Revision> {
	const { store, clock } = context;
	const { recording, wanted } = options;
	const { id, kind, grant } = wanted;
	await store.transaction().execute(async (db) => {
		const { state } = await presentRecording(db, recording);
		if (state !== 'finished') throw new ServerError('conflict');
		if (kind === 'destroy') await demandNoHold(db, recording);
		const known = await openRevision(db, recording);
		if (known?.id === id && known.member === staff.member) return;
		if (known) throw new ServerError('conflict');
		if (grant.recipient !== staff.member) throw new ServerError('bad-request');
		await checkGrants(db, { recording, grantor: staff.member, grants: [grant] });
		const bases = await db
			.selectFrom('objects')
			.select(['track', (it) => it.fn.max('part').as('last')])
			.where('recording', '=', recording)
			.groupBy('track')
			.execute();
		if (bases.length === 0) throw new ServerError('conflict');
		const content = JSON.stringify(grant);
		const row = {
			id,
			kind,
			member: staff.member,
			state: 'open',
			content,
			at: clock.now(),
		} as const;
		await db
			.insertInto('revisions')
			.values({ recording, ...row })
			.onConflict((it) => it.column('recording').doUpdateSet(row))
			.execute();
		await db
			.insertInto('revision_tracks')
			.values(bases.map(({ track, last }) => ({ recording, track, base: last + 1 })))
			.execute();
	});
	return viewRevision(context, recording);
}

/** The rewriting that goes on, with everything that is needed to end it. Throws `not-found`. */
export async function findRevision(
	{ store }: Context,
	recording: string,
): Promise<Revision | undefined> {
	const row = await openRevision(store, recording);
	if (!row || row.content === null) return undefined;
	const bases = await basesOf(store, recording);
	const parts = await store
		.selectFrom('objects')
		.select(['track', 'part', 'chunks', 'bytes'])
		.where('recording', '=', recording)
		.orderBy('track')
		.orderBy('part')
		.execute();
	const grants = await store
		.selectFrom('grants')
		.select('content')
		.where('recording', '=', recording)
		.orderBy('id')
		.execute();
	const annotations = await store
		.selectFrom('annotations')
		.select(['kind', 'version', 'content as sealed'])
		.where('recording', '=', recording)
		.orderBy('kind')
		.execute();
	const { id, kind, member, at, content } = row;
	return {
		id,
		kind,
		member,
		at,
		grant: stored(Grant, content),
		tracks: Array.from(bases, ([track, base]) => ({ track, base })),
		parts: parts.filter(({ track, part }) => part >= (bases.get(track) ?? Infinity)),
		grants: grants.map((grant) => stored(Grant, grant.content)),
		annotations,
	};
}

/** As `findRevision`, of one that was begun. Throws `not-found`. */
async function viewRevision(context: Context, recording: string): Promise<Revision> {
	const revision = await findRevision(context, recording);
	if (!revision) throw new ServerError('not-found');
	return revision;
}

/** Takes the rows of parts away and remembers that their files have to go. */
export async function killParts(
	db: StoreTransaction,
	recording: string,
	parts: readonly { track: string; part: number }[],
): Promise<void> {
	for (const { track, part } of parts) {
		for (const table of ['chunks', 'objects'] as const)
			await db
				.deleteFrom(table)
				.where('recording', '=', recording)
				.where('track', '=', track)
				.where('part', '=', part)
				.execute();
		await db
			.insertInto('dead_parts')
			.values({ recording, track, part })
			.onConflict((it) => it.doNothing())
			.execute();
	}
}

/** Removes files of parts that have no rows any more, of one recording or of all. Doing it again does no harm. Says how many. */
export async function removeDeadParts(context: Context, recording?: string): Promise<number> {
	const { store, objects, database } = context;
	let query = store.selectFrom('dead_parts').selectAll();
	if (recording !== undefined) query = query.where('recording', '=', recording);
	const dead = await query.execute();
	for (const name of dead) {
		await objects.removePart(name);
		await store
			.deleteFrom('dead_parts')
			.where('recording', '=', name.recording)
			.where('track', '=', name.track)
			.where('part', '=', name.part)
			.execute();
	}
	if (dead.length > 0) database.checkpoint();
	return dead.length;
}

/** Gives up a rewriting: its new parts go, the recording stays as it is. Another or none is no error. */
export async function cancelRevision(
	context: Context,
	{ recording, revision }: { recording: string; revision: string },
): Promise<void> {
	await context.store.transaction().execute(async (db) => {
		const row = await openRevision(db, recording);
		if (row?.id !== revision) return;
		const bases = await basesOf(db, recording);
		const parts = await db
			.selectFrom('objects')
			.select(['track', 'part'])
			.where('recording', '=', recording)
			.execute();
		const staged = parts.filter(({ track, part }) => part >= (bases.get(track) ?? Infinity));
		await killParts(db, recording, staged);
		for (const table of ['revision_tracks', 'revisions'] as const)
			await db.deleteFrom(table).where('recording', '=', recording).execute();
	});
	await removeDeadParts(context, recording);
}

/** Whether this device's copy is of what a recording was before it was rewritten. */
export async function isOutdatedCopy(
	store: Store,
	{ recording, device }: { recording: string; device: string },
): Promise<boolean> {
	const row = await store
		.selectFrom('copies')
		.innerJoin('rewritten', 'rewritten.recording', 'copies.recording')
		.select('copies.device')
		.where('copies.recording', '=', recording)
		.where('copies.device', '=', device)
		.whereRef('copies.kept_at', '<', 'rewritten.at')
		.executeTakeFirst();
	return row !== undefined;
}

/** At start and now and then: removes what nobody needs any more of rewritings. Says how many were given up. */
export async function sweepRevisions(context: Context): Promise<number> {
	const { store, clock } = context;
	const abandoned = await store
		.selectFrom('revisions')
		.select(['recording', 'id'])
		.where('state', '=', 'open')
		.where('at', '<', clock.now() - abandonedMs)
		.execute();
	for (const { recording, id } of abandoned)
		await cancelRevision(context, { recording, revision: id });
	await removeDeadParts(context);
	return abandoned.length;
}

/** A rewriting of what is deleted ends with it; its files go with all others of the recording. */
export async function purgeRevisions(db: StoreTransaction, recording: string): Promise<void> {
	for (const table of ['revision_tracks', 'revisions', 'rewritten', 'dead_parts'] as const)
		await db.deleteFrom(table).where('recording', '=', recording).execute();
}
