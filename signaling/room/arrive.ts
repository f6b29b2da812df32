import { sql } from 'kysely';
import { ServerError } from '../errors.ts';
import { addLost, addReturned } from '../history/visits.ts';
import { markSeen } from '../presence/devices.ts';
import { limits } from '../protocol/limits.ts';
import { closeCodes, type ClientMessage } from '../protocol/socket.ts';
import { prepared } from '../store/prepared.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import { type Room, type Seat, whoOf } from './room.ts';
import { eraseSeat, setState, sitDown, standUp, tellSeat, writeSeat } from './seats.ts';
import type { Change } from './turns.ts';

type Message<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>;

const insertSeat = prepared((db) =>
	db
		.insertInto('seats')
		.values({
			id: '',
			session: '',
			kind: 'host',
			place: '',
			owner: '',
			state: 'gone',
			since: 0,
			absent_at: null,
		})
		.onConflict((it) => it.column('id').doNothing()),
);
const knocked = { key_package: '', sealed: '', proof: '', at: 0 };
const upsertKnock = prepared((db) =>
	db
		.insertInto('knocks')
		.values({ seat: '', session: '', ...knocked })
		.onConflict((it) => it.column('seat').doUpdateSet(knocked)),
);
const open = prepared((db) =>
	db
		.updateTable('sessions')
		.set({ state: sql.lit<'open'>('open') })
		.where('id', '=', ''),
);
/** Whoever was away for longer arrives again; until then her knock leaves no room for another. */
const absentMs = 60_000;

async function newSeat(
	hub: Hub,
	change: Change,
	room: Room,
	options: Pick<Seat, 'id' | 'kind' | 'place' | 'owner'>,
): Promise<Seat> {
	if (room.seats.size >= limits.seatsPerSession) throw new ServerError('over-limit');
	const row = { ...options, state: 'waiting' as const, since: hub.clock.now(), absent_at: null };
	const { id, kind, place, owner, state, since } = row;
	const { session } = room;
	const { numAffectedRows } = await insertSeat(
		change.db,
		id,
		session,
		kind,
		place,
		owner,
		state,
		since,
		row.absent_at,
	);
	// A seat of that name is in another session.
	if (numAffectedRows === 0n) throw new ServerError('conflict');
	const seat = room.add(row);
	change.mutate(() => () => room.seats.delete(seat.id));
	return seat;
}

/** The recorder that a host's seat brings along. */
export function newRecorderSeat(
	hub: Hub,
	change: Change,
	options: { room: Room; owner: Seat; id: string },
): Promise<Seat> {
	const { room, owner, id } = options;
	return newSeat(hub, change, room, { id, kind: 'recorder', place: null, owner: owner.id });
}

/** Seats of the host's earlier pages: nobody will come back to them. */
async function clearHosts(hub: Hub, change: Change, room: Room, seat: Seat): Promise<void> {
	for (const other of room.seats.values()) {
		if (other.kind !== 'host' || other === seat || other.connection || other.state !== 'waiting')
			continue;
		await setState(hub, change, [other], 'gone');
		await eraseSeat(change, other);
	}
}

/** The host was here: from now on the session is open. */
async function openSession(change: Change, room: Room): Promise<void> {
	if (!room.planned) return;
	await open(change.db, room.session);
	change.mutate(() => {
		room.planned = false;
		return () => {
			room.planned = true;
		};
	});
}

/** Host: takes a seat in the call of her session. Throws `forbidden`, `conflict` (a seat that is not hers). */
export async function enter(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Message<'enter'>,
): Promise<void> {
	const { principal } = connection;
	if (principal?.kind !== 'member' || !principal.staff) throw new ServerError('forbidden');
	const room = await hub.room(change.db, message.session);
	if (room.host !== principal.member) throw new ServerError('forbidden');
	const known = room.seats.get(message.seat);
	if (known && (known.owner !== principal.member || known.state === 'removed'))
		throw new ServerError('conflict');
	if (connection.seat && connection.seat.id !== message.seat)
		await standUp(hub, change, connection);
	const seat =
		known ??
		(await newSeat(hub, change, room, {
			id: message.seat,
			kind: 'host',
			place: null,
			owner: principal.member,
		}));
	if (known?.state === 'gone') await setState(hub, change, [known], 'waiting');
	await openSession(change, room);
	await clearHosts(hub, change, room, seat);
	change.onCommit(() => connection.send({ type: 'done', id: message.id }));
	await sitDown(hub, change, { connection, room, seat });
}

/** A clock that was set in between makes her one who was away. */
const wasAway = (hub: Hub, absentAt: number): boolean =>
	Math.abs(hub.clock.now() - absentAt) > absentMs;

/**
 * Puts whoever knocks at her seat again into the waiting room; says whether she arrived anew. Whoever is back within
 * a minute goes on waiting, also when she had left: nobody calls the host by coming and going.
 */
async function waitAgain(hub: Hub, change: Change, seat: Seat): Promise<boolean> {
	const { state, since, absentAt } = seat;
	const isBack = state === 'gone' || (state === 'waiting' && absentAt !== null);
	if (!isBack) return false;
	const anew = absentAt === null || wasAway(hub, absentAt);
	if (anew) await setState(hub, change, [seat], 'waiting');
	else await writeSeat(change, seat, { state: 'waiting', since, absentAt: null });
	return anew;
}

