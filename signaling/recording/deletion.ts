import type { Context } from '../context.ts';
import type { StoreTransaction } from '../store/database.ts';
import { purges } from './purges.ts';
import type { Tombstone } from './tombstones.ts';

/** Grants go first, in the commit that makes the deletion final: from here on nothing can be opened. */
async function bury(db: StoreTransaction, { recording, at }: Tombstone): Promise<void> {
	for (const purge of purges) await purge(db, recording);
	await db
		.insertInto('tombstones')
		.values({ recording, at })
		.onConflict((it) => it.column('recording').doNothing())
		.execute();
	await db
		.updateTable('recordings')
		.set({ state: 'deleted' })
		.where('id', '=', recording)
		.execute();
}

/** What is left to do after the commit; doing it again is harmless. */
async function clear(context: Context, recording: string): Promise<void> {
	const { store, objects, database, presence } = context;
	presence.forget(recording);
	await objects.removeRecording(recording);
	await store.transaction().execute(async (db) => {
		for (const table of ['chunks', 'objects', 'tracks', 'checkpoints'] as const)
			await db.deleteFrom(table).where('recording', '=', recording).execute();
	});
	database.checkpoint();
}

/** Deletes a recording for good: grants, then objects, then the line that outlives the database. */
export async function deleteRecording(
	context: Context,
	options: { recording: string; session: string | null; who: string },
): Promise<void> {
	const { store, clock, history, tombstones } = context;
	const { recording, session, who } = options;
	const tombstone = { recording, at: clock.now() };
	await store.transaction().execute(async (db) => {
		await bury(db, tombstone);
		await history.add(db, { act: 'deleted', who, session, recording });
	});
	await clear(context, recording);
	await tombstones.add(tombstone);
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
		await store.transaction().execute((db) => bury(db, tombstone));
		await clear(context, tombstone.recording);
		settled += 1;
	}
	for (const tombstone of rows) {
		if (logged.has(tombstone.recording)) continue;
		await clear(context, tombstone.recording);
		await tombstones.add(tombstone);
		settled += 1;
	}
	return settled;
}
