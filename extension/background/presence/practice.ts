import type { Arrival, PresenceDay } from '#protocol/presence.ts';
import type { ServerMessage } from '#protocol/socket.ts';
import type { Pairing } from '../../pairing/store.ts';
import type { PracticeView, SessionView, WaitingView } from '../../shared/state.ts';
import { updatePractice, updateState, withLink } from '../state.ts';
import { latest } from '../turns.ts';
import type { Arrived } from './arrivals.ts';
import { fetchDay, today } from './day.ts';
import { historyChanged } from './history.ts';
import { Link, type LinkState } from './link.ts';
import { Names } from './names.ts';
import { forget, see } from './notify.ts';
import { sayUnsaid } from './notnow.ts';
import { RequestError } from './server.ts';
import { Tokens } from './tokens.ts';
import { Sights } from './sights.ts';
import { type Waits, WaitingRoom } from './waitingroom.ts';
import type { Occasion } from './words.ts';

/** Changes that come close together are read once. */
const gatherMs = 150;
/** So long the first look waits for the day: without it neither the time of the session nor a name is known. */
const dayMs = 1500;

/** As many as a server of ours lets wait at sessions of a day, and more. */
const dismissedMax = 1024;

const noDay: PresenceDay = { now: 0, sessions: [], recordings: [], dismissed: [] };
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const keyOf = ({ session, seat, since }: Omit<Waits, 'place'>): string =>
	`${session} ${seat} ${since}`;

/** One practice in the service worker: its connection, who waits there, and what is shown of it. */
export class Practice {
	readonly #paired: Pairing;
	readonly #tokens: Tokens;
	readonly #link: Link;
	readonly #names: Names;
	readonly #look = latest(() => this.#lookNow());
	readonly #read = latest(() => this.#readNow());
	readonly #say = latest(() => this.#sayNow());
	#room = new WaitingRoom();
	/** Whether the room was not looked at since the connection is there. */
	#fresh = true;
	#dismissed = new Set<string>();
	#day = noDay;
	#date = '';
	/** The server's clock less this machine's, when it last said its time. */
	#aheadMs = 0;
	readonly #sights: Sights;
	/** Nothing is shown any more: it was removed, or the practice removed this browser. */
	#over = false;
	#gathering: ReturnType<typeof setTimeout> | undefined;
	/** Resolved when the day was asked for once, whatever came of it. */
	readonly #asked = Promise.withResolvers<void>();

