import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { DeletionAct, Destroyed } from '../protocol/deletion.ts';
import type { Signed } from '../protocol/text.ts';
import { settleRequests } from '../request/settle.ts';
import { demandDeletable } from '../retention/due.ts';
import type { StoreTransaction } from '../store/database.ts';
import { orphans } from './derivatives.ts';
import { purgeAll } from './purges.ts';
import type { Tombstone } from './tombstones.ts';
import { settleTracks } from './undone.ts';

/** A recording that is to go, and why. */
export interface Deletion {
	recording: string;
	/** The member who deletes it; null = nobody does, its time ended. */
	who: string | null;
	act?: DeletionAct;
	/** What she signed. */
	wish?: Signed | undefined;
	/** Others follow: the caller scrubs once, after the last. */
	more?: true;
}

async function sizeOf(
	db: StoreTransaction,
	recording: string,
): Promise<Pick<Destroyed, 'tracks' | 'objects' | 'bytes'>> {
	const { objects, bytes } = await db
		.selectFrom('objects')
		.select((it) => [
			it.fn.countAll<number>().as('objects'),
			it.fn.coalesce(it.fn.sum<number>('bytes'), it.lit(0)).as('bytes'),
		])
		.where('recording', '=', recording)
		.executeTakeFirstOrThrow();
	const { tracks } = await db
		.selectFrom('tracks')
		.select((it) => it.fn.countAll<number>().as('tracks'))
		.where('recording', '=', recording)
		.where('removed', '=', 0)
		.executeTakeFirstOrThrow();
	return { tracks, objects, bytes };
}

/**
 * Grants go first, in the commit that makes the deletion final: from here on nothing can be opened. False when it
 * was deleted before.
 */
async function bury(
	{ history }: Context,
	db: StoreTransaction,
	{ recording, at, who, act = 'deleted', wish }: Deletion & Tombstone,
): Promise<boolean> {
	const row = await db
		.selectFrom('recordings')
		.select(['state', 'session'])
		.where('id', '=', recording)
		.executeTakeFirst();
	await db
		.insertInto('tombstones')
		.values({ recording, at })
		.onConflict((it) => it.column('recording').doNothing())
		.execute();
	if (!row || row.state === 'deleted') return false;
	const destroyed: Destroyed = {
		...(await sizeOf(db, recording)),
		...(await purgeAll(db, recording)),
	};
	await db
		.updateTable('recordings')
		.set({ state: 'deleted', handover: null })
		.where('id', '=', recording)
		.execute();
	await db
		.insertInto('deletions')
		.values({
			recording,
			at,
			act,
			who,
			wish: wish === undefined ? null : JSON.stringify(wish),
			destroyed: JSON.stringify(destroyed),
			erased_at: null,
		})
		.execute();
	const by = who === null ? {} : { who };
	const signed = wish && { signed: wish };
	await history.add(db, { act, ...by, ...signed, session: row.session, recording });
	await settleRequests({ history }, db, { session: row.session, at, who });
	return true;
}

/** What is left to do after the commit; doing it again is harmless. */
async function clear(context: Context, recording: string): Promise<void> {
	const { store, objects, presence } = context;
	presence.forget(recording);
	await objects.removeRecording(recording);
	await store.transaction().execute(async (db) => {
		for (const table of ['chunks', 'objects', 'tracks', 'checkpoints'] as const)
			await db.deleteFrom(table).where('recording', '=', recording).execute();
	});
}

/** A file of this size is rewritten in a moment that nobody in a call notices. */
const smallBytes = 32 * 1024 * 1024;

/**
 * Rewrites the database file without what was deleted: at once when it is small, else when nobody is in a call.
 * Called after each deletion, at start and now and then.
 */
export async function scrub({ store, database, clock, hub }: Context): Promise<void> {
	const waiting = await store
		.selectFrom('deletions')
		.select('recording')
		.where('erased_at', 'is', null)
		.limit(1000)
		.execute();
	if (waiting.length === 0 || (database.size() > smallBytes && !hub.quiet)) return;
	if (!(await database.rewrite())) return;
	await store
		.updateTable('deletions')
		.set({ erased_at: clock.now() })
		.where(
			'recording',
			'in',
			waiting.map(({ recording }) => recording),
		)
		.execute();
}

/**
 * The commit of a deletion, in a transaction of the caller's, who calls `settleDeletion` when it is done. False when it was
 * deleted before. Throws `conflict` for what may not be deleted.
 */
export async function commitDeletion(
	context: Context,
	db: StoreTransaction,
	deletion: Deletion & Tombstone,
): Promise<boolean> {
	const { recording, act = 'deleted', at } = deletion;
	await demandDeletable(db, { recording, act, at });
	return bury(context, db, deletion);
}

/** What follows the commit of a deletion: files, the line that outlives the database, copies, the database's file. */
export async function settleDeletion(
	context: Context,
	deletion: Deletion & Tombstone,
): Promise<void> {
	const { recording, at, more } = deletion;
	await clear(context, recording);
	await context.tombstones.add({ recording, at });
	await deleteOrphans(context, deletion);
	if (!more) await scrub(context);
}

/**
 * Deletes a recording for good: grants, then objects, then the line that outlives the database, then the file of
 * the database is rewritten. Deleting it again does nothing.
 */
export async function deleteRecording(context: Context, wanted: Deletion): Promise<void> {
	const { store, clock } = context;
	const deletion = { ...wanted, at: clock.now() };
	const done = await store.transaction().execute((db) => commitDeletion(context, db, deletion));
	if (done) await settleDeletion(context, deletion);
}

/** Shortened copies go with what they were made of; one that is held stays until it is released. */
async function deleteOrphans(
	context: Context,
	{ who, act }: Pick<Deletion, 'who' | 'act'>,
): Promise<void> {
	for (const recording of await orphans(context.store))
		try {
			await deleteRecording(context, { recording, who, more: true, ...(act && { act }) });
		} catch (error) {
			if (!(error instanceof ServerError)) throw error;
		}
}

/**
 * At start: ends deletions that a crash cut short, and deletes again what a restored database still
 * holds. Says how many.
 */
export async function settleDeletions(context: Context): Promise<number> {
	const { store, tombstones } = context;
	const logged = new Map((await tombstones.read()).map((it) => [it.recording, it]));
	const rows = await store.selectFrom('tombstones').selectAll().execute();
	const known = new Set(rows.map(({ recording }) => recording));
	let settled = 0;
	for (const tombstone of logged.values()) {
		if (known.has(tombstone.recording)) continue;
		await store.transaction().execute((db) => bury(context, db, { ...tombstone, who: null }));
		await clear(context, tombstone.recording);
		settled += 1;
	}
	for (const tombstone of rows) {
		if (logged.has(tombstone.recording)) continue;
		await clear(context, tombstone.recording);
		await tombstones.add(tombstone);
		settled += 1;
	}
	settled += await settleTracks(context);
	await deleteOrphans(context, { who: null });
	await scrub(context);
	return settled;
}
