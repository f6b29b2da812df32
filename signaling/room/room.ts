import { ServerError } from '../errors.ts';
import * as v from 'valibot';
import { Id } from '../protocol/text.ts';
import type { Seat as SeatView } from '../protocol/socket.ts';
import { stored } from '../parse.ts';
import type { StoreTransaction } from '../store/database.ts';
import { prepared } from '../store/prepared.ts';
import type { KnockRow, SeatKind, SeatRow, SeatState } from '../store/tables.ts';
import type { Connection } from './connection.ts';

/** A seat as the server works with it: its row, and the socket behind it. */
export interface Seat {
	readonly id: string;
	readonly kind: SeatKind;
	readonly place: string | null;
	/** The member of a host's seat, the seat that brought a recorder along. */
	readonly owner: string | null;
	state: SeatState;
	since: number;
	connection: Connection | undefined;
	/** When somebody who waited was seen to go; null while she is here, and where nobody saw it. */
	absentAt: number | null;
	/** The number of the last body that was relayed to it. */
	n: number;
	/** The number of the last one that its socket was sent. */
	sent: number;
	/** Bodies that it has not acknowledged. */
	pending: number;
	/** Up to this number nothing is remembered any more. */
	forgotten: number;
}

const sessionOf = prepared((db) =>
	db.selectFrom('sessions').select(['host', 'generation', 'state']).where('id', '=', ''),
);
const seatsOf = prepared((db) => db.selectFrom('seats').selectAll().where('session', '=', ''));

/** One session while somebody is connected to it: what its rows say, and who is here. */
export class Room {
	readonly session: string;
	/** The member whose session it is. */
	readonly host: string;
	readonly seats = new Map<string, Seat>();
	generation: number;
	/** Whether the host has not been here yet. */
	planned: boolean;
	/** Seats of the newest epoch. */
	members: readonly string[] = [];

	private constructor(options: {
		session: string;
		host: string;
		generation: number;
		planned: boolean;
	}) {
		this.session = options.session;
		this.host = options.host;
		this.generation = options.generation;
		this.planned = options.planned;
	}

	/** Reads a session's room. Throws `not-found`, `session-ended`. */
	static async load(db: StoreTransaction, session: string): Promise<Room> {
		const [row] = (await sessionOf(db, session)).rows;
		if (!row) throw new ServerError('not-found');
		if (row.state === 'ended') throw new ServerError('session-ended');
		const room = new Room({
			session,
			host: row.host,
			generation: row.generation,
			planned: row.state === 'planned',
		});
		for (const seat of (await seatsOf(db, session)).rows) room.add(seat);
		if (room.seats.size === 0) return room;
		await room.#loadRelay(db);
		const epoch = await db
			.selectFrom('epochs')
			.select('seats')
			.where('session', '=', session)
			.executeTakeFirst();
		if (epoch) room.members = stored(v.array(Id), epoch.seats);
		return room;
	}

	async #loadRelay(db: StoreTransaction): Promise<void> {
		const counts = await db
			.selectFrom('relay')
			.select([
				'to_seat',
				(it) => it.fn.max('n').as('n'),
				(it) => it.fn.count<number>('body').as('pending'),
			])
			.where('session', '=', this.session)
			.groupBy('to_seat')
			.execute();
		for (const { to_seat: id, n, pending } of counts) {
			const seat = this.seats.get(id);
			if (!seat) continue;
			seat.n = n;
			seat.pending = pending;
		}
	}

	add(row: Omit<SeatRow, 'session'>): Seat {
		const { id, kind, place, owner, state, since, absent_at: absentAt } = row;
		const seat: Seat = {
			id,
			kind,
			place,
			owner,
			state,
			since,
			connection: undefined,
			absentAt,
			n: 0,
			sent: 0,
			pending: 0,
			forgotten: 0,
		};
		this.seats.set(id, seat);
		return seat;
	}

	/** Whether anybody is connected. */
	get inhabited(): boolean {
		for (const { connection } of this.seats.values()) if (connection) return true;
		return false;
	}

	/** The socket that speaks for a seat: a recorder has none of its own. */
	connectionOf(seat: Seat): Connection | undefined {
		if (seat.kind !== 'recorder') return seat.connection;
		return this.seats.get(seat.owner ?? '')?.connection;
	}

	/** A seat as others see it; `knock` only for the host. */
	view(seat: Seat, knock?: KnockRow): SeatView {
		return {
			seat: seat.id,
			kind: seat.kind,
			place: seat.place,
			present: this.connectionOf(seat) !== undefined,
			state: seat.state === 'removed' ? 'gone' : seat.state,
			since: seat.since,
			knock: knock
				? { keyPackage: knock.key_package, sealed: knock.sealed, proof: knock.proof }
				: null,
		};
	}
}

/** Who a seat's acts belong to in the history: the place of a participant, the member of a host. */
export function whoOf(seat: Seat): string {
	if (seat.kind === 'participant') return seat.place ?? seat.id;
	if (seat.kind === 'host') return seat.owner ?? seat.id;
	return seat.id;
}

function rank({ state, knock }: SeatView): number {
	if (state !== 'waiting') return 2;
	return knock?.proof ? 0 : 1;
}

/** Those who wait first, of these the proven first, then by time. */
export function byKnock(a: SeatView, b: SeatView): number {
	return rank(a) - rank(b) || a.since - b.since;
}
