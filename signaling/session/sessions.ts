import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { type Staff, staffOf } from '../guard.ts';
import { pageAbout } from '../history/read.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { endSession } from '../room/acts.ts';
import { limits } from '../protocol/limits.ts';
import { NewSession, type Session } from '../protocol/sessions.ts';
import { Id, PublicIdentity, Signed } from '../protocol/text.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { PlaceRow, SessionRow } from '../store/tables.ts';
import { checkVisits, placeColumns } from './linked.ts';
import { checkNotice } from './notice.ts';

const yearMs = 366 * 24 * 60 * 60_000;

const Params = v.object({ id: Id });
const digits = v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.transform(Number));
/** Milliseconds since 1970; without them everything. */
export const Span = v.object({
	from: v.optional(digits, '0'),
	to: v.optional(digits, '8640000000000000'),
});

/** Who may host sessions; the other roles have no sessions of their own. */
const hosts = new Set(['admin', 'supervisor', 'clinician']);
/** Who sees the sessions of others: those that the schedule key belongs to. */
const schedulers = new Set(['admin', 'scheduler']);

function sessionOf(row: SessionRow, places: readonly PlaceRow[]): Session {
	return {
		id: row.id,
		host: row.host,
		startsAt: row.starts_at,
		minutes: row.minutes,
		sealed: row.sealed,
		notice: row.notice === null ? null : stored(Signed, row.notice),
		places: places
			.filter(({ session }) => session === row.id)
			.map(({ id, sealed, member, visit }) => ({
				id,
				sealed,
				...(member !== null && visit !== null && { visit: { member, sealed: visit } }),
			})),
		state: row.state,
		generation: row.generation,
		createdAt: row.created_at,
		endedAt: row.ended_at,
		cancelled: row.cancelled === 1,
	};
}

/** Rows of sessions with their places, as they are answered. */
export async function withPlaces(store: Store, rows: readonly SessionRow[]): Promise<Session[]> {
	if (rows.length === 0) return [];
	const places = await store
		.selectFrom('places')
		.selectAll()
		.where(
			'session',
			'in',
			rows.map(({ id }) => id),
		)
		.orderBy('position')
		.execute();
	return rows.map((row) => sessionOf(row, places));
}

/** A session that this member may see. Throws `not-found` for any other, so that ids tell nothing. */
export async function visibleSession(
	store: Store | StoreTransaction,
	staff: Staff,
	id: string,
): Promise<SessionRow> {
	const row = await store
		.selectFrom('sessions')
		.selectAll()
		.where('id', '=', id)
		.executeTakeFirst();
	if (!row || (row.host !== staff.member && !schedulers.has(staff.role)))
		throw new ServerError('not-found');
	return row;
}

/** Throws `bad-request` for a time that is years away. */
export function checkTime({ clock }: Context, startsAt: number): void {
	if (Math.abs(startsAt - clock.now()) > 2 * yearMs) throw new ServerError('bad-request');
}

/** Whose session is to be made. Throws `forbidden`: who may not, for whom not, or recorded for another. */
async function hostOf(
	store: Store,
	staff: Staff,
	{ host = staff.member, notice }: v.InferOutput<typeof NewSession>,
): Promise<string> {
	if (host === staff.member) {
		if (!hosts.has(staff.role)) throw new ServerError('forbidden');
		return host;
	}
	// The notice is signed by the host, whose keys nobody else has.
	if (!schedulers.has(staff.role) || notice) throw new ServerError('forbidden');
	const member = await store
		.selectFrom('members')
		.select('role')
		.where('id', '=', host)
		.where('active', '=', 1)
		.executeTakeFirst();
	if (!member || !hosts.has(member.role)) throw new ServerError('forbidden');
	return host;
}

/** Whether the same session was stored already. Throws `conflict` when it says something else. */
async function storedBefore(
	store: Store,
	host: string,
	wanted: v.InferOutput<typeof NewSession>,
): Promise<Session | undefined> {
	const row = await store
		.selectFrom('sessions')
		.selectAll()
		.where('id', '=', wanted.id)
		.executeTakeFirst();
	if (!row) return undefined;
	const [session] = await withPlaces(store, [row]);
	const text = ({ id, startsAt, minutes, sealed, notice, places }: typeof wanted): string =>
		JSON.stringify({ id, startsAt, minutes, sealed, notice, places });
	const same = row.host === host && session && text(session) === text(wanted);
	if (!same) throw new ServerError('conflict');
	return session;
}

