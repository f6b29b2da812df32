import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrivedOf, idOf } from '../../../extension/background/presence/arrivals.ts';
import { isQuiet } from '../../../extension/background/presence/quiet.ts';
import {
	type Outcome,
	type Seen,
	type Sight,
	type Told,
	awayMs,
	reconcile,
} from '../../../extension/background/presence/told.ts';

const choices = { repeatMinutes: 5, escalateAfter: 2 };
const minute = 60_000;

/** The browser as far as it shows notifications, and a worker that may end at any moment. */
class Screen {
	told: ReadonlyMap<string, Told> = new Map();
	readonly shown = new Set<string>();
	/** How often each was shown as new, and as a repeat. */
	readonly news: string[] = [];
	readonly repeats: string[] = [];
	loud = 0;
	now = 0;

	see(seen: readonly Seen[], options: Partial<Sight> & { dies?: boolean } = {}): Outcome {
		const { shown, now } = this;
		const sight = { seen, shown, now, fresh: false, quiet: false, choices, ...options };
		const outcome = reconcile(this.told, sight);
		this.told = outcome.told;
		for (const id of outcome.clear) shown.delete(id);
		if (options.dies) return outcome;
		for (const { id, again, loud } of outcome.show) {
			shown.add(id);
			(again ? this.repeats : this.news).push(id);
			if (loud) this.loud++;
		}
		return outcome;
	}
}

const waits = (id: string, dismissed = false): Seen => ({ id, is: 'waiting', dismissed });
const absent = (id: string): Seen => ({ id, is: 'absent', dismissed: false });
const over = (id: string): Seen => ({ id, is: 'over', dismissed: false });

test('one arrival is one notification, and a worker that ended before showing it shows it', () => {
	const screen = new Screen();
	screen.see([waits('a')], { dies: true });
	expect(screen.news).toEqual([]);
	for (let at = 0; at < 3; at++) screen.see([waits('a')], { fresh: at === 1 });
	expect(screen.news).toEqual(['a']);
	screen.see([waits('a'), waits('b')]);
	expect(screen.news).toEqual(['a', 'b']);
});

test('who is away for a moment stays announced, who is away for long arrives again', () => {
	const screen = new Screen();
	screen.see([waits('a')]);
	screen.see([absent('a')]);
	screen.now += awayMs - 1;
	screen.see([absent('a')]);
	expect(screen.shown).toEqual(new Set(['a']));
	screen.see([waits('a')]);
	expect(screen.news).toEqual(['a']);
	screen.see([absent('a')]);
	screen.now += awayMs;
	screen.see([absent('a')]);
	expect(screen.shown).toEqual(new Set());
	screen.see([waits('a')]);
	expect(screen.news).toEqual(['a', 'a']);
});

test('who leaves and comes back, again and again, is told of once a minute', () => {
	const screen = new Screen();
	const times = () => [screen.news.length, screen.repeats.length];
	screen.see([waits('a')]);
	screen.see([over('a')]);
	expect(screen.shown).toEqual(new Set());
	for (let second = 1; second < 60; second++) {
		screen.now = second * 1000;
		screen.see([waits('a')]);
		screen.see([over('a')]);
	}
	expect(times()).toEqual([1, 0]);
	// She is there, and has to be seen.
	screen.see([waits('a')]);
	screen.now = awayMs;
	screen.see([waits('a')]);
	expect([times(), screen.shown]).toEqual([[1, 1], new Set(['a'])]);
	screen.see([waits('a')]);
	expect(times()).toEqual([1, 1]);
	screen.see([over('a')]);
	screen.now += awayMs;
	screen.see([over('a')]);
	expect(screen.told.size).toBe(0);
});

