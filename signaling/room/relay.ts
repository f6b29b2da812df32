import { sql } from 'kysely';
import { ServerError } from '../errors.ts';
import { limits } from '../protocol/limits.ts';
import type { ClientMessage } from '../protocol/socket.ts';
import { prepared } from '../store/prepared.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import { sendLetter, sendLetters } from './letters.ts';
import type { Room } from './room.ts';
import type { Change } from './turns.ts';

type Message<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>;

const insertRelay = prepared((db) =>
	db
		.insertInto('relay')
		.values({ to_seat: '', n: 0, session: '', from_seat: '', id: '', body: '' })
		.onConflict((it) => it.columns(['from_seat', 'id']).doNothing()),
);
const eraseBodies = prepared((db) =>
	db
		.updateTable('relay')
		.set({ body: sql.lit(null) })
		.where('to_seat', '=', '')
		.where('n', '<=', 0)
		.where('body', 'is not', null),
);

interface Sender {
	readonly room: Room;
	/** A seat; from a host who has none, the id of the message itself. */
	readonly from: string;
	readonly isHost: boolean;
	readonly inCall: boolean;
}

/** A seat in the room, or the host of the session that is named, who need not be in it. Throws `not-in-call`, `forbidden`, `not-found`. */
async function senderOf(
	hub: Hub,
	change: Change,
	connection: Connection,
	{ id, session }: Message<'relay'>,
): Promise<Sender> {
	if (session === undefined) {
		const { room, seat } = hub.seated(connection);
		const inCall = seat.state === 'in-call';
		return { room, from: seat.id, isHost: seat.kind === 'host', inCall };
	}
	const { principal } = connection;
	if (principal?.kind !== 'member' || !principal.staff) throw new ServerError('forbidden');
	const room = await hub.room(change.db, session);
	change.onCommit(() => hub.release(room));
	if (room.host !== principal.member) throw new ServerError('forbidden');
	return { room, from: id, isHost: true, inCall: false };
}

/**
 * Writes a body down for another seat and passes it on when it is on disk. Throws `not-found`,
 * `gone` (that seat left), `not-in-call` (who waits reaches the host only), `forbidden` (a session of somebody else),
 * `over-limit`.
 */
export async function relay(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Message<'relay'>,
): Promise<void> {
	const { id, body } = message;
	const { room, from, isHost, inCall } = await senderOf(hub, change, connection, message);
	const target = room.seats.get(message.to);
	if (!target || target.kind === 'recorder' || target.id === from)
		throw new ServerError('not-found');
	if (target.state === 'gone' || target.state === 'removed') throw new ServerError('gone');
	if (!inCall && !isHost && target.kind !== 'host') throw new ServerError('not-in-call');
	if (target.pending >= limits.unacknowledgedPerSeat) throw new ServerError('over-limit');
	const n = target.n + 1;
	const { numAffectedRows } = await insertRelay(
		change.db,
		target.id,
		n,
		room.session,
		from,
		id,
		body,
	);
	change.onCommit(() => connection.send({ type: 'done', id }));
	// The same id again: it was written down before, perhaps delivered.
	if (numAffectedRows === 0n) return;
	change.mutate(() => {
		target.n = n;
		target.pending += 1;
		return () => {
			target.n = n - 1;
			target.pending -= 1;
		};
	});
	sendLetter(change, target, { n, from, body });
}

/** Repetitions are recognised among at least this many bodies; the rows of older ones go. */
const remembered = 512;

/** Erases the bodies that a seat has handled; their ids stay, so that a repetition is known. */
export async function acknowledge(hub: Hub, change: Change, connection: Connection): Promise<void> {
	const { acknowledged } = connection;
	connection.acknowledged = undefined;
	if (acknowledged === undefined || !connection.seat) return;
	const { seat } = hub.seated(connection);
	const n = Math.min(acknowledged, seat.n);
	const { numAffectedRows } = await eraseBodies(change.db, seat.id, n);
	const old = n - remembered;
	if (old - seat.forgotten > remembered) {
		await change.db
			.deleteFrom('relay')
			.where('to_seat', '=', seat.id)
			.where('n', '<=', old)
			.where('body', 'is', null)
			.execute();
		change.mutate(() => {
			const { forgotten } = seat;
			seat.forgotten = old;
			return () => {
				seat.forgotten = forgotten;
			};
		});
	}
	const count = Number(numAffectedRows);
	change.mutate(() => {
		seat.pending -= count;
		return () => {
			seat.pending += count;
			connection.acknowledged = Math.max(n, connection.acknowledged ?? 0);
		};
	});
	if (seat.sent < seat.n) await sendLetters(change, seat, connection);
}
