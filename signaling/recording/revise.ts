import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import type { FinishRevision, RevisionKind } from '../protocol/revisions.ts';
import { demandNoHold } from '../retention/due.ts';
import type { StoreTransaction } from '../store/database.ts';
import { presentRecording, recipientsIn } from './access.ts';
import { demandAnswerable, letIn } from './answerable.ts';
import { demandNoCopies } from './kin.ts';
import { checkGrants, checkKept, insertGrants } from './recordings.ts';
import { basesOf, killParts, openRevision, removeDeadParts } from './revisions.ts';
import { revised } from './revised.ts';
import type { Undone } from './tombstones.ts';

interface Finishing {
	readonly db: StoreTransaction;
	readonly recording: string;
	readonly host: string;
	readonly kind: RevisionKind;
	readonly staff: Staff;
	readonly wanted: FinishRevision;
}

function same(a: readonly string[], b: readonly string[]): boolean {
	const [first, second] = [new Set(a), new Set(b)];
	return first.size === second.size && a.every((one) => second.has(one));
}

/** The parts that go. Throws unless the new ones are whole and, after a re-lock, nothing else is left. */
async function oldParts(
	options: Finishing,
): Promise<{ readonly track: string; readonly part: number }[]> {
	const { db, recording, kind, wanted } = options;
	const { keep, destroy } = wanted;
	await checkKept(db, recording, { keep, remove: destroy });
	const bases = await basesOf(db, recording);
	const kept = new Map(keep.map(({ track, part }) => [track, part]));
	const isNew = keep.every(({ track, part }) => part >= (bases.get(track) ?? Infinity));
	if (kept.size !== keep.length || !isNew) throw new ServerError('bad-request');
	// What a recording says about itself names its tracks: it is never left as it was.
	if (!kept.has(recording) || destroy.includes(recording)) throw new ServerError('bad-request');
	if ((kind === 'destroy') !== destroy.length > 0) throw new ServerError('bad-request');
	const parts = await db
		.selectFrom('objects')
		.select(['track', 'part'])
		.where('recording', '=', recording)
		.execute();
	const known = new Set(parts.map(({ track }) => track));
	if (destroy.some((track) => !known.has(track))) throw new ServerError('conflict');
	if (kind === 'relock' && !same([...known], [...kept.keys()])) throw new ServerError('conflict');
	return parts.filter(({ track, part }) => {
		if (destroy.includes(track)) return true;
		if (kept.has(track)) return part !== kept.get(track);
		return part >= (bases.get(track) ?? Infinity);
	});
}

/** All grants go, and these come; gives who could open it and cannot any more. Throws `conflict` when there are others than the client knew. */
async function replaceGrants(context: Context, options: Finishing): Promise<string[]> {
	const { db, recording, host, staff, wanted } = options;
	const { grants, replaces } = wanted;
	await checkGrants(db, { recording, grantor: staff.member, grants });
	const rows = await db
		.selectFrom('grants')
		.select(['id', 'recipient'])
		.where('recording', '=', recording)
		.execute();
	const ids = rows.map(({ id }) => id);
	if (!same(ids, replaces)) throw new ServerError('conflict');
	const before = await recipientsIn({ store: db, clock: context.clock }, [recording]);
	const could = new Set(before.get(recording));
	const can = letIn(grants, context.clock.now());
	if (grants.some(({ recipient }) => !could.has(recipient))) throw new ServerError('bad-request');
	await demandAnswerable(db, { host, could, can });
	await db.deleteFrom('grants').where('recording', '=', recording).execute();
	await insertGrants(db, recording, grants);
	return [...could].filter((id) => !can.has(id));
}

