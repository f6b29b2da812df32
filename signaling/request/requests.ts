import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import { stored } from '../parse.ts';
import {
	type CloseRequest,
	type ExtensionReason,
	type OwnRequest,
	type RequestKind,
	type RequestSource,
	type RequestTask,
	requestDueMs,
	requestExtensionMs,
	requestShownMs,
	requestsPerPlace,
} from '../protocol/requests.ts';
import { limits } from '../protocol/limits.ts';
import { Signed } from '../protocol/text.ts';
import { newId } from '../random.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { RequestRow } from '../store/rows/requests.ts';

export interface Asked {
	id: string;
	session: string;
	place: string;
	kind: RequestKind;
	source: RequestSource;
	member: string | null;
	/** JSON of Signed. */
	content: string | null;
	receivedAt: number;
	/** Who stands in the history: a place or a member. */
	who: string;
}

const same = (a: RequestRow, b: Asked): boolean =>
	a.session === b.session && a.place === b.place && a.kind === b.kind && a.source === b.source;

/**
 * Writes down that somebody asks; the clock of 30 days starts when it was received. Gives whether it is new. Throws
 * `not-found` when the session was never to be recorded, `conflict` when the same is asked already, `over-limit`.
 */
export async function addRequest(
	context: Pick<Context, 'history'>,
	db: StoreTransaction,
	asked: Asked,
): Promise<boolean> {
	const { id, session, place, kind, source, member, content, receivedAt, who } = asked;
	const { notice } = await db
		.selectFrom('sessions')
		.select('notice')
		.where('id', '=', session)
		.executeTakeFirstOrThrow(() => new ServerError('not-found'));
	if (notice === null) throw new ServerError('not-found');
	const rows = await db.selectFrom('requests').selectAll().where('place', '=', place).execute();
	const known = rows.find((row) => row.id === id);
	if (known) {
		if (!same(known, asked)) throw new ServerError('conflict');
		return false;
	}
	if (rows.some((row) => row.kind === kind && row.state === 'open'))
		throw new ServerError('conflict');
	if (rows.length >= requestsPerPlace) throw new ServerError('over-limit');
	await db
		.insertInto('requests')
		.values({
			id,
			session,
			place,
			member,
			kind,
			source,
			content,
			state: 'open',
			made_at: receivedAt,
			due_at: receivedAt + requestDueMs,
			extended_at: null,
			extend_reason: null,
			extend_words: null,
			closed_at: null,
			close_reason: null,
			close_words: null,
		})
		.execute();
	await context.history.add(db, { act: 'request-made', who, session, about: id });
	return true;
}

/** A wish to delete that was said in the call, `content` as it was signed there: it has a due date like any other. */
export async function addWishToDelete(
	{ clock, history }: Pick<Context, 'clock' | 'history'>,
	db: StoreTransaction,
	wish: { session: string; place: string; content: string },
): Promise<void> {
	const { place } = wish;
	const open = await db
		.selectFrom('requests')
		.select('id')
		.where('place', '=', place)
		.where('kind', '=', 'delete')
		.where('state', '=', 'open')
		.executeTakeFirst();
	if (open) return;
	const about = { id: newId(), kind: 'delete', source: 'participant', member: null } as const;
	await addRequest({ history }, db, { ...wish, ...about, receivedAt: clock.now(), who: place });
}

const ownView = (row: RequestRow): OwnRequest => ({
	id: row.id,
	kind: row.kind,
	state: row.state,
	madeAt: row.made_at,
	dueAt: row.due_at,
	extension:
		row.extended_at === null || row.extend_reason === null
			? null
			: { at: row.extended_at, reason: row.extend_reason, words: row.extend_words },
	closedAt: row.closed_at,
	reason: row.close_reason,
	words: row.close_words,
});

/** What was asked from one place, the newest first. */
export async function requestsOfPlace(
	{ store }: Pick<Context, 'store'>,
	place: string,
): Promise<OwnRequest[]> {
	const rows = await store
		.selectFrom('requests')
		.selectAll()
		.where('place', '=', place)
		.orderBy('made_at', 'desc')
		.execute();
	return rows.map(ownView);
}

/**
 * What there is of the session of a request to delete, and of which nothing was destroyed since it came. Shortened copies lose
 * a person before what they were made of does, so they are not asked while that is there; one in its place answers for both.
 */
async function untouched(
	db: Store | StoreTransaction,
	{ kind, state, session, made_at: madeAt }: RequestRow,
): Promise<string[]> {
	if (kind !== 'delete' || state !== 'open') return [];
	const rows = await db
		.selectFrom('recordings')
		.select('id')
		.where('session', '=', session)
		.where('state', '!=', 'deleted')
		.where('id', 'not in', (it) =>
			it
				.selectFrom('derivatives')
				.innerJoin('recordings as source', 'source.id', 'derivatives.source')
				.select('derivatives.recording')
				.where('source.state', '!=', 'deleted'),
		)
		.where((it) =>
			it.not(
				it.exists(
					it
						.selectFrom('history')
						.leftJoin('derivatives', 'derivatives.source', 'history.recording')
						.select('history.n')
						.where((or) =>
							or.or([
								or('history.recording', '=', or.ref('recordings.id')),
								or('derivatives.recording', '=', or.ref('recordings.id')),
							]),
						)
						.where('history.act', '=', 'track-destroyed')
						.where('history.at', '>=', madeAt),
				),
			),
		)
		.orderBy('started_at')
		.execute();
	return rows.map(({ id }) => id);
}

