import type { HostSession } from '#lib/sessions/session.ts';
import { fetchSchedule } from '#lib/sessions/store.ts';
import { addDays, dateOf, momentOf, overlaps, viewerZone, weekOf } from '#lib/time.ts';
import type { Session } from '#protocol/sessions.ts';
import { colleagueNames } from './colleagues.svelte.ts';

/** One column. */
export interface Day {
	/** "2026-11-25" */
	readonly date: string;
	readonly sessions: readonly HostSession[];
	/** Those that cannot be opened with the keys of this member. */
	readonly unopened: readonly Session[];
}

const start = (date: string): number => momentOf({ date, time: '00:00' }, viewerZone());

/** What the schedule shows: the days of a week or a single one, by the viewer's clock. */
export class Schedule {
	view = $state<'day' | 'week'>('week');
	/** The date that was chosen; of a week any one in it. */
	date = $state(dateOf(Date.now(), viewerZone()));
	loading = $state(true);
	failure = $state.raw<unknown>();
	#unopened = $state.raw<readonly Session[]>([]);
	#sessions = $state.raw<readonly HostSession[]>([]);
	#round = 0;

	readonly dates = $derived(this.view === 'week' ? weekOf(this.date) : [this.date]);
	readonly days: readonly Day[] = $derived(
		this.dates.map((date) => ({
			date,
			sessions: this.#sessions.filter(({ startsAt }) => dateOf(startsAt, viewerZone()) === date),
			unopened: this.#unopened.filter(({ startsAt }) => dateOf(startsAt, viewerZone()) === date),
		})),
	);
	/** For each session those of the same host that it overlaps. */
	readonly clashes = $derived.by(() => {
		const found = new Map<HostSession, readonly HostSession[]>();
		const planned = this.#sessions.filter(({ state }) => state !== 'ended');
		for (const [session, others] of overlaps(planned)) {
			const own = others.filter(({ host }) => host === session.host);
			if (own.length > 0) found.set(session, own);
		}
		return found;
	});

	/** Whether some cannot be opened. */
	readonly incomplete = $derived(this.#unopened.length > 0);

	/** Whether the viewer's today is shown. */
	readonly today = $derived(this.dates.includes(dateOf(Date.now(), viewerZone())));

	/** Days or weeks forward or back. */
	move(steps: number): void {
		this.date = addDays(this.date, steps * (this.view === 'week' ? 7 : 1));
	}

	goToday(): void {
		this.date = dateOf(Date.now(), viewerZone());
	}

	/** Reads what is shown, again where it has been read. */
	async load(): Promise<void> {
		const round = ++this.#round;
		const [first, last] = [this.dates[0] ?? this.date, this.dates.at(-1) ?? this.date];
		this.loading = true;
		try {
			const [list] = await Promise.all([
				fetchSchedule(start(first), start(addDays(last, 1)) - 1),
				colleagueNames.load(),
			]);
			if (round !== this.#round) return;
			this.#sessions = list.sessions.filter(({ cancelled }) => !cancelled);
			this.#unopened = list.unopened.filter(({ cancelled }) => !cancelled);
			this.failure = undefined;
		} catch (error) {
			if (round !== this.#round) return;
			this.failure = error;
		}
		this.loading = false;
	}
}