	constructor(paired: Pairing) {
		this.#paired = paired;
		this.#names = new Names(paired);
		this.#sights = new Sights(paired.practice);
		this.#tokens = new Tokens(paired);
		this.#link = new Link({
			origin: paired.origin,
			tokens: this.#tokens,
			onstate: (link) => void this.#became(link),
			onmessage: (message) => this.#hear(message),
		});
	}

	/** Whether it is connected with the keys of this pairing. */
	isOf({ device }: Pairing): boolean {
		return device === this.#paired.device;
	}

	/** Whether a member of a server is told by it of whoever arrives. */
	tells({ origin, member }: { origin: string; member: string }): boolean {
		const paired = this.#paired;
		return this.link === 'connected' && paired.origin === origin && paired.member === member;
	}

	/** Where its server is. */
	get origin(): string {
		return this.#paired.origin;
	}

	/** What became of its connection. */
	get link(): LinkState {
		return this.#link.state;
	}

	/** Called at every chance: the connection lives, what is due is shown, and the day is today. */
	check(): void {
		this.#link.check();
		if (this.#link.state !== 'connected') return;
		if (this.#room.complete) void this.#look();
		if (this.#date !== today(Date.now()).date) this.#gather();
	}

	hurry(): void {
		this.#link.hurry();
	}

	close(): void {
		this.#over = true;
		clearTimeout(this.#gathering);
		this.#link.close();
	}

	/** "Not now": here at once, elsewhere as soon as the server hears it. */
	async dismiss(arrivals: readonly Arrived[]): Promise<void> {
		this.#dismiss(arrivals);
		void this.#look();
		if (this.#link.state === 'connected') await this.#say();
	}

	/** Who waits for a session, or for any, who waits longest first. */
	waiting(session?: string): (Arrived & Pick<Waits, 'place'>)[] {
		const { practice } = this.#paired;
		return this.#room
			.waiting()
			.filter((one) => session === undefined || one.session === session)
			.map((one) => ({ practice, ...one }));
	}

	async #became(link: LinkState): Promise<void> {
		const { practice } = this.#paired;
		if (link === 'revoked') this.#over = true;
		await updateState((state) => withLink(state, practice, link));
		if (link !== 'revoked') return;
		// Nobody may be shown any more, and nobody can be heard of.
		await forget(practice);
		await this.#show({ hostInCall: false, sessions: [], waiting: [], recordings: [] });
	}

	#hear(message: ServerMessage): void {
		if (message.type === 'ready') {
			this.#aheadMs = message.now - Date.now();
			this.#room = new WaitingRoom(this.#room);
			this.#fresh = true;
			this.#dismissed = new Set();
			this.#gather();
			void this.#say();
			void this.#watchHistory();
		}
		if (message.type === 'dismissed') this.#dismiss(message.arrivals);
		const changed = message.type === 'changed' && message.what !== 'post';
		if (changed || message.type === 'ended') this.#gather();
		const moved = this.#room.hear(message) || message.type === 'dismissed';
		if (moved && this.#room.complete) void this.#look();
	}

	async #watchHistory(): Promise<void> {
		const { practice, origin } = this.#paired;
		const token = (): Promise<string> => this.#tokens.get();
		const changed = await historyChanged({ practice, origin, token });
		if (changed !== undefined) await updatePractice(practice, { historyChanged: changed });
	}

	#dismiss(arrivals: readonly Arrival[]): void {
		for (const one of arrivals) {
			// What was said last stands last.
			this.#dismissed.delete(keyOf(one));
			this.#dismissed.add(keyOf(one));
		}
		for (const key of [...this.#dismissed].slice(0, -dismissedMax)) this.#dismissed.delete(key);
	}

	async #sayNow(): Promise<void> {
		const { origin, practice } = this.#paired;
		await sayUnsaid({ origin, practice, token: () => this.#tokens.get() });
	}

	#gather(): void {
		this.#gathering ??= setTimeout(() => {
			this.#gathering = undefined;
			void this.#read();
		}, gatherMs);
	}

	async #readNow(): Promise<void> {
		const now = Date.now();
		try {
			const day = await fetchDay(this.#paired.origin, await this.#tokens.get(), now);
			await this.#names.read(day.sessions);
			this.#day = day;
			this.#date = today(now).date;
		} catch (error) {
			if (!(error instanceof RequestError)) throw error;
			// Asked for again after the next change, or the next connection.
			if (error.code === 'token') this.#tokens.drop();
			return;
		} finally {
			this.#asked.resolve();
		}
		void this.#look();
	}

	async #lookNow(): Promise<void> {
		await Promise.race([this.#asked.promise, after(dayMs)]);
		if (this.#over || !this.#room.complete) return;
		const room = this.#room;
		const waiting = room.waiting().map((one) => ({ key: keyOf(one), since: one.since }));
		const fresh = this.#fresh;
		await this.#sights.learn(waiting, { fresh, aheadMs: this.#aheadMs });
		// The room may be another by now, which has its own look.
		if (this.#over || room !== this.#room) return;
		this.#fresh = false;
		await see({
			practice: this.#paired.practice,
			waiting: this.waiting(),
			whereabouts: (one) => room.whereabouts(one),
			isDismissed: (one) => this.#dismissed.has(keyOf(one)),
			occasion: (one) => this.#occasion(one),
			fresh,
			inCall: room.hostInCall,
		});
		if (!this.#over) await this.#show(this.#view());
	}

	#nameOf({
		session,
		place,
	}: Pick<Waits, 'session' | 'place'>): Pick<WaitingView, 'name' | 'check'> {
		const { check, people } = this.#names.of(session);
		return { name: people.get(place) ?? null, check };
	}

	#occasion(arrived: Arrived): Occasion {
		const waits = this.#room.waiting().find((one) => keyOf(one) === keyOf(arrived));
		const session = this.#day.sessions.find(({ id }) => id === arrived.session);
		return {
			since: this.#sights.of(keyOf(arrived)) ?? Date.now(),
			startsAt: session?.startsAt,
			...(waits ? this.#nameOf(waits) : { name: null, check: 'missing' }),
		};
	}

	#view(): Partial<PracticeView> {
		const { recordings } = this.#day;
		return {
			hostInCall: this.#room.hostInCall,
			sessions: this.#day.sessions.map((one) => this.#sessionView(one)),
			waiting: this.#room.waiting().map((one) => this.#waitingView(one)),
			recordings: recordings.map(({ id, session, recording, startedAt, bytes }) => ({
				id,
				session,
				recording,
				startedAt,
				bytes,
			})),
		};
	}

	#sessionView(session: PresenceDay['sessions'][number]): SessionView {
		const { id, startsAt, minutes, recorded, ended } = session;
		const { check, title, people } = this.#names.of(id);
		const inCall = this.#room.inCall(id);
		return {
			id,
			startsAt,
			minutes,
			recorded,
			ended,
			title,
			people: [...people.values()],
			check,
			inCall,
		};
	}

	#waitingView(waits: Waits): WaitingView {
		const { session, seat, since } = waits;
		const asOf = Date.now();
		return {
			session,
			seat,
			since,
			waitedMs: asOf - (this.#sights.of(keyOf(waits)) ?? asOf),
			asOf,
			...this.#nameOf(waits),
			dismissed: this.#dismissed.has(keyOf(waits)),
		};
	}

	#show(part: Partial<PracticeView>): Promise<void> {
		return updatePractice(this.#paired.practice, part);
	}
}