/** Words stay as they are under the new key, or go. Throws `conflict` when some came or changed meanwhile. */
async function replaceAnnotations({ db, recording, kind, wanted }: Finishing): Promise<void> {
	const { annotations, drop } = wanted;
	const rows = await db
		.selectFrom('annotations')
		.select(['kind', 'version'])
		.where('recording', '=', recording)
		.execute();
	for (const row of rows) {
		if (drop.includes(row.kind)) continue;
		const fresh = annotations.find((one) => one.kind === row.kind);
		if (fresh ? fresh.version !== row.version : kind === 'relock')
			throw new ServerError('conflict');
	}
	for (const { kind: name, sealed: content } of annotations)
		await db
			.updateTable('annotations')
			.set({ content })
			.where('recording', '=', recording)
			.where('kind', '=', name)
			.execute();
	for (const name of drop)
		await db
			.deleteFrom('annotations')
			.where('recording', '=', recording)
			.where('kind', '=', name)
			.execute();
}

/** Gives who could open it before and cannot any more. */
async function swap(context: Context, options: Finishing): Promise<string[]> {
	const { db, recording, wanted } = options;
	const dead = await oldParts(options);
	await demandNoCopies(db, { recording, destroy: wanted.destroy });
	const ended = await replaceGrants(context, options);
	await replaceAnnotations(options);
	await killParts(db, recording, dead);
	for (const track of wanted.destroy)
		await db
			.updateTable('tracks')
			.set({ removed: 1 })
			.where('recording', '=', recording)
			.where('id', '=', track)
			.execute();
	await db.deleteFrom('revision_tracks').where('recording', '=', recording).execute();
	const at = context.clock.now();
	await db
		.updateTable('revisions')
		.set({ state: 'done', content: null, at })
		.where('recording', '=', recording)
		.execute();
	await db
		.insertInto('rewritten')
		.values({ recording, at })
		.onConflict((it) => it.column('recording').doUpdateSet({ at }))
		.execute();
	return ended;
}

/** What must not come back from a backup of before. */
function linesOf(
	options: Pick<Finishing, 'recording' | 'kind' | 'wanted'> & { ended: string[]; at: number },
): Undone[] {
	const { recording: of, kind, wanted, ended, at } = options;
	return [
		...wanted.destroy.map((track) => ({
			what: 'track' as const,
			of,
			track,
			at,
			words: wanted.drop,
		})),
		...ended.map((recipient) => ({ what: 'access' as const, of, recipient, at })),
		...(kind === 'relock' ? [{ what: 'relock' as const, of, at }] : []),
	];
}

/**
 * Puts what was rewritten in the place of what was: rows in one commit, then files. A crash before the commit leaves
 * everything as it was, one behind it leaves files that the next start removes. Done again it does no harm.
 */
export async function finishRevision(
	context: Context,
	staff: Staff,
	options: { recording: string; revision: string; wanted: FinishRevision },
): Promise<void> {
	const { store, history, clock } = context;
	const { recording, revision, wanted } = options;
	const at = clock.now();
	const undone = await store.transaction().execute(async (db) => {
		const { session, host } = await presentRecording(db, recording);
		const done = await db
			.selectFrom('revisions')
			.select('id')
			.where('recording', '=', recording)
			.where('id', '=', revision)
			.where('member', '=', staff.member)
			.where('state', '=', 'done')
			.executeTakeFirst();
		if (done) return [];
		const row = await openRevision(db, recording);
		if (row?.id !== revision || row.member !== staff.member) throw new ServerError('not-found');
		const { kind } = row;
		if (wanted.destroy.length > 0) await demandNoHold(db, recording);
		const ended = await swap(context, { db, recording, host, kind, staff, wanted });
		const who = staff.member;
		for (const tell of revised)
			await tell(context, db, { recording, kind, destroyed: wanted.destroy, who });
		if (kind === 'relock') await history.add(db, { act: 'relocked', who, session, recording });
		for (const about of wanted.destroy)
			await history.add(db, { act: 'track-destroyed', who, session, recording, about });
		for (const about of ended)
			await history.add(db, { act: 'access-ended', who, session, recording, about });
		return linesOf({ recording, kind, wanted, ended, at });
	});
	for (const line of undone) await context.tombstones.add(line);
	await removeDeadParts(context, recording);
	await context.shares.scrub();
}
