import type { Context } from '../context.ts';
import type { AnnotationKind } from '../protocol/annotations.ts';
import type { StoreTransaction } from '../store/database.ts';
import { killParts, removeDeadParts } from './revisions.ts';
import type { Undone } from './tombstones.ts';

type DestroyedTrack = Extract<Undone, { what: 'track' }>;

/** Words that may hold what somebody said or how she sounded, where nobody knows any more which went with her track. */
const wordsOfTracks: readonly AnnotationKind[] = ['waveform', 'captions'];

/** Destroys a track again. False where it is not there, or was destroyed. */
async function destroyAgain(db: StoreTransaction, line: DestroyedTrack): Promise<boolean> {
	const { of: recording, track, words } = line;
	const { numUpdatedRows } = await db
		.updateTable('tracks')
		.set({ removed: 1 })
		.where('recording', '=', recording)
		.where('id', '=', track)
		.where('removed', '=', 0)
		.executeTakeFirst();
	if (numUpdatedRows === 0n) return false;
	const parts = await db
		.selectFrom('objects')
		.select(['track', 'part'])
		.where('recording', '=', recording)
		.where('track', '=', track)
		.execute();
	await killParts(db, recording, parts);
	if (words.length > 0)
		await db
			.deleteFrom('annotations')
			.where('recording', '=', recording)
			.where('kind', 'in', words)
			.execute();
	return true;
}

/**
 * At start: destroys again the tracks that a restored database still holds, and writes down outside the database what a crash
 * left out. Says how many of both.
 */
export async function settleTracks(context: Context): Promise<number> {
	const { store, tombstones, database } = context;
	const lines = (await tombstones.readUndone()).flatMap((line) =>
		line.what === 'track' ? [line] : [],
	);
	let again = 0;
	for (const line of lines)
		if (await store.transaction().execute((db) => destroyAgain(db, line))) again += 1;
	if (again > 0) {
		await removeDeadParts(context);
		await database.rewrite();
	}
	const known = new Set(lines.map(({ of, track }) => `${of} ${track}`));
	const rows = await store
		.selectFrom('history')
		.select(['recording', 'about', 'at'])
		.where('act', '=', 'track-destroyed')
		.execute();
	let missing = 0;
	for (const { recording: of, about: track, at } of rows) {
		if (of === null || track === null || known.has(`${of} ${track}`)) continue;
		await tombstones.add({ what: 'track', of, track, at, words: [...wordsOfTracks] });
		missing += 1;
	}
	return again + missing;
}

/** What a restore could not leave as it was, or could only name. */
export interface TakenBack {
	/** Grants whose access was ended since. */
	readonly access: number;
	/** Recordings that were sealed anew since and are there under the keys of before. */
	readonly relocked: readonly string[];
}

/** After a backup of `since` was brought back: access that was ended later ends again. */
export async function takeBack(context: Context, since: number): Promise<TakenBack> {
	const { store, tombstones } = context;
	const lines = (await tombstones.readUndone()).filter(({ at }) => at >= since);
	let access = 0;
	for (const line of lines) {
		if (line.what !== 'access') continue;
		const { numDeletedRows } = await store
			.deleteFrom('grants')
			.where('recording', '=', line.of)
			.where('recipient', '=', line.recipient)
			.executeTakeFirst();
		access += Number(numDeletedRows);
	}
	const ids = lines.flatMap((line) => (line.what === 'relock' ? [line.of] : []));
	if (ids.length === 0) return { access, relocked: [] };
	const there = await store
		.selectFrom('recordings')
		.select('id')
		.where('id', 'in', ids)
		.where('state', '=', 'finished')
		.execute();
	return { access, relocked: there.map(({ id }) => id) };
}
