import { fromBase64url } from '#crypto/bytes.ts';
import { verifyLinkProof } from '#crypto/proof/proof.ts';
import { account } from '#lib/account/account.svelte.ts';
import { config } from '#lib/net/config.ts';
import { socketAddress } from '#lib/net/origin.ts';
import { Socket } from '#lib/net/socket.ts';
import { update } from '#lib/net/update.svelte.ts';
import { startOfDay } from '#lib/ui/dates.ts';
import type { Seat, ServerMessage } from '#protocol/socket.ts';
import type { HostSession, Place } from './session.ts';
import { fetchSessions } from './store.ts';

/** Somebody who waits to be connected: one knock, one row. */
export interface Waiting {
	readonly seat: string;
	readonly session: HostSession;
	readonly place: Place;
	/** Since when. */
	readonly since: number;
	/** 1 when the private link was proven, 0 when not. */
	readonly trust: 0 | 1;
}

const dayMs = 24 * 60 * 60_000;
const halfDayMs = dayMs / 2;

/** What the dashboard shows: today's sessions, and who waits or is in a call of them right now. */
export class Today {
	sessions = $state.raw<readonly HostSession[]>([]);
	waiting = $state.raw<readonly Waiting[]>([]);
	/** Places of which somebody is in the call. */
	inCall = $state.raw<ReadonlySet<string>>(new Set());
	loading = $state(true);
	/** Why the list is missing or incomplete. */
	failure = $state.raw<unknown>();
	/** Whether a relay is configured; `undefined` until the server said. */
	relay = $state<boolean>();
	/** The server cannot say who waits right now. */
	cutOff = $state(false);
	readonly #seats = new Map<string, { session: string; seat: Seat }>();
	#socket: Socket | undefined;
	#round = 0;

	start(): void {
		void this.load();
		this.#socket = new Socket({ address: socketAddress(), token: (fresh) => account.token(fresh) });
		this.#socket.onrefused = (why) => (update.outdated ||= why === 'version');
		this.#socket.onready = (ready) => {
			this.cutOff = !ready;
			if (ready && this.failure) void this.load();
		};
		this.#socket.listen((message) => this.#hear(message));
	}

	stop(): void {
		this.#socket?.close();
	}

	/** Reads the list again. */
	async load(): Promise<void> {
		const now = Date.now();
		const today = startOfDay(now);
		try {
			const [list, { relay }] = await Promise.all([
				// A session of last night may still be open after midnight.
				fetchSessions(Math.min(today, now - halfDayMs), today + dayMs),
				config(),
			]);
			this.sessions = list.sessions.filter(
				({ startsAt, state }) => startsAt >= today || state !== 'ended',
			);
			this.failure = list.failures[0];
			this.relay = relay;
			await this.#rank();
		} catch (error) {
			this.failure = error;
		}
		this.loading = false;
	}

	#hear(message: ServerMessage): void {
		if (message.type === 'waiting') {
			this.#seats.clear();
			for (const { session, seats } of message.sessions)
				for (const seat of seats) this.#seats.set(seat.seat, { session, seat });
		} else if (message.type === 'seat') {
			this.#seats.set(message.seat.seat, message);
		} else if (message.type === 'ended' || message.type === 'changed') {
			return void this.load();
		} else return;
		void this.#rank();
	}

	/** Who waits, the proven first, then by time. */
	async #rank(): Promise<void> {
		const round = ++this.#round;
		const rows = [...this.#seats.values()].flatMap(({ session: id, seat }) => {
			const session = this.sessions.find((one) => one.id === id);
			const place = session?.places.find((one) => one.id === seat.place);
			return session && place ? [{ session, place, seat }] : [];
		});
		const here = rows.filter(({ seat }) => seat.state === 'waiting' && seat.present);
		const ranked = await Promise.all(here.map(waitingOf));
		// A newer message has been heard while the proofs were checked.
		if (round !== this.#round) return;
		this.waiting = ranked.toSorted((a, b) => b.trust - a.trust || a.since - b.since);
		this.inCall = new Set(
			rows.filter(({ seat }) => seat.state === 'in-call').map(({ place }) => place.id),
		);
	}
}

async function waitingOf(row: {
	session: HostSession;
	place: Place;
	seat: Seat;
}): Promise<Waiting> {
	const { session, place, seat } = row;
	const proven = await isProven(row);
	return { seat: seat.seat, session, place, since: seat.since, trust: proven ? 1 : 0 };
}

async function isProven({ session, place, seat }: Parameters<typeof waitingOf>[0]) {
	const proof = seat.knock?.proof;
	if (!seat.knock || !proof) return false;
	const keyPackage = fromBase64url(seat.knock.keyPackage);
	const claim = { secret: place.secret, session: session.id, place: place.id, keyPackage };
	return verifyLinkProof(claim, fromBase64url(proof));
}