/** Makes sure that at most `limits.knocksPerPlace` wait at a place. Throws `over-limit`. */
async function placeForKnock(hub: Hub, change: Change, room: Room, place: string): Promise<void> {
	const waiting = [...room.seats.values()].filter(
		(seat) => seat.place === place && seat.state === 'waiting',
	);
	const absent = waiting.filter(
		(seat) => !seat.connection && (seat.absentAt === null || wasAway(hub, seat.absentAt)),
	);
	const tooMany = Math.max(0, waiting.length + 1 - limits.knocksPerPlace);
	if (tooMany > absent.length) throw new ServerError('over-limit');
	for (const seat of absent.slice(0, tooMany)) {
		await setState(hub, change, [seat], 'gone');
		await eraseSeat(change, seat);
		await tellSeat(hub, change, room, seat);
	}
}

/** Participant: waits to be connected. Throws `over-limit`, `forbidden` (removed for good). */
export async function knock(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Message<'knock'>,
): Promise<void> {
	const { principal } = connection;
	if (principal?.kind !== 'participant') throw new ServerError('forbidden');
	const { seat: id, place, session } = principal;
	const room = await hub.room(change.db, session);
	const known = room.seats.get(id);
	if (known?.state === 'removed') throw new ServerError('forbidden');
	if (!known || known.state === 'gone') await placeForKnock(hub, change, room, place);
	const anew = !known || (await waitAgain(hub, change, known));
	const seat =
		known ?? (await newSeat(hub, change, room, { id, kind: 'participant', place, owner: null }));
	const { keyPackage, sealed, proof } = message;
	const content = [keyPackage, sealed, proof, hub.clock.now()] as const;
	await upsertKnock(change.db, id, session, ...content, ...content);
	if (anew) await hub.history.add(change.db, { act: 'waited', who: place, session });
	if (known?.state === 'in-call') await addReturned(hub.history, change.db, { place, session });
	change.onCommit(() => connection.send({ type: 'done', id: message.id }));
	await sitDown(hub, change, { connection, room, seat });
}

/** Leaves the call or the waiting room. A recorder that this seat brought along leaves with it. */
export async function leave(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Message<'leave'>,
): Promise<void> {
	const { room, seat } = hub.seated(connection);
	const wasInCall = seat.state === 'in-call';
	for (const other of room.seats.values()) {
		if (other !== seat && !(other.kind === 'recorder' && other.owner === seat.id)) continue;
		if (other.state === 'removed') continue;
		const { kind, state, since } = other;
		if (kind === 'participant' && state === 'waiting')
			await writeSeat(change, other, { state: 'gone', since, absentAt: hub.clock.now() });
		else await setState(hub, change, [other], 'gone');
		await eraseSeat(change, other);
	}
	if (wasInCall)
		await hub.history.add(change.db, { act: 'left', who: whoOf(seat), session: room.session });
	change.onCommit(() => connection.send({ type: 'done', id: message.id }));
	await standUp(hub, change, connection);
}

/** A socket is gone: its seat is empty, and keeps everything. */
export async function vanish(hub: Hub, change: Change, connection: Connection): Promise<void> {
	if (connection.seat && !hub.closing) {
		const { room, seat } = hub.seated(connection);
		const inCall = seat.kind === 'participant' && seat.state === 'in-call';
		if (inCall && seat.connection === connection)
			await addLost(hub.history, change.db, { place: whoOf(seat), session: room.session });
	}
	await standUp(hub, change, connection);
	const { principal } = connection;
	if (principal?.kind === 'member' && principal.presence)
		await markSeen(change.db, principal.device, hub.clock);
}

/** The host's word that a seat is out, for good: its token dies and its socket is closed. */
export async function remove(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Message<'remove'>,
): Promise<void> {
	const { room, seat: own } = hub.seated(connection);
	if (own.kind !== 'host') throw new ServerError('forbidden');
	const seat = room.seats.get(message.seat);
	if (!seat || seat === own) throw new ServerError('not-found');
	const before = seat.connection;
	if (seat.state !== 'removed') {
		await setState(hub, change, [seat], 'removed');
		await eraseSeat(change, seat);
		await change.db
			.updateTable('claims')
			.set({ token_hash: null })
			.where('seat', '=', seat.id)
			.execute();
		const { session } = room;
		await hub.history.add(change.db, { act: 'removed', who: whoOf(seat), session });
	}
	change.mutate(() => {
		const speaksFor = before?.principal;
		const sits = before?.seat;
		seat.connection = undefined;
		if (before) before.seat = before.principal = undefined;
		return () => {
			seat.connection = before;
			if (!before) return;
			before.seat = sits;
			before.principal = speaksFor;
		};
	});
	change.onCommit(() => {
		connection.send({ type: 'done', id: message.id });
		before?.send({ type: 'removed' });
		before?.close(closeCodes.removed);
	});
	await tellSeat(hub, change, room, seat);
}
