import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import type { NewDerivative } from '../protocol/revisions.ts';
import { sha256 } from '../random.ts';
import { keepAsSource } from '../retention/kept.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import { presentRecording, recipientsIn } from './access.ts';
import { demandAnswerable, letIn } from './answerable.ts';
import { checkGrants, insertGrants, insertTracks } from './recordings.ts';

/** Nobody goes on with a copy that was not finished for so long. */
const abandonedMs = 24 * 60 * 60_000;

/**
 * Stores the wrapped keys of a shortened copy before any byte of it. Says whether it is new; repeating it is no error.
 * Throws `conflict` for other content, and unless its source is finished; `bad-request` where who answers for the source could not
 * open the copy; `gone`.
 */
export async function makeDerivative(
	{ store, clock }: Context,
	staff: Staff,
	options: { source: string; wanted: NewDerivative },
): Promise<boolean> {
	const { source, wanted } = options;
	const { id, tracks, grants } = wanted;
	const content = sha256(JSON.stringify({ source, wanted })).toString('base64url');
	if (new Set(tracks.map((track) => track.id)).size !== tracks.length)
		throw new ServerError('bad-request');
	return store.transaction().execute(async (db) => {
		const origin = await presentRecording(db, source);
		if (origin.state !== 'finished') throw new ServerError('conflict');
		const known = await db
			.selectFrom('recordings')
			.select(['content', 'state'])
			.where('id', '=', id)
			.executeTakeFirst();
		if (known?.state === 'deleted') throw new ServerError('gone');
		if (known && known.content !== content) throw new ServerError('conflict');
		if (known) return false;
		await checkGrants(db, { recording: id, grantor: staff.member, grants });
		const now = clock.now();
		const could = new Set((await recipientsIn({ store: db, clock }, [source])).get(source));
		await demandAnswerable(db, { host: origin.host, could, can: letIn(grants, now) });
		// Nobody records it: it is over from its start, and no recorder is missed.
		const made = { id, content, state: 'live', ended_at: now, last_seen_at: now } as const;
		await db
			.insertInto('recordings')
			.values({ ...origin, ...made, uploader: null, lost_at: null, finished_at: null })
			.execute();
		await db
			.insertInto('derivatives')
			.values({ recording: id, source, replaces: 0, at: now })
			.execute();
		await insertTracks(db, id, tracks);
		await insertGrants(db, id, grants);
		await keepAsSource(db, { recording: id, source, at: now });
		return true;
	});
}

/** Copies that have to go because their source is gone: all but those that took its place. */
export async function orphans(store: Store): Promise<string[]> {
	const rows = await store
		.selectFrom('derivatives')
		.innerJoin('recordings as source', 'source.id', 'derivatives.source')
		.innerJoin('recordings as copy', 'copy.id', 'derivatives.recording')
		.select('derivatives.recording')
		.where('derivatives.replaces', '=', 0)
		.where('source.state', '=', 'deleted')
		.where('copy.state', '!=', 'deleted')
		.execute();
	return rows.map(({ recording }) => recording);
}

async function drop(db: StoreTransaction, recording: string): Promise<void> {
	for (const table of [
		'grants',
		'chunks',
		'objects',
		'tracks',
		'derivatives',
		'retentions',
	] as const)
		await db.deleteFrom(table).where('recording', '=', recording).execute();
	await db.deleteFrom('recordings').where('id', '=', recording).execute();
}

/** Removes copies that were begun and never finished; nobody ever saw them. Says how many. */
export async function sweepDerivatives({ store, clock, objects }: Context): Promise<number> {
	const rows = await store
		.selectFrom('derivatives')
		.innerJoin('recordings', 'recordings.id', 'derivatives.recording')
		.select('derivatives.recording')
		.where('recordings.state', '=', 'live')
		.where('derivatives.at', '<', clock.now() - abandonedMs)
		.execute();
	for (const { recording } of rows) {
		await store.transaction().execute((db) => drop(db, recording));
		await objects.removeRecording(recording);
	}
	return rows.length;
}

/** Copies that are being made, which no list shows. */
export const unfinishedCopies = (store: Store) =>
	store
		.selectFrom('derivatives')
		.innerJoin('recordings', 'recordings.id', 'derivatives.recording')
		.select('derivatives.recording')
		.where('recordings.state', '=', 'live');

/** How many copies, and copies of those, go with a recording; they are deleted one by one when it is gone. */
export async function countCopies(
	db: StoreTransaction,
	source: string,
): Promise<{ derivatives: number }> {
	const found = new Set<string>();
	for (let level = [source]; level.length > 0;) {
		const rows = await db
			.selectFrom('derivatives')
			.innerJoin('recordings', 'recordings.id', 'derivatives.recording')
			.select('derivatives.recording')
			.where('derivatives.source', 'in', level)
			.where('derivatives.replaces', '=', 0)
			.where('recordings.state', '!=', 'deleted')
			.execute();
		level = rows.map(({ recording }) => recording).filter((id) => !found.has(id));
		for (const id of level) found.add(id);
	}
	return { derivatives: found.size };
}
