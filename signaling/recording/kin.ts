import { ServerError } from '../errors.ts';
import type { Kept } from '../protocol/revisions.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

type Db = Store | StoreTransaction;

/** Finished copies of a recording and copies of those, nearest first. */
export async function copiesMade(db: Db, recording: string): Promise<string[]> {
	const found = new Set<string>();
	for (let level = [recording]; level.length > 0;) {
		const rows = await db
			.selectFrom('derivatives')
			.innerJoin('recordings', 'recordings.id', 'derivatives.recording')
			.select('derivatives.recording')
			.where('derivatives.source', 'in', level)
			.where('recordings.state', '=', 'finished')
			.orderBy('derivatives.at')
			.execute();
		level = rows.map((row) => row.recording).filter((id) => !found.has(id));
		for (const id of level) found.add(id);
	}
	return [...found];
}

/** What a copy was made of, while it is there. */
export async function sourceOf(db: Db, recording: string): Promise<string | undefined> {
	const row = await db
		.selectFrom('derivatives')
		.innerJoin('recordings', 'recordings.id', 'derivatives.source')
		.select('derivatives.source')
		.where('derivatives.recording', '=', recording)
		.where('recordings.state', '!=', 'deleted')
		.executeTakeFirst();
	return row?.source;
}

/** Whom these tracks of a recording are of. */
async function peopleOf(db: Db, recording: string, tracks: readonly string[]): Promise<number[]> {
	if (tracks.length === 0) return [];
	const rows = await db
		.selectFrom('tracks')
		.select('person')
		.where('recording', '=', recording)
		.where('kind', '=', 'final')
		.where('id', 'in', tracks)
		.execute();
	return rows.map(({ person }) => person);
}

/**
 * Throws `conflict` while a finished copy still has a track of somebody whose tracks are to be destroyed: in copies they go
 * first, so that nothing of hers is left behind what is called destroyed.
 */
export async function demandNoCopies(
	db: Db,
	{ recording, destroy }: { recording: string; destroy: readonly string[] },
): Promise<void> {
	const people = await peopleOf(db, recording, destroy);
	const copies = people.length > 0 ? await copiesMade(db, recording) : [];
	if (copies.length === 0) return;
	const left = await db
		.selectFrom('tracks')
		.innerJoin('objects', (join) =>
			join
				.onRef('objects.recording', '=', 'tracks.recording')
				.onRef('objects.track', '=', 'tracks.id'),
		)
		.select('tracks.id')
		.where('tracks.recording', 'in', copies)
		.where('tracks.kind', '=', 'final')
		.where('tracks.removed', '=', 0)
		.where('tracks.person', 'in', people)
		.executeTakeFirst();
	if (left) throw new ServerError('conflict');
}

/** Throws `conflict` where a copy has a track of somebody whose track was destroyed in its source while it was made. */
export async function demandSamePeople(
	db: Db,
	options: { source: string; derivative: string; keep: readonly Kept[] },
): Promise<void> {
	const { source, derivative, keep } = options;
	const people = await peopleOf(
		db,
		derivative,
		keep.map(({ track }) => track),
	);
	const rows = await db
		.selectFrom('tracks')
		.select('person')
		.where('recording', '=', source)
		.where('kind', '=', 'final')
		.where('removed', '=', 0)
		.execute();
	const there = new Set(rows.map(({ person }) => person));
	if (people.some((person) => !there.has(person))) throw new ServerError('conflict');
}
