import { sql } from 'kysely';
import { ServerError } from '../errors.ts';
import { limits } from '../protocol/limits.ts';
import type { ClientMessage } from '../protocol/socket.ts';
import { prepared } from '../store/prepared.ts';
import { newRecorderSeat } from './arrive.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import { type Room, type Seat, whoOf } from './room.ts';
import { setState, tellSeat } from './seats.ts';
import type { Change } from './turns.ts';

type Message<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>;

const packagesOf = prepared((db) =>
	db.selectFrom('packages').select(['n', 'key_package']).where('seat', '=', '').orderBy('n'),
);
const insertPackage = prepared((db) =>
	db.insertInto('packages').values({ seat: '', n: 0, session: '', key_package: '' }),
);
const compareAndSet = prepared((db) =>
	db
		.updateTable('sessions')
		.set({ generation: 0 })
		.where('id', '=', '')
		.where('generation', '=', 0)
		.where('state', '!=', sql.lit('ended')),
);
const made = { generation: 0, maker: '', seats: '', welcome: '' };
const upsertEpoch = prepared((db) =>
	db
		.insertInto('epochs')
		.values({ session: '', ...made })
		.onConflict((it) => it.column('session').doUpdateSet(made)),
);

/** A seat that has this many unused key packages or fewer is asked for more. */
const lowWater = 2;

/** Packages are for one's own seat, or for the recorder's that belongs to it. Throws `forbidden`. */
function checkPackageSeat(own: Seat, seat: Seat | undefined): void {
	// A new seat: only a host brings a recorder along.
	const may = seat
		? seat === own || (seat.kind === 'recorder' && seat.owner === own.id)
		: own.kind === 'host';
	if (!may || seat?.state === 'removed') throw new ServerError('forbidden');
}

/** Puts unused key packages up. Throws `over-limit` beyond `limits.packagesPerSeat`. */
export async function packages(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Message<'packages'>,
): Promise<void> {
	const { room, seat: own } = hub.seated(connection);
	const known = room.seats.get(message.seat);
	checkPackageSeat(own, known);
	const { db } = change;
	const rows = message.replace || !known ? [] : (await packagesOf(db, known.id)).rows;
	if (rows.length + message.packages.length > limits.packagesPerSeat)
		throw new ServerError('over-limit');
	const seat =
		known ?? (await newRecorderSeat(hub, change, { room, owner: own, id: message.seat }));
	if (message.replace) await db.deleteFrom('packages').where('seat', '=', seat.id).execute();
	const first = Math.max(0, ...rows.map(({ n }) => n)) + 1;
	const { session } = room;
	for (const [index, keyPackage] of message.packages.entries())
		await insertPackage(db, seat.id, first + index, session, keyPackage);
	change.onCommit(() => connection.send({ type: 'done', id: message.id }));
	if (!known) await tellSeat(hub, change, room, seat);
}

/** Whether a seat may make epochs: it is in the newest one, or it is the host's. */
function mayMake(seat: Seat): boolean {
	return seat.state === 'in-call' || (seat.kind === 'host' && seat.state !== 'removed');
}

/** Gives out one unused key package of each seat, for ever. */
export async function take(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Message<'take'>,
): Promise<void> {
	const { room, seat: own } = hub.seated(connection);
	if (!mayMake(own)) throw new ServerError('not-in-call');
	const { db } = change;
	const taken: { seat: string; keyPackage: string }[] = [];
	const missing: string[] = [];
	for (const id of new Set(message.seats)) {
		const seat = room.seats.get(id);
		const rows = seat ? (await packagesOf(db, id)).rows : [];
		const [first] = rows;
		if (!seat || !first) {
			missing.push(id);
			continue;
		}
		await db.deleteFrom('packages').where('seat', '=', id).where('n', '=', first.n).execute();
		taken.push({ seat: id, keyPackage: first.key_package });
		const left = rows.length - 1;
		if (left <= lowWater)
			change.onCommit(() => room.connectionOf(seat)?.send({ type: 'low', seat: id, left }));
	}
	change.onCommit(() =>
		connection.send({ type: 'taken', id: message.id, packages: taken, missing }),
	);
}

/** The seats of a new epoch. Throws `bad-request`, `not-found`, `forbidden` (removed), `over-limit`. */
function epochSeats(room: Room, own: Seat, ids: readonly string[]): Seat[] {
	if (new Set(ids).size !== ids.length || !ids.includes(own.id))
		throw new ServerError('bad-request');
	const seats = ids.map((id) => {
		const seat = room.seats.get(id);
		if (!seat) throw new ServerError('not-found');
		if (seat.state === 'removed') throw new ServerError('forbidden');
		return seat;
	});
	const people = seats.filter(({ kind }) => kind !== 'recorder');
	if (people.length > limits.peopleMax) throw new ServerError('over-limit');
	return seats;
}

/** Brings the seats in line with a new epoch: its members are in the call, the others of the last one are not. */
async function applyEpoch(hub: Hub, change: Change, room: Room, seats: readonly Seat[]) {
	const inside = new Set(seats);
	const joined = seats.filter(({ state }) => state !== 'in-call');
	const left = [...room.seats.values()].filter(
		(seat) => seat.state === 'in-call' && !inside.has(seat),
	);
	await setState(hub, change, joined, 'in-call');
	await setState(hub, change, left, 'gone');
	const { session } = room;
	for (const seat of joined)
		if (seat.kind === 'participant')
			await hub.history.add(change.db, { act: 'connected', who: whoOf(seat), session });
	for (const seat of [...joined, ...left]) await tellSeat(hub, change, room, seat);
}

/**
 * Offers an epoch: compare-and-set on the session's generation, in one transaction with what it
 * changes. Throws `generation-taken` with the newest one, `slow-down`, `not-in-call`.
 */
export async function epoch(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Message<'epoch'>,
): Promise<void> {
	const { room, seat: own } = hub.seated(connection);
	if (!mayMake(own)) throw new ServerError('not-in-call');
	const { id, generation, welcome } = message;
	const seats = epochSeats(room, own, message.seats);
	const now = hub.clock.monotonic();
	if (generation !== room.generation + 1)
		throw new ServerError('generation-taken', { next: room.generation });
	if (now - connection.lastEpochAt < 1000 / limits.epochsPerSecond)
		throw new ServerError('slow-down');
	const { db } = change;
	const { session } = room;
	const { numAffectedRows } = await compareAndSet(db, generation, session, generation - 1);
	if (numAffectedRows !== 1n) throw new ServerError('generation-taken', { next: room.generation });
	const content = [generation, own.id, JSON.stringify(message.seats), welcome];
	await upsertEpoch(db, session, ...content, ...content);
	change.mutate(() => {
		const { generation: before, members } = room;
		const { lastEpochAt } = connection;
		room.generation = generation;
		room.members = message.seats;
		connection.lastEpochAt = now;
		return () => {
			room.generation = before;
			room.members = members;
			connection.lastEpochAt = lastEpochAt;
		};
	});
	change.onCommit(() => {
		connection.send({ type: 'done', id });
		hub.tell(room, { type: 'epoch', generation, from: own.id, seats: message.seats, welcome });
	});
	await applyEpoch(hub, change, room, seats);
}
