import { account } from '#lib/account/account.svelte.ts';
import { config } from '#lib/net/config.ts';
import { isApiError } from '#lib/net/errors.ts';
import { socketAddress } from '#lib/net/origin.ts';
import { Socket } from '#lib/net/socket.ts';
import { update } from '#lib/net/update.svelte.ts';
import { startOfDay } from '#lib/ui/dates.ts';
import type { Session } from '#protocol/sessions.ts';
import type { ServerMessage } from '#protocol/socket.ts';
import { Arrivals } from './arrivals.svelte.ts';
import { Presence, type Waiting } from './presence.ts';
import { Opener, fetchOne, fetchRoll } from './roll.ts';
import type { HostSession } from './session.ts';
import { rowsAtOnce, windowOf } from './whereabouts.ts';

const dayMs = 24 * 60 * 60_000;
const halfDayMs = dayMs / 2;
const tickMs = 10_000;
/** A tick that comes so late was slept through. */
const sleptMs = 60_000;
/** Changes that come close together are read once. */
const gatherMs = 100;
/** A connection that is back within this time is not worth a word. */
const blinkMs = 2_000;
/** Sessions opened between two looks of the browser at what its user does. */
const openedAtOnce = 10;

/** One session of the day. */
export interface DayRow {
	readonly session: HostSession;
	/** Somebody was connected in it. */
	readonly begun: boolean;
}

