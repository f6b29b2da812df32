import { config } from '#lib/net/config.ts';
import { startOfDay } from '#lib/ui/dates.ts';
import type { Session } from '#protocol/sessions.ts';
import { fetchRoll } from './roll.ts';
import { same } from './same.ts';
import type { HostSession } from './session.ts';
import { type Looker, type Watch, breath } from './watch.svelte.ts';
import { rowsAtOnce, windowOf } from './whereabouts.ts';

const dayMs = 24 * 60 * 60_000;
const halfDayMs = dayMs / 2;
const tickMs = 10_000;
/** A tick that comes so late was slept through, or the clock was set. */
const sleptMs = 60_000;
/** Changes that come close together are read once. */
const gatherMs = 100;
/** Work between two looks of the browser at what its user does. */
const sliceMs = 30;

/** One session of the day. */
export interface DayRow {
	readonly session: HostSession;
	/** Somebody was connected in it. */
	readonly begun: boolean;
}

/** What the dashboard shows: today's sessions, and who waits or is in a call of them right now. */
export class Today implements Looker {
	/** The rows that are shown; the day may have more before and after them. */
	rows = $state.raw<readonly DayRow[]>([]);
	loading = $state(true);
	/** Why the list is missing or incomplete. */
	failure = $state.raw<unknown>();
	/** Whether a relay is configured; `undefined` until the server said. */
	relay = $state<boolean>();
	now = $state(Date.now());
	/** Called about once a minute and after every change of the list. */
	onlook: () => void = () => {};
	readonly watch: Watch;
	/** Since when somebody waits, by place. */
	readonly since = $derived.by(() => {
		const latestFirst = this.watch.here.toReversed();
		return new Map(latestFirst.map(({ place, since }) => [place, since]));
	});
	#roll = $state.raw<readonly Session[]>([]);
	#byId: ReadonlyMap<string, Session> = new Map();
	#window = $state.raw({ from: 0, to: 0 });
	readonly earlier = $derived(this.#window.from);
	readonly later = $derived(this.#roll.length - this.#window.to);
	#day = 0;
	#loads = 0;
	#opening = false;
	#again = false;
	#stop: () => void = () => {};
	#timers: { gather?: number; tick?: number } = {};

	constructor(watch: Watch) {
		this.watch = watch;
	}

	start(): void {
		this.#stop = this.watch.start(this);
		void this.load();
		this.#timers.tick = window.setInterval(this.#tick, tickMs);
		for (const event of ['visibilitychange', 'resume'])
			document.addEventListener(event, this.#tick);
	}

	stop(): void {
		this.#stop();
		clearInterval(this.#timers.tick);
		clearTimeout(this.#timers.gather);
		for (const event of ['visibilitychange', 'resume'])
			document.removeEventListener(event, this.#tick);
	}

	/** Its list is not on its way any more. */
	get loaded(): boolean {
		return !this.loading;
	}

	known(id: string): Session | undefined {
		return this.#byId.get(id);
	}

	outdated(): void {
		this.#timers.gather ??= window.setTimeout(() => {
			delete this.#timers.gather;
			void this.load();
		}, gatherMs);
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
			this.loading = false;
			// Who waits is named before the rest of the day is read.
			await this.watch.settle();
			await this.#open();
		} catch (error) {
			if (load !== this.#loads) return;
			this.failure = error;
			this.loading = false;
		}
		this.onlook();
	};

	/** Shows more of the rows before those that are shown. */
	readonly showEarlier = (): void => {
		const { from, to } = this.#window;
		this.#window = { from: Math.max(0, from - rowsAtOnce), to };
		void this.#open();
	};

	readonly showLater = (): void => {
		const { from, to } = this.#window;
		this.#window = { from, to: Math.min(this.#roll.length, to + rowsAtOnce) };
		void this.#open();
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
		this.#byId = new Map(roll.map((row) => [row.id, row]));
		this.#day = today;
		this.watch.opener.keep(new Set([...this.#byId.keys(), ...this.watch.sessions]));
	}

	readonly #tick = (): void => {
		const now = Date.now();
		const passed = now - this.now;
		const minute = Math.floor(now / 60_000) !== Math.floor(this.now / 60_000);
		this.now = now;
		const jumped = passed > sleptMs || passed < -tickMs;
		if (jumped) this.watch.reconnect();
		if (jumped || (this.#day > 0 && startOfDay(now) !== this.#day)) void this.load();
		else if (minute) this.onlook();
	};

	/** Opens the rows that are to be shown, and shows each as soon as it is opened. */
	async #open(): Promise<void> {
		this.#again = true;
		if (this.#opening) return;
		this.#opening = true;
		try {
			while (this.#again) {
				this.#again = false;
				await this.#openShown();
			}
			this.failure ??= this.watch.opener.failure;
		} finally {
			this.#opening = false;
		}
	}

	async #openShown(): Promise<void> {
		const shown = this.#roll.slice(this.#window.from, this.#window.to);
		let started = performance.now();
		for (const row of shown) {
			await this.watch.opener.open(row);
			if (performance.now() - started < sliceMs) continue;
			this.#show(shown);
			await breath();
			started = performance.now();
		}
		this.#show(shown);
	}

	#show(shown: readonly Session[]): void {
		const before = new Map(this.rows.map((row) => [row.session, row]));
		const rows = shown.flatMap(({ id, generation }) => {
			const session = this.watch.opener.peek(id);
			if (!session) return [];
			const begun = generation > 0;
			const row = before.get(session);
			return row?.begun === begun ? [row] : [{ session, begun }];
		});
		if (!same(rows, this.rows)) this.rows = rows;
	}
}
