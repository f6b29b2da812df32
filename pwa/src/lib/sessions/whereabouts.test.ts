import { expect, test } from 'vitest';
import { rowsAtOnce, whereabouts, windowOf } from './whereabouts.ts';

const start = Date.UTC(2026, 10, 22, 15);
const place = {
	session: { startsAt: start, state: 'planned' as const },
	inCall: false,
	since: undefined,
	begun: false,
	now: start,
};

test('who is missing is late once the start has passed by a minute', () => {
	expect(whereabouts({ ...place, now: start - 1 })).toEqual({ is: 'away' });
	expect(whereabouts({ ...place, now: start + 59_999 })).toEqual({ is: 'away' });
	expect(whereabouts({ ...place, now: start + 60_000 })).toEqual({ is: 'late', minutes: 1 });
	expect(whereabouts({ ...place, now: start + 245_000 })).toEqual({ is: 'late', minutes: 4 });
});

test('who is here, was here or has nothing to come to is not late', () => {
	const now = start + 600_000;
	expect(whereabouts({ ...place, now, since: start - 5 })).toEqual({
		is: 'waiting',
		since: start - 5,
	});
	expect(whereabouts({ ...place, now, inCall: true })).toEqual({ is: 'in-call' });
	// In another browser, while the first one's seat is still in the call.
	expect(whereabouts({ ...place, now, since: 1, inCall: true })).toEqual({
		is: 'waiting',
		since: 1,
	});
	expect(whereabouts({ ...place, now, begun: true })).toEqual({ is: 'away' });
	const ended = { startsAt: start, state: 'ended' as const };
	expect(whereabouts({ ...place, now, session: ended, inCall: true })).toEqual({ is: 'ended' });
});

const rows = (count: number) =>
	Array.from({ length: count }, (_, at) => ({
		startsAt: start + at * 600_000,
		minutes: 10,
		state: 'planned' as const,
	}));

test('a short day is shown whole, of a long one what is around now', () => {
	expect(windowOf([], start)).toEqual({ from: 0, to: 0 });
	expect(windowOf(rows(rowsAtOnce), start + 9e6)).toEqual({ from: 0, to: rowsAtOnce });
	expect(windowOf(rows(1000), start)).toEqual({ from: 0, to: 50 });
	// The 301st runs right now.
	expect(windowOf(rows(1000), start + 300 * 600_000 + 1)).toEqual({ from: 295, to: 345 });
	expect(windowOf(rows(1000), start + 1e10)).toEqual({ from: 950, to: 1000 });
});
