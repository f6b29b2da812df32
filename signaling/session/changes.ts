import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { formerOf } from '../account/former.ts';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { identityHash } from '../fingerprint.ts';
import { type Staff, staffOf } from '../guard.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { limits } from '../protocol/limits.ts';
import { NewPlace, type Session, SessionChange } from '../protocol/sessions.ts';
import { Id, PublicIdentity } from '../protocol/text.ts';
import { endSession } from '../room/acts.ts';
import type { Change } from '../room/turns.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { SessionRow } from '../store/tables.ts';
import { checkTime, visibleSession, withPlaces } from './sessions.ts';
import { checkVisits, placeColumns } from './linked.ts';

const Params = v.object({ id: Id });
/** A sealed text as it names whom it is for (docs/e2ee.md, Session contents). */
const Boxes = v.object({ boxes: v.array(v.object({ to: v.string() })) });
const PlaceParams = v.object({ id: Id, place: Id });

/** A session that this member may change and that has not ended. Throws `not-found`, `session-ended`. */
async function changeable(
	db: Store | StoreTransaction,
	staff: Staff,
	id: string,
): Promise<SessionRow> {
	const row = await visibleSession(db, staff, id);
	if (row.state === 'ended') throw new ServerError('session-ended');
	return row;
}

async function readSession(store: Store, id: string): Promise<Session> {
	const rows = await store.selectFrom('sessions').selectAll().where('id', '=', id).execute();
	const [session] = await withPlaces(store, rows);
	if (!session) throw new ServerError('not-found');
	return session;
}

/** The boxes of a sealed text; undefined for one that is older than these. */
function boxesOf(sealed: string): readonly { to: string }[] | undefined {
	try {
		return v.parse(Boxes, JSON.parse(Buffer.from(sealed, 'base64url').toString())).boxes;
	} catch {
		return undefined;
	}
}

/** Whether one of the boxes of a sealed text is for these keys; one that is older than boxes is for none. */
function isFor(identity: PublicIdentity, sealed: string): boolean {
	return boxesOf(sealed)?.some(({ to }) => to === identityHash(identity)) ?? false;
}

/**
 * Whether a host with new keys seals what has ended for these; it says what it said, so nobody is told. What is sealed for them
 * already stays.
 */
async function isSealedAgain(
	db: StoreTransaction,
	{ staff, id, wanted }: { staff: Staff; id: string; wanted: SessionChange },
): Promise<boolean> {
	const { startsAt, minutes, sealed, places = [] } = wanted;
	const { host, state, sealed: before } = await visibleSession(db, staff, id);
	if (host !== staff.member || state !== 'ended') return false;
	if (startsAt !== undefined || minutes !== undefined) return false;
	if (places.some(({ visit }) => visit !== undefined)) return false;
	if ((await formerOf(db, staff.member)) === undefined) return false;
	const member = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', staff.member)
		.executeTakeFirstOrThrow();
	const identity = stored(PublicIdentity, member.public_identity);
	const rows = await db
		.selectFrom('places')
		.select(['id', 'sealed'])
		.where('session', '=', id)
		.execute();
	const texts = [{ was: before, next: sealed ?? before }];
	for (const place of places) {
		const was = rows.find((row) => row.id === place.id)?.sealed;
		if (was !== undefined) texts.push({ was, next: place.sealed });
	}
	return texts.every(({ was, next }) => was === next || !isFor(identity, was));
}

async function change(
	context: Context,
	options: { staff: Staff; id: string; wanted: SessionChange },
): Promise<void> {
	const { staff, id, wanted } = options;
	const { startsAt, minutes, sealed, places = [] } = wanted;
	if (startsAt !== undefined) checkTime(context, startsAt);
	await context.hub.run(async ({ db }) => {
		const again = await isSealedAgain(db, { staff, id, wanted });
		const row = await (again ? visibleSession(db, staff, id) : changeable(db, staff, id));
		await db
			.updateTable('sessions')
			.set({
				starts_at: startsAt ?? row.starts_at,
				minutes: minutes ?? row.minutes,
				sealed: sealed ?? row.sealed,
			})
			.where('id', '=', id)
			.execute();
		await checkVisits(db, places);
		for (const place of places) {
			const [changed] = await db
				.updateTable('places')
				.set(place.visit === undefined ? { sealed: place.sealed } : placeColumns(place))
				.where('id', '=', place.id)
				.where('session', '=', id)
				.execute();
			if (changed?.numUpdatedRows !== 1n) throw new ServerError('not-found');
		}
		if (again) {
			const said = { act: 'session-sealed-again', who: staff.member, session: id } as const;
			await context.history.add(db, said);
			return;
		}
		await context.post.sessionChanged(db, id);
		await context.history.add(db, { act: 'session-changed', who: staff.member, session: id });
	});
}

