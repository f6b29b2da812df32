import { fromBase64url } from '#crypto/bytes.ts';
import { verifyLinkProof } from '#crypto/proof/proof.ts';
import { sameKnock } from '#lib/call/clicked.ts';
import { provenLevel } from '#lib/call/proven.ts';
import type { ProvenLevel } from '#lib/call/view.ts';
import { codeConfirmed } from '#lib/code/codes.svelte.ts';
import type { Session } from '#protocol/sessions.ts';
import type { Seat, ServerMessage } from '#protocol/socket.ts';
import type { Place } from './session.ts';

/** Somebody who waits to be connected: one knock, one row. */
export interface Waiting {
	readonly seat: string;
	readonly session: Session;
	readonly place: Place;
	/** Since when. */
	readonly since: number;
	/** 2 when the access code was proven, 1 when the private link was, 0 when nothing was. */
	readonly trust: ProvenLevel;
	/** What the rest was read from. */
	readonly knock: Seat['knock'];
}

interface Held {
	readonly session: string;
	readonly seat: Seat;
}

/** A seat at which somebody waits, before it is known who. */
export interface Here {
	readonly seat: string;
	readonly session: string;
	readonly place: string;
	readonly since: number;
}

/** Who is at which session of this member's, from what the server says over the socket. */
export class Presence {
	#seats = new Map<string, Held>();
	/** Pages of a snapshot that is not complete. */
	#coming: Map<string, Held> | undefined;
	#complete = false;
	readonly #proven = new Map<string, { of: Seat['knock']; trust: ProvenLevel }>();
	readonly #rows = new Map<string, Waiting>();

	/** Whether everybody who waits is known. */
	get complete(): boolean {
		return this.#complete;
	}

	/** Takes in a message; says whether it changed who is here. */
	hear(message: ServerMessage): boolean {
		if (message.type === 'waiting') return this.#take(message);
		if (message.type === 'seat') {
			const { session, seat } = message;
			for (const seats of [this.#seats, this.#coming]) {
				if (seat.state === 'gone') seats?.delete(seat.seat);
				else seats?.set(seat.seat, { session, seat });
			}
			this.#prune();
			return true;
		}
		if (message.type !== 'ended') return false;
		for (const seats of [this.#seats, this.#coming])
			for (const [id, { session }] of seats ?? [])
				if (session === message.session) seats?.delete(id);
		this.#prune();
		return true;
	}

	// What is shown stays until the last page: nobody vanishes and comes back.
	#take({ sessions, more }: Extract<ServerMessage, { type: 'waiting' }>): boolean {
		this.#coming ??= new Map();
		for (const { session, seats } of sessions)
			for (const seat of seats) this.#coming.set(seat.seat, { session, seat });
		if (more) return false;
		this.#seats = this.#coming;
		this.#coming = undefined;
		this.#complete = true;
		this.#prune();
		return true;
	}

	/** A new connection: its snapshot is on its way. */
	expect(): void {
		this.#coming = undefined;
		this.#complete = false;
	}

	/** Nothing is known any more. */
	clear(): void {
		this.expect();
		this.#seats.clear();
	}

	#prune(): void {
		for (const map of [this.#proven, this.#rows])
			for (const id of map.keys()) if (!this.#seats.has(id)) map.delete(id);
	}

	/** Who waits, who waits longest first. */
	here(): Here[] {
		return [...this.#seats.values()]
			.flatMap(({ session, seat: { seat, place, since, state, present } }) =>
				state === 'waiting' && present && place !== null ? [{ seat, session, place, since }] : [],
			)
			.toSorted((a, b) => a.since - b.since);
	}

	/** What somebody at a seat knocked with. */
	knockAt(seat: string): Seat['knock'] {
		return this.#seats.get(seat)?.seat.knock ?? null;
	}

	/** Places of which somebody is in the call; those alone whose browser is there, if `present`. */
	inCall(present = false): Set<string> {
		const places = new Set<string>();
		for (const { seat } of this.#seats.values())
			if (seat.state === 'in-call' && seat.place !== null && (seat.present || !present))
				places.add(seat.place);
		return places;
	}

	/**
	 * Who waits and was opened, the proven first, then by time. What did not change is the same object as
	 * before.
	 */
	async waiting(
		opened: (here: Here) => { session: Session; place: Place } | undefined,
	): Promise<Waiting[]> {
		const known = this.here().flatMap((here) => {
			const seat = this.#seats.get(here.seat)?.seat;
			const found = opened(here);
			return found && seat ? [{ ...found, seat }] : [];
		});
		const rows = await Promise.all(known.map((one) => this.#row(one)));
		return rows.toSorted((a, b) => b.trust - a.trust || a.since - b.since);
	}

	async #row(row: { session: Session; place: Place; seat: Seat }): Promise<Waiting> {
		const { session, place, seat } = row;
		const trust = await this.#trust(row);
		const known = this.#rows.get(seat.seat);
		const same = known?.place === place && sameShown(known.session, session);
		const { since, knock } = seat;
		if (same && known.since === since && known.trust === trust && sameKnock(known.knock, knock))
			return known;
		const made = { seat: seat.seat, session, place, since, trust, knock };
		this.#rows.set(seat.seat, made);
		return made;
	}

	async #trust({
		session,
		place,
		seat,
	}: {
		session: Session;
		place: Place;
		seat: Seat;
	}): Promise<ProvenLevel> {
		const known = this.#proven.get(seat.seat);
		if (known && sameKnock(known.of, seat.knock)) return known.trust;
		const coded = seat.knock !== null && (await codeConfirmed(place.id, seat.knock.keyPackage));
		const trust = provenLevel({ coded, linked: await isProven({ session, place, seat }) });
		this.#proven.set(seat.seat, { of: seat.knock, trust });
		return trust;
	}
}

/** Read again, a session is another object that says the same. */
const sameShown = (a: Session, b: Session): boolean =>
	a.id === b.id && a.startsAt === b.startsAt && (a.notice === null) === (b.notice === null);

async function isProven(row: { session: Session; place: Place; seat: Seat }) {
	const { session, place, seat } = row;
	const proof = seat.knock?.proof;
	if (!seat.knock || !proof) return false;
	const keyPackage = fromBase64url(seat.knock.keyPackage);
	const claim = { secret: place.secret, session: session.id, place: place.id, keyPackage };
	return verifyLinkProof(claim, fromBase64url(proof));
}
