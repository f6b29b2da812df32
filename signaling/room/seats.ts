import * as v from 'valibot';
import { closeCodes, type RoomMessage, type Seat as SeatView } from '../protocol/socket.ts';
import { Id } from '../protocol/text.ts';
import { stored } from '../parse.ts';
import type { StoreTransaction } from '../store/database.ts';
import { prepared } from '../store/prepared.ts';
import type { KnockRow, SeatState } from '../store/tables.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import { sendLetters } from './letters.ts';
import { byKnock, type Room, type Seat } from './room.ts';
import type { Change } from './turns.ts';

const knockOf = prepared((db) => db.selectFrom('knocks').selectAll().where('seat', '=', ''));
const updateState = prepared((db) =>
	db.updateTable('seats').set({ state: 'gone', since: 0, absent_at: 0 }).where('id', '=', ''),
);
const deletePackages = prepared((db) => db.deleteFrom('packages').where('seat', '=', ''));
const deleteKnock = prepared((db) => db.deleteFrom('knocks').where('seat', '=', ''));
const epochOf = prepared((db) => db.selectFrom('epochs').selectAll().where('session', '=', ''));
const knocksOf = prepared((db) => db.selectFrom('knocks').selectAll().where('session', '=', ''));
const countPackages = prepared((db) =>
	db
		.selectFrom('packages')
		.select((it) => it.fn.countAll<number>().as('count'))
		.where('seat', '=', ''),
);

/** What was knocked in a session, by seat. */
export async function readKnocks(
	db: StoreTransaction,
	session: string,
): Promise<Map<string, KnockRow>> {
	const { rows } = await knocksOf(db, session);
	return new Map(rows.map((row) => [row.seat, row]));
}

/** The seats of a room in the order in which the host wants to see them. */
export function viewAll(room: Room, knocks: ReadonlyMap<string, KnockRow>): SeatView[] {
	return [...room.seats.values()]
		.map((seat) => room.view(seat, knocks.get(seat.id)))
		.toSorted(byKnock);
}

/** Tells a room that a seat is new or changed; only the host's pages get what was knocked. */
export async function tellSeat(
	hub: Hub,
	change: Change,
	room: Room,
	seat: Seat,
	except?: Connection,
): Promise<void> {
	const { done: nobody } = hub.audience(room, { hostsOnly: true }).next();
	const [knock] =
		seat.kind === 'participant' && !nobody ? (await knockOf(change.db, seat.id)).rows : [];
	change.onCommit(() => {
		for (const { connection, host } of hub.audience(room)) {
			if (connection === except) continue;
			connection.send({
				type: 'seat',
				session: room.session,
				seat: room.view(seat, host ? knock : undefined),
			});
		}
	});
}

/** Writes the state of seats. */
export async function setState(
	hub: Hub,
	change: Change,
	seats: readonly Seat[],
	state: SeatState,
): Promise<void> {
	const since = hub.clock.now();
	for (const seat of seats) await writeSeat(change, seat, { state, since, absentAt: null });
}

/** Writes how it stands with a seat, where its state does not begin now. */
export async function writeSeat(
	change: Change,
	seat: Seat,
	now: Pick<Seat, 'state' | 'since' | 'absentAt'>,
): Promise<void> {
	await updateState(change.db, now.state, now.since, now.absentAt, seat.id);
	change.mutate(() => {
		const { state, since, absentAt } = seat;
		Object.assign(seat, now);
		return () => Object.assign(seat, { state, since, absentAt });
	});
}

/** Erases what waits for a seat that left: nobody may use its key packages or read its post. */
export async function eraseSeat(change: Change, seat: Seat): Promise<void> {
	const { db } = change;
	await deletePackages(db, seat.id);
	if (seat.kind === 'participant') await deleteKnock(db, seat.id);
	if (seat.pending === 0) return;
	await db
		.updateTable('relay')
		.set({ body: null })
		.where('to_seat', '=', seat.id)
		.where('body', 'is not', null)
		.execute();
	change.mutate(() => {
		const { pending } = seat;
		seat.pending = 0;
		return () => {
			seat.pending = pending;
		};
	});
}

/** Everything as it stands, for whoever sits down on `seat`. */
async function snapshot(db: StoreTransaction, room: Room, seat: Seat): Promise<RoomMessage> {
	const knocks =
		seat.kind === 'host' ? await readKnocks(db, room.session) : new Map<string, KnockRow>();
	const [row] = room.members.includes(seat.id) ? (await epochOf(db, room.session)).rows : [];
	const [unused] = (await countPackages(db, seat.id)).rows;
	return {
		type: 'room',
		session: room.session,
		seat: seat.id,
		seats: viewAll(room, knocks),
		generation: room.generation,
		epoch: row
			? {
					generation: row.generation,
					from: row.maker,
					seats: stored(v.array(Id), row.seats),
					welcome: row.welcome,
				}
			: null,
		packages: unused?.count ?? 0,
	};
}

/**
 * Puts a socket on a seat: the one that sat there gets a coded close, the newcomer the state of the
 * room and everything that was relayed to it and not acknowledged.
 */
export async function sitDown(
	hub: Hub,
	change: Change,
	options: { connection: Connection; room: Room; seat: Seat },
): Promise<void> {
	const { connection, room, seat } = options;
	const here = seat.connection === connection;
	bind(change, { connection, room, seat });
	const state = await snapshot(change.db, room, seat);
	change.onCommit(() => connection.send(state));
	// A socket that sat here already has them.
	if (!here) await sendLetters(change, seat, connection);
	// The newcomer has just got everything.
	await tellSeat(hub, change, room, seat, connection);
}

function bind(change: Change, options: { connection: Connection; room: Room; seat: Seat }): void {
	const { connection, room, seat } = options;
	const before = seat.connection;
	change.mutate(() => {
		const own = connection.seat;
		const { sent } = seat;
		if (before !== connection) seat.sent = 0;
		if (before && before !== connection) before.seat = undefined;
		seat.connection = connection;
		connection.seat = { session: room.session, id: seat.id };
		return () => {
			connection.seat = own;
			seat.sent = sent;
			seat.connection = before;
			if (before && before !== connection) before.seat = { session: room.session, id: seat.id };
		};
	});
	if (before !== connection) change.onCommit(() => before?.close(closeCodes.replaced));
}

/** Takes a socket off its seat, when it left or its connection is gone. */
export async function standUp(hub: Hub, change: Change, connection: Connection): Promise<void> {
	const { seat: sits } = connection;
	if (!sits) return;
	const { room, seat } = hub.seated(connection);
	const { connection: before, state, since } = seat;
	const waits = seat.kind === 'participant' && state === 'waiting';
	// Whom this server itself sends away, because it ends, has not gone.
	if (before === connection && waits && !hub.closing)
		await writeSeat(change, seat, { state, since, absentAt: hub.clock.now() });
	change.mutate(() => {
		connection.seat = undefined;
		if (before === connection) seat.connection = undefined;
		return () => {
			connection.seat = sits;
			seat.connection = before;
		};
	});
	await tellSeat(hub, change, room, seat);
	for (const other of room.seats.values())
		if (other.kind === 'recorder' && other.owner === seat.id)
			await tellSeat(hub, change, room, other);
	change.onCommit(() => hub.release(room));
}