/** Sessions of which a recording was handed to this member: who hosted them left. */
const hostedSessions = (db: Store | StoreTransaction, member: string) =>
	db
		.selectFrom('recordings')
		.select('recordings.session')
		.where('recordings.host', '=', member)
		.where('recordings.session', 'is not', null);

/** The tasks of a member: of her own sessions and of what was handed to her, for an admin of everybody's. */
export async function tasksOf(context: Context, staff: Staff): Promise<RequestTask[]> {
	const { store, clock } = context;
	let query = store
		.selectFrom('requests')
		.innerJoin('sessions', 'sessions.id', 'requests.session')
		.selectAll('requests')
		.where((it) =>
			it.or([
				it('requests.state', '=', 'open'),
				it('requests.closed_at', '>', clock.now() - requestShownMs),
			]),
		)
		// Of the three words the one that comes last: no page is so full of closed ones that an open one falls out.
		.orderBy('requests.state', 'desc')
		.orderBy('requests.due_at')
		.limit(limits.pageRows);
	if (staff.role !== 'admin')
		query = query.where((it) =>
			it.or([
				it('sessions.host', '=', staff.member),
				it('requests.session', 'in', hostedSessions(store, staff.member)),
			]),
		);
	const rows = await query.execute();
	if (rows.length === 0) return [];
	const recordings = await store
		.selectFrom('recordings')
		.select(['id', 'session'])
		.where(
			'session',
			'in',
			rows.map(({ session }) => session),
		)
		.where('state', '!=', 'deleted')
		.orderBy('started_at')
		.execute();
	const sorted = rows.toSorted((a, b) => (a.closed_at ?? 0) - (b.closed_at ?? 0));
	const standing = await Promise.all(sorted.map((row) => untouched(store, row)));
	return sorted.map((row, at) => ({
		...ownView(row),
		session: row.session,
		place: row.place,
		source: row.source,
		member: row.member,
		request: row.content === null ? null : stored(Signed, row.content),
		recordings: recordings.filter(({ session }) => session === row.session).map(({ id }) => id),
		untouched: standing[at] ?? [],
	}));
}

/** A request that this member answers for. Throws `not-found` for any other, so that ids tell nothing. */
async function mine(db: StoreTransaction, staff: Staff, id: string): Promise<RequestRow> {
	const row = await db
		.selectFrom('requests')
		.innerJoin('sessions', 'sessions.id', 'requests.session')
		.selectAll('requests')
		.select('sessions.host')
		.where('requests.id', '=', id)
		.executeTakeFirst();
	if (!row) throw new ServerError('not-found');
	if (row.host === staff.member || staff.role === 'admin') return row;
	const hosted = await hostedSessions(db, staff.member)
		.where('session', '=', row.session)
		.executeTakeFirst();
	if (!hosted) throw new ServerError('not-found');
	return row;
}

/** One more time of 30 days, counted from the day it was due. Throws `conflict` for a second one, or a closed request. */
export async function extendRequest(
	{ store, clock, history }: Context,
	staff: Staff,
	wish: { id: string; reason: ExtensionReason; words: string | null },
): Promise<void> {
	const { id, reason, words } = wish;
	await store.transaction().execute(async (db) => {
		const row = await mine(db, staff, id);
		if (row.state !== 'open' || row.extended_at !== null) throw new ServerError('conflict');
		await db
			.updateTable('requests')
			.set({
				due_at: row.due_at + requestExtensionMs,
				extended_at: clock.now(),
				extend_reason: reason,
				extend_words: words,
			})
			.where('id', '=', id)
			.execute();
		const { session } = row;
		await history.add(db, { act: 'request-extended', who: staff.member, session, about: id });
	});
}

/**
 * Done or declined. Throws `conflict` when it was closed in another way, and when a deletion is said to be done of which
 * nothing was: she reads that answer, and believes it.
 */
export async function closeRequest(
	{ store, clock, history }: Context,
	staff: Staff,
	wish: { id: string; how: CloseRequest },
): Promise<void> {
	const { id, how } = wish;
	await store.transaction().execute(async (db) => {
		const row = await mine(db, staff, id);
		if (row.state === how.state) return;
		if (row.state !== 'open') throw new ServerError('conflict');
		if (how.state === 'done' && (await untouched(db, row)).length > 0)
			throw new ServerError('conflict');
		await db
			.updateTable('requests')
			.set({
				state: how.state,
				closed_at: clock.now(),
				close_reason: how.state === 'declined' ? how.reason : null,
				close_words: how.words,
			})
			.where('id', '=', id)
			.execute();
		const act = how.state === 'done' ? 'request-done' : 'request-declined';
		await history.add(db, { act, who: staff.member, session: row.session, about: id });
	});
}
