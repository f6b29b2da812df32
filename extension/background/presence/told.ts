import type { Choices } from '../../shared/state.ts';

/** A notification about one arrival, as far as it got. */
export interface Told {
	/** `telling`: it was about to be shown; whether it was, the browser knows. */
	readonly state: 'telling' | 'told';
	/** When it was shown last, on this machine's clock. */
	readonly at: number;
	/** How often it was shown again. */
	readonly repeats: number;
	/** Whether "Not now" was said to it. */
	readonly dismissed: boolean;
	/** Since when she is not to be seen; null while she is. */
	readonly awayAt: number | null;
	/** She left and was back: she is shown once more, but not each time. */
	readonly left?: boolean | undefined;
	/** Her place, as the notification named her: a click on it is for her alone. */
	readonly place?: string | undefined;
}

/** What is known of one arrival of a practice, by the id of its notification. */
export interface Seen {
	readonly id: string;
	readonly is: 'waiting' | 'absent' | 'over';
	readonly dismissed: boolean;
}

export interface Sight {
	/** Everybody who waits, and all who were told of at this practice. */
	readonly seen: readonly Seen[];
	/** Notifications that the browser shows. */
	readonly shown: ReadonlySet<string>;
	readonly now: number;
	/** Whether the connection is new: absence is counted from here, for nobody looked before. */
	readonly fresh: boolean;
	readonly quiet: boolean;
	readonly choices: Pick<Choices, 'repeatMinutes' | 'escalateAfter'>;
}

export interface Showing {
	readonly id: string;
	/** Shown before, and nobody handled it. */
	readonly again: boolean;
	/** Repeated so often that it becomes louder. */
	readonly loud: boolean;
}

export interface Outcome {
	/** What is remembered from now on, of the arrivals that were given. */
	readonly told: ReadonlyMap<string, Told>;
	readonly show: readonly Showing[];
	readonly clear: readonly string[];
}

/** Whoever was away for longer arrives again; a reload, a cut line or a server's restart is no news. */
export const awayMs = 60_000;
const minuteMs = 60_000;

/** Whether somebody's notification is due once more. */
function isDue(told: Told, { now, choices }: Sight): boolean {
	const { repeatMinutes } = choices;
	return repeatMinutes > 0 && now - told.at >= repeatMinutes * minuteMs;
}

function again(told: Told, { choices, now }: Sight): { told: Told; loud: boolean } {
	const repeats = told.repeats + 1;
	const { escalateAfter } = choices;
	return {
		told: { ...told, state: 'telling', at: now, repeats },
		loud: escalateAfter > 0 && repeats >= escalateAfter,
	};
}

const first = (now: number): Told => ({
	state: 'telling',
	at: now,
	repeats: 0,
	dismissed: false,
	awayAt: null,
});

/**
 * What is to be shown and taken away, from what was told before and what is seen now: every arrival once,
 * whatever happens to the worker, the connection or the server in between. Pure.
 */
export function reconcile(before: ReadonlyMap<string, Told>, sight: Sight): Outcome {
	const told = new Map<string, Told>();
	const show: Showing[] = [];
	const clear: string[] = [];
	const { shown, now } = sight;
	for (const { id, is, dismissed } of sight.seen) {
		const known = before.get(id);
		if (is === 'over') {
			if (shown.has(id)) clear.push(id);
			// Whoever left may come back as the same arrival, and is not told of anew each time.
			const awayAt = known?.awayAt ?? now;
			if (known && now - awayAt < awayMs)
				told.set(id, { ...known, state: 'told', awayAt, left: true });
		} else if (is === 'absent') {
			if (!known) continue;
			const awayAt = sight.fresh ? now : (known.awayAt ?? now);
			if (now - awayAt < awayMs) told.set(id, { ...known, awayAt });
			else if (shown.has(id)) clear.push(id);
		} else if (dismissed || known?.dismissed) {
			told.set(id, { ...(known ?? first(now)), state: 'told', dismissed: true, awayAt: null });
			if (shown.has(id)) clear.push(id);
		} else if (!known) {
			// Whoever comes in quiet hours is told of when they end.
			if (sight.quiet) continue;
			const isShown = shown.has(id);
			told.set(id, isShown ? { ...first(now), state: 'told' } : first(now));
			if (!isShown) show.push({ id, again: false, loud: false });
		} else if (known.state === 'telling' && !shown.has(id)) {
			// The worker ended between the thought and the deed.
			told.set(id, { ...known, awayAt: null });
			show.push({ id, again: known.repeats > 0, loud: false });
		} else if (known.left && !sight.quiet) {
			const isSoon = now - known.at < awayMs;
			told.set(id, isSoon ? { ...known, awayAt: null } : { ...first(now), repeats: known.repeats });
			if (!isSoon) show.push({ id, again: true, loud: false });
		} else if (!sight.quiet && isDue(known, sight)) {
			const next = again({ ...known, awayAt: null }, sight);
			told.set(id, next.told);
			show.push({ id, again: true, loud: next.loud });
		} else {
			told.set(id, { ...known, state: 'told', awayAt: null });
		}
	}
	return { told, show, clear };
}