/** What the dashboard shows: today's sessions, and who waits or is in a call of them right now. */
export class Today {
	/** The rows that are shown; the day may have more before and after them. */
	rows = $state.raw<readonly DayRow[]>([]);
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
	now = $state(Date.now());
	/** Since when somebody waits, by place. */
	readonly since = $derived(new Map(this.waiting.map(({ place, since }) => [place.id, since])));
	readonly arrivals = new Arrivals();
	/** Called about once a minute and after every change of the list. */
	onlook: () => void = () => {};
	#roll = $state.raw<readonly Session[]>([]);
	#window = $state.raw({ from: 0, to: 0 });
	readonly earlier = $derived(this.#window.from);
	readonly later = $derived(this.#roll.length - this.#window.to);
	/** Sessions of other days that somebody is at. */
	readonly #others = new Map<string, Session>();
	readonly #opener = new Opener();
	readonly #presence = new Presence();
	#socket: Socket | undefined;
	#day = 0;
	#linked = false;
	#reload = false;
	#loads = 0;
	#settling = false;
	#again = false;
	#timers: { gather?: number; blink?: number; tick?: number } = {};

	start(): void {
		void this.load();
		this.#connect();
		this.#timers.tick = window.setInterval(this.#tick, tickMs);
		document.addEventListener('visibilitychange', this.#tick);
	}

	stop(): void {
		this.#socket?.close();
		clearInterval(this.#timers.tick);
		clearTimeout(this.#timers.gather);
		clearTimeout(this.#timers.blink);
		document.removeEventListener('visibilitychange', this.#tick);
		this.arrivals.stop();
	}

	/** Reads the list again. */
	readonly load = async (): Promise<void> => {
		const load = ++this.#loads;
		const now = Date.now();
		const today = startOfDay(now);
		try {
			const [roll, { relay }] = await Promise.all([
				// A session of last night may still be open after midnight.
				fetchRoll(Math.min(today, now - halfDayMs), today + dayMs - 1),
				config(),
			]);
			if (load !== this.#loads) return;
			this.#take(
				roll.filter(
					({ startsAt, state, cancelled }) =>
						!cancelled && (startsAt >= today || state !== 'ended'),
				),
				today,
			);
			this.relay = relay;
			this.failure = undefined;
			await this.#settle();
		} catch (error) {
			if (load !== this.#loads) return;
			this.failure = error;
		}
		this.loading = false;
		this.onlook();
	};

	/** Shows more of the rows before those that are shown. */
	readonly showEarlier = (): void => {
		const { from, to } = this.#window;
		this.#window = { from: Math.max(0, from - rowsAtOnce), to };
		void this.#settle();
	};

	readonly showLater = (): void => {
		const { from, to } = this.#window;
		this.#window = { from, to: Math.min(this.#roll.length, to + rowsAtOnce) };
		void this.#settle();
	};

	#take(roll: readonly Session[], today: number): void {
		const { from, to } = this.#window;
		// What somebody is reading stays where it is, also when a session is added.
		const shown = new Set(this.#roll.slice(from, to).map(({ id }) => id));
		const first = roll.findIndex(({ id }) => shown.has(id));
		const last = roll.findLastIndex(({ id }) => shown.has(id));
		const fresh = this.#day !== today || first < 0 || roll.length <= rowsAtOnce;
		this.#window = fresh ? windowOf(roll, Date.now()) : { from: first, to: last + 1 };
		this.#roll = roll;
		this.#day = today;
		this.#opener.keep(new Set([...roll.map(({ id }) => id), ...this.#others.keys()]));
	}

	#connect(): void {
		this.#socket?.close();
		const socket = new Socket({
			address: socketAddress(),
			token: (fresh) => account.token(fresh),
		});
		this.#socket = socket;
		socket.onrefused = (why) => (update.outdated ||= why === 'version');
		socket.onready = (ready) => socket === this.#socket && this.#ready(ready);
		socket.listen((message) => socket === this.#socket && this.#hear(message));
	}

	#ready(ready: boolean): void {
		clearTimeout(this.#timers.blink);
		if (!ready) {
			this.#timers.blink = window.setTimeout(() => {
				this.cutOff = true;
				// Connect must not be offered for somebody who may have gone.
				this.#presence.clear();
				void this.#settle();
			}, blinkMs);
			return;
		}
		const again = this.#linked || this.failure !== undefined;
		this.#linked = true;
		this.cutOff = false;
		// What changed in the meantime was told to nobody here.
		if (again) void this.load();
	}

	readonly #tick = (): void => {
		const now = Date.now();
		const slept = now - this.now > sleptMs;
		const minute = Math.floor(now / 60_000) !== Math.floor(this.now / 60_000);
		this.now = now;
		// After a sleep the old connection looks open for a while, and shows who waited then.
		if (slept) this.#connect();
		if (slept || (this.#day > 0 && startOfDay(now) !== this.#day)) void this.load();
		else if (minute) this.onlook();
	};

	#hear(message: ServerMessage): void {
		if (this.#presence.hear(message)) this.#gather(false);
		else if (
			message.type === 'ended' ||
			(message.type === 'changed' && message.what === 'sessions')
		)
			this.#gather(true);
	}

	#gather(reload: boolean): void {
		this.#reload ||= reload;
		this.#timers.gather ??= window.setTimeout(() => {
			delete this.#timers.gather;
			if (this.#reload) void this.load();
			else void this.#settle();
			this.#reload = false;
		}, gatherMs);
	}

	/** Opens what is to be shown, and shows it as it is opened. */
	async #settle(): Promise<void> {
		this.#again = true;
		if (this.#settling) return;
		this.#settling = true;
		try {
			while (this.#again) {
				this.#again = false;
				await this.#openWaited();
				await this.#openShown();
			}
			this.failure ??= this.#opener.failure;
		} finally {
			this.#settling = false;
		}
	}

	async #openWaited(): Promise<void> {
		const known = new Map(this.#roll.map((row) => [row.id, row]));
		const ids = this.#presence.waited();
		for (const id of this.#others.keys()) if (!ids.includes(id)) this.#others.delete(id);
		for (let at = 0; at < ids.length; at += openedAtOnce) {
			await Promise.all(
				ids.slice(at, at + openedAtOnce).map(async (id) => {
					const row = known.get(id) ?? (await this.#other(id));
					if (row) await this.#opener.open(row);
				}),
			);
			await this.#rank();
			await breath();
		}
		await this.#rank();
		// Before the first list and the first snapshot nobody can be called new.
		if (this.#day > 0 && !this.cutOff) this.arrivals.see(this.waiting);
	}

	async #other(id: string): Promise<Session | undefined> {
		// Its list is on its way.
		if (this.#day === 0) return undefined;
		const known = this.#others.get(id);
		if (known) return known;
		try {
			const row = await fetchOne(id);
			this.#others.set(id, row);
			return row;
		} catch (error) {
			if (!isApiError(error, 'not-found')) this.failure ??= error;
			return undefined;
		}
	}

	async #rank(): Promise<void> {
		const waiting = await this.#presence.waiting((id) => this.#opener.peek(id));
		if (!same(waiting, this.waiting)) this.waiting = waiting;
		const inCall = this.#presence.inCall();
		if (!same([...inCall], [...this.inCall])) this.inCall = inCall;
	}

	async #openShown(): Promise<void> {
		const shown = this.#roll.slice(this.#window.from, this.#window.to);
		for (let at = 0; at < shown.length; at += openedAtOnce) {
			await Promise.all(shown.slice(at, at + openedAtOnce).map((row) => this.#opener.open(row)));
			if (at + openedAtOnce < shown.length) await breath();
		}
		const before = new Map(this.rows.map((row) => [row.session, row]));
		this.rows = shown.flatMap(({ id, generation }) => {
			const session = this.#opener.peek(id);
			if (!session) return [];
			const begun = generation > 0;
			const row = before.get(session);
			return row?.begun === begun ? [row] : [{ session, begun }];
		});
	}
}

const same = <T>(a: readonly T[], b: readonly T[]): boolean =>
	a.length === b.length && a.every((one, at) => one === b[at]);

/** Lets the browser paint and answer its user. */
const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