async function addPlace(
	context: Context,
	options: { staff: Staff; id: string; wanted: NewPlace },
): Promise<void> {
	const { staff, id, wanted } = options;
	await context.hub.run(async ({ db }) => {
		await changeable(db, staff, id);
		await checkVisits(db, [wanted]);
		const taken = await db
			.selectFrom('places')
			.select('id')
			.where('id', '=', wanted.id)
			.executeTakeFirst();
		if (taken) throw new ServerError('conflict');
		const places = await db
			.selectFrom('places')
			.select('position')
			.where('session', '=', id)
			.execute();
		if (places.length >= limits.peopleMax - 1) throw new ServerError('over-limit');
		const position = Math.max(-1, ...places.map((place) => place.position)) + 1;
		await db
			.insertInto('places')
			.values({ id: wanted.id, session: id, position, ...placeColumns(wanted) })
			.execute();
		await context.history.add(db, { act: 'session-changed', who: staff.member, session: id });
	});
}

// Nobody can come in by this place any more, and what waited there is gone.
async function closeSeats(
	context: Context,
	turn: Change,
	options: { id: string; place: string },
): Promise<void> {
	const { db } = turn;
	const room = await context.hub.room(db, options.id);
	const seats = [...room.seats.values()].filter(({ place }) => place === options.place);
	if (seats.some(({ connection, state }) => connection || state === 'in-call'))
		throw new ServerError('conflict');
	for (const seat of seats) {
		await db.updateTable('seats').set({ state: 'removed' }).where('id', '=', seat.id).execute();
		await db.deleteFrom('knocks').where('seat', '=', seat.id).execute();
		turn.mutate(() => {
			const { state } = seat;
			seat.state = 'removed';
			return () => (seat.state = state);
		});
	}
	await db.deleteFrom('claims').where('place', '=', options.place).execute();
}

async function removePlace(
	context: Context,
	options: { staff: Staff; id: string; place: string },
): Promise<void> {
	const { staff, id, place } = options;
	await context.hub.run(async (turn) => {
		const { db } = turn;
		await changeable(db, staff, id);
		const places = await db.selectFrom('places').select('id').where('session', '=', id).execute();
		if (!places.some((one) => one.id === place)) throw new ServerError('not-found');
		if (places.length === 1) throw new ServerError('conflict');
		await closeSeats(context, turn, { id, place });
		await db.deleteFrom('places').where('id', '=', place).execute();
		await context.post.sessionChanged(db, id);
		await context.history.add(db, { act: 'session-changed', who: staff.member, session: id });
	});
}

/** Whether a session began, and cannot go on: its host sits in it no more, and has other keys than its links are for. */
async function isStuck(
	{ hub }: Context,
	db: StoreTransaction,
	{ id, host, state, sealed }: SessionRow,
): Promise<boolean> {
	if (state !== 'open') return false;
	const { seats } = await hub.room(db, id);
	if ([...seats.values()].some(({ kind, connection }) => kind === 'host' && connection))
		return false;
	const member = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', host)
		.executeTakeFirstOrThrow();
	return (
		boxesOf(sealed) !== undefined && !isFor(stored(PublicIdentity, member.public_identity), sealed)
	);
}

async function cancel(context: Context, options: { staff: Staff; id: string }): Promise<void> {
	const { staff, id } = options;
	await context.hub.run(async ({ db }) => {
		const row = await visibleSession(db, staff, id);
		if (row.cancelled) return;
		if (row.state !== 'planned' && !(await isStuck(context, db, row)))
			throw new ServerError('conflict');
		await db.updateTable('sessions').set({ cancelled: 1 }).where('id', '=', id).execute();
		await context.history.add(db, { act: 'session-cancelled', who: staff.member, session: id });
	});
	// Does nothing to one that has ended, so an interrupted cancellation can be repeated.
	await endSession(context.hub, { session: id, who: staff.member });
}

/** /api/sessions/:id: what may be changed after a session was made. */
export function sessionChangeRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub } = context;
	app.patch('/sessions/:id', async (request) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await change(context, { staff, id, wanted: bodyOf(SessionChange, request) });
		hub.changed('sessions');
		return readSession(store, id);
	});
	app.post('/sessions/:id/cancel', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await cancel(context, { staff, id });
		hub.changed('sessions');
		return reply.code(204).send();
	});
	app.post('/sessions/:id/places', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await addPlace(context, { staff, id, wanted: bodyOf(NewPlace, request) });
		hub.changed('sessions');
		return reply.code(201).send(await readSession(store, id));
	});
	app.delete('/sessions/:id/places/:place', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id, place } = parse(PlaceParams, request.params);
		await removePlace(context, { staff, id, place });
		hub.changed('sessions');
		return reply.code(204).send();
	});
}
