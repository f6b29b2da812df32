import { limits } from '#protocol/limits.ts';
import type { Seat, ServerMessage } from '#protocol/socket.ts';

interface Held {
	readonly session: string;
	readonly seat: Seat;
}

/** Somebody who waits, with her browser there. */
export interface Waits {
	readonly session: string;
	readonly seat: string;
	readonly place: string;
	readonly since: number;
}

/** `absent`: not heard of, or her browser is not there; she may be back in a moment. `over`: she waits no longer. */
export type Whereabouts = 'waiting' | 'absent' | 'over';

/** Nobody has so many sessions in which somebody waits. */
const sessionsMax = 1024;
const placesMax = 1024;

/** Keeps what is new as long as there is room; a server that says more is not followed. */
function put(seats: Map<string, Held> | undefined, { session, seat }: Held): void {
	if (!seats || (!seats.has(seat.seat) && seats.size >= limits.seatsPerSession)) return;
	seats.set(seat.seat, { session, seat: { ...seat, knock: null } });
}

function note(sessions: Set<string>, session: string): void {
	if (sessions.size < sessionsMax) sessions.add(session);
}

/** Who is at which session of a member, from what the server says over one connection. */
export class WaitingRoom {
	#seats = new Map<string, Held>();
	/** Sessions that the server spoke of. */
	#sessions = new Set<string>();
	/** Pages of a snapshot that is not complete. */
	#coming: Map<string, Held> | undefined = new Map();
	readonly #ended = new Set<string>();
	/** The place of each seat, as it was first said: a seat stands for one person, whoever is shown on it. */
	readonly #places: Map<string, string>;

	/** `before`: the room of the connection before this one. */
	constructor(before?: WaitingRoom) {
		this.#places = before ? before.#places : new Map();
	}

	/** Whether everybody who waits is known. */
	get complete(): boolean {
		return this.#coming === undefined;
	}

	/** Takes in a message; says whether it may have changed who is where. */
	hear(message: ServerMessage): boolean {
		if (message.type === 'waiting') return this.#take(message);
		if (message.type === 'seat') {
			const { session, seat } = message;
			note(this.#sessions, session);
			for (const seats of [this.#seats, this.#coming]) {
				if (seat.state === 'gone') seats?.delete(seat.seat);
				else put(seats, { session, seat });
			}
			return true;
		}
		if (message.type !== 'ended') return false;
		note(this.#ended, message.session);
		for (const seats of [this.#seats, this.#coming])
			for (const [id, { session }] of seats ?? [])
				if (session === message.session) seats?.delete(id);
		return true;
	}

	#take({ sessions, more }: Extract<ServerMessage, { type: 'waiting' }>): boolean {
		this.#coming ??= new Map();
		for (const { session, seats } of sessions) {
			note(this.#sessions, session);
			for (const seat of seats) if (seat.state !== 'gone') put(this.#coming, { session, seat });
		}
		if (more) return false;
		this.#seats = this.#coming;
		this.#coming = undefined;
		return true;
	}

	/** Who waits, who waits longest first. */
	waiting(): Waits[] {
		return [...this.#seats.values()]
			.flatMap(({ session, seat: { seat, place, since, state, present } }) =>
				state === 'waiting' && present && place !== null && this.#isAt(seat, place)
					? [{ session, seat, place, since }]
					: [],
			)
			.toSorted((a, b) => a.since - b.since);
	}

	#isAt(seat: string, place: string): boolean {
		if (!this.#places.has(seat) && this.#places.size < placesMax) this.#places.set(seat, place);
		return (this.#places.get(seat) ?? place) === place;
	}

	/** What became of somebody who was seen waiting. */
	whereabouts({ session, seat, since }: Omit<Waits, 'place'>): Whereabouts {
		const held = this.#seats.get(seat)?.seat;
		if (held) {
			if (held.state !== 'waiting' || held.since !== since) return 'over';
			return held.present ? 'waiting' : 'absent';
		}
		// A session that nobody is connected to is not spoken of: she may be on her way back.
		return this.#sessions.has(session) || this.#ended.has(session) ? 'over' : 'absent';
	}

	/** People in the call of a session, the host included. */
	inCall(session: string): number {
		let count = 0;
		for (const held of this.#seats.values())
			if (held.session === session && isInCall(held.seat)) count += 1;
		return count;
	}

	/** Whether the member is in a call of hers. */
	get hostInCall(): boolean {
		for (const { seat } of this.#seats.values())
			if (seat.kind === 'host' && isInCall(seat)) return true;
		return false;
	}
}

const isInCall = ({ kind, state, present }: Seat): boolean =>
	kind !== 'recorder' && state === 'in-call' && present;