/** Throws `forbidden` for a recorded session where none is, the other way round, and `bad-request`, see `checkNotice`. */
async function checkRecorded(
	db: StoreTransaction,
	{ recording, recordAll }: { recording: boolean; recordAll: boolean },
	{ host, wanted }: { host: string; wanted: v.InferOutput<typeof NewSession> },
): Promise<void> {
	const { id, notice } = wanted;
	if (notice ? !recording : recording && recordAll) throw new ServerError('forbidden');
	if (!notice) return;
	const { public_identity: keys } = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', host)
		.executeTakeFirstOrThrow();
	checkNotice(notice, { session: id, hostKey: stored(PublicIdentity, keys).ed25519 });
}

async function insertSession(
	context: Context,
	options: { staff: Staff; host: string; wanted: v.InferOutput<typeof NewSession> },
): Promise<void> {
	const { staff, host, wanted } = options;
	const { store, clock, history, settings } = context;
	await store.transaction().execute(async (db) => {
		await checkRecorded(db, await settings.read(db), { host, wanted });
		await checkVisits(db, wanted.places);
		const placeIds = wanted.places.map(({ id }) => id);
		const taken = await db.selectFrom('places').select('id').where('id', 'in', placeIds).execute();
		if (taken.length > 0 || new Set(placeIds).size !== placeIds.length)
			throw new ServerError('conflict');
		await db
			.insertInto('sessions')
			.values({
				id: wanted.id,
				host,
				starts_at: wanted.startsAt,
				minutes: wanted.minutes,
				sealed: wanted.sealed,
				notice: wanted.notice && JSON.stringify(wanted.notice),
				state: 'planned',
				generation: 0,
				created_at: clock.now(),
				ended_at: null,
				cancelled: 0,
			})
			.execute();
		await db
			.insertInto('places')
			.values(
				wanted.places.map(({ id, ...place }, position) => ({
					id,
					session: wanted.id,
					position,
					...placeColumns(place),
				})),
			)
			.execute();
		await history.add(db, { act: 'session-made', who: staff.member, session: wanted.id });
	});
}

function readRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.get('/sessions', async (request) => {
		const staff = await staffOf(context, request);
		const { from, to } = parse(Span, request.query);
		let query = store
			.selectFrom('sessions')
			.selectAll()
			.where('starts_at', '>=', from)
			.where('starts_at', '<=', to)
			.orderBy('starts_at', 'desc')
			.limit(limits.pageRows);
		if (!schedulers.has(staff.role)) query = query.where('host', '=', staff.member);
		const rows = await query.execute();
		return { sessions: await withPlaces(store, rows.toReversed()) };
	});
	app.get('/sessions/:id', async (request) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		const [session] = await withPlaces(store, [await visibleSession(store, staff, id)]);
		return session;
	});
	app.get('/sessions/:id/history', async (request) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await visibleSession(store, staff, id);
		return pageAbout(store, { session: id }, request.query);
	});
}

/** /api/sessions. */
export function sessionRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub } = context;
	readRoutes(app, context);
	app.post('/sessions', async (request, reply) => {
		const staff = await staffOf(context, request);
		const wanted = bodyOf(NewSession, request);
		const host = await hostOf(store, staff, wanted);
		checkTime(context, wanted.startsAt);
		const before = await storedBefore(store, host, wanted);
		if (before) return before;
		await insertSession(context, { staff, host, wanted });
		hub.changed('sessions');
		const made = await storedBefore(store, host, wanted);
		return reply.code(201).send(made);
	});
	app.post('/sessions/:id/end', async (request, reply) => {
		const staff = await staffOf(context, request, { evenIdle: true });
		const { id } = parse(Params, request.params);
		const row = await visibleSession(store, staff, id);
		if (row.host !== staff.member) throw new ServerError('forbidden');
		await endSession(hub, { session: id, who: staff.member });
		return reply.code(204).send();
	});
}
