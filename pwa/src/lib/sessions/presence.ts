import { fromBase64url } from '#crypto/bytes.ts';
import { verifyLinkProof } from '#crypto/proof/proof.ts';
import type { ProvenLevel } from '#lib/call/view.ts';
import { codeConfirmed } from '#lib/code/codes.svelte.ts';
import type { Seat, ServerMessage } from '#protocol/socket.ts';
import type { HostSession, Place } from './session.ts';

/** Somebody who waits to be connected: one knock, one row. */
export interface Waiting {
	readonly seat: string;
	readonly session: HostSession;
	readonly place: Place;
	/** Since when. */
	readonly since: number;
	/** 2 when the access code was proven, 1 when the private link was, 0 when nothing was. */
	readonly trust: ProvenLevel;
}

interface Held {
	readonly session: string;
	readonly seat: Seat;
}

/** Who is at which session of this member's, from what the server says over the socket. */
export class Presence {
	readonly #seats = new Map<string, Held>();
	readonly #proven = new Map<string, { of: Seat['knock']; trust: ProvenLevel }>();
	readonly #rows = new Map<string, Waiting>();

	/** Takes in a message; says whether it was about presence. */
	hear(message: ServerMessage): boolean {
		if (message.type === 'waiting') {
			this.clear();
			for (const { session, seats } of message.sessions)
				for (const seat of seats) this.#seats.set(seat.seat, { session, seat });
		} else if (message.type === 'seat') {
			const { session, seat } = message;
			if (seat.state === 'gone') this.#forget(seat.seat);
			else this.#seats.set(seat.seat, { session, seat });
		} else if (message.type === 'ended') {
			for (const [id, { session }] of this.#seats)
				if (session === message.session) this.#forget(id);
			return false;
		} else return false;
		return true;
	}

	/** Nothing is known any more. */
	clear(): void {
		this.#seats.clear();
	}

	#forget(seat: string): void {
		this.#seats.delete(seat);
		this.#proven.delete(seat);
		this.#rows.delete(seat);
	}

	/** Sessions somebody is at. */
	sessions(): Set<string> {
		return new Set([...this.#seats.values()].map(({ session }) => session));
	}

	/** Sessions somebody waits for, who waits longest first. */
	waited(): string[] {
		const here = [...this.#seats.values()].filter(isHere);
		return [
			...new Set(here.toSorted((a, b) => a.seat.since - b.seat.since).map((one) => one.session)),
		];
	}

	/** Places of which somebody is in the call. */
	inCall(): Set<string> {
		const places = new Set<string>();
		for (const { seat } of this.#seats.values())
			if (seat.state === 'in-call' && seat.place !== null) places.add(seat.place);
		return places;
	}

	/** Who waits, the proven first, then by time. What did not change is the same object as before. */
	async waiting(session: (id: string) => HostSession | undefined): Promise<Waiting[]> {
		const here = [...this.#seats.values()].filter(isHere).flatMap(({ session: id, seat }) => {
			const opened = session(id);
			const place = opened?.places.find((one) => one.id === seat.place);
			return opened && place ? [{ session: opened, place, seat }] : [];
		});
		const rows = await Promise.all(here.map((one) => this.#row(one)));
		return rows.toSorted((a, b) => b.trust - a.trust || a.since - b.since);
	}

	async #row(row: { session: HostSession; place: Place; seat: Seat }): Promise<Waiting> {
		const { session, place, seat } = row;
		const trust = await this.#trust(row);
		const known = this.#rows.get(seat.seat);
		if (known?.session === session && known.since === seat.since && known.trust === trust)
			return known;
		const made = { seat: seat.seat, session, place, since: seat.since, trust };
		this.#rows.set(seat.seat, made);
		return made;
	}

	async #trust({
		session,
		place,
		seat,
	}: {
		session: HostSession;
		place: Place;
		seat: Seat;
	}): Promise<ProvenLevel> {
		const known = this.#proven.get(seat.seat);
		if (known && sameKnock(known.of, seat.knock)) return known.trust;
		const coded = seat.knock && (await codeConfirmed(place.id, seat.knock.keyPackage));
		const trust = coded ? 2 : (await isProven({ session, place, seat })) ? 1 : 0;
		this.#proven.set(seat.seat, { of: seat.knock, trust });
		return trust;
	}
}

const isHere = ({ seat }: Held): boolean => seat.state === 'waiting' && seat.present;

const sameKnock = (a: Seat['knock'], b: Seat['knock']): boolean =>
	a?.keyPackage === b?.keyPackage && a?.proof === b?.proof;

async function isProven(row: { session: HostSession; place: Place; seat: Seat }) {
	const { session, place, seat } = row;
	const proof = seat.knock?.proof;
	if (!seat.knock || !proof) return false;
	const keyPackage = fromBase64url(seat.knock.keyPackage);
	const claim = { secret: place.secret, session: session.id, place: place.id, keyPackage };
	return verifyLinkProof(claim, fromBase64url(proof));
}