test('a new connection counts absence from its own beginning', () => {
	const screen = new Screen();
	screen.see([waits('a')]);
	screen.see([absent('a')]);
	// The machine slept: nobody looked.
	screen.now += 10 * awayMs;
	screen.see([absent('a')], { fresh: true });
	expect(screen.shown).toEqual(new Set(['a']));
	screen.see([waits('a')], { choices: { repeatMinutes: 0, escalateAfter: 0 } });
	expect([screen.news, screen.repeats]).toEqual([['a'], []]);
});

test('handled anywhere it is gone here, and said Not now to it is never shown again', () => {
	const screen = new Screen();
	screen.see([waits('a'), waits('b')]);
	screen.see([over('a'), waits('b', true)]);
	expect(screen.shown).toEqual(new Set());
	screen.now += 60 * minute;
	screen.see([waits('b')], { fresh: true });
	expect([screen.news, screen.repeats]).toEqual([['a', 'b'], []]);
	// Dismissed elsewhere before it was ever seen here.
	screen.see([waits('c', true)]);
	screen.see([waits('c')]);
	expect(screen.news).toEqual(['a', 'b']);
});

test('repeats come when they are due, then louder, and not at all where none are wanted', () => {
	const screen = new Screen();
	screen.see([waits('a')]);
	screen.now += 5 * minute - 1;
	screen.see([waits('a')]);
	expect(screen.repeats).toEqual([]);
	screen.now += 1;
	screen.see([waits('a')]);
	expect([screen.repeats.length, screen.loud]).toEqual([1, 0]);
	screen.now += 5 * minute;
	screen.see([waits('a')]);
	expect([screen.repeats.length, screen.loud]).toEqual([2, 1]);
	screen.now += 60 * minute;
	screen.see([waits('a')], { choices: { repeatMinutes: 0, escalateAfter: 1 } });
	expect(screen.repeats.length).toBe(2);
	expect(screen.news).toEqual(['a']);
});

test('whoever comes in quiet hours is told of when they end', () => {
	const screen = new Screen();
	screen.see([waits('a')], { quiet: true });
	expect(screen.news).toEqual([]);
	screen.see([waits('a')]);
	screen.now += 60 * minute;
	screen.see([waits('a')], { quiet: true });
	expect([screen.news, screen.repeats]).toEqual([['a'], []]);
});

test('whatever happens in whatever order, nobody who waits is announced twice or not at all', () => {
	const event = fc.record({
		is: fc.constantFrom('waiting', 'absent'),
		dies: fc.boolean(),
		fresh: fc.boolean(),
		ms: fc.integer({ min: 0, max: 1000 }),
	} as const);
	fc.assert(
		fc.property(fc.array(event, { maxLength: 40 }), (events) => {
			const screen = new Screen();
			for (const { is, dies, fresh, ms } of events) {
				screen.now += ms;
				screen.see([{ id: 'a', is, dismissed: false }], { dies, fresh });
			}
			screen.see([waits('a')]);
			expect(screen.news).toEqual(['a']);
		}),
	);
});

test('quiet hours begin and end to the minute, also over midnight', () => {
	const night = { from: 22 * 60, to: 7 * 60 };
	expect([21 * 60 + 59, 22 * 60, 0, 7 * 60 - 1, 7 * 60].map((at) => isQuiet(night, at))).toEqual([
		false,
		true,
		true,
		true,
		false,
	]);
	const lunch = { from: 12 * 60, to: 13 * 60 };
	expect([12 * 60 - 1, 12 * 60, 13 * 60].map((at) => isQuiet(lunch, at))).toEqual([
		false,
		true,
		false,
	]);
	expect([isQuiet(null, 0), isQuiet({ from: 60, to: 60 }, 60)]).toEqual([false, false]);
});

test('the id of a notification says whose it is, and no other id does', () => {
	const arrived = { practice: 'p', session: 's', seat: '_t', since: 1_800_000_000_000 };
	expect(arrivedOf(idOf(arrived))).toEqual(arrived);
	for (const id of ['', 'arrival.p.s.t.', 'arrival.p.s.t.1.2', 'other.p.s.t.1'])
		expect(arrivedOf(id)).toBeUndefined();
});
