import { expect, test, vi } from 'vitest';
import { Presence } from '#lib/sessions/presence.ts';
import type { Seat, ServerMessage } from '#protocol/socket.ts';

vi.mock('#lib/code/codes.svelte.ts', () => ({ codeConfirmed: () => Promise.resolve(false) }));

const seatOf = (name: string, over: Partial<Seat> = {}): Seat => ({
	seat: name,
	kind: 'participant',
	place: `place ${name}`,
	present: true,
	state: 'waiting',
	since: 1,
	knock: null,
	...over,
});
const page = (names: readonly string[], more: boolean): ServerMessage => ({
	type: 'waiting',
	sessions: names.map((name) => ({ session: `session ${name}`, seats: [seatOf(name)] })),
	more,
});
const change = (name: string, over: Partial<Seat>): ServerMessage => ({
	type: 'seat',
	session: `session ${name}`,
	seat: seatOf(name, over),
});
const seats = (presence: Presence) => presence.here().map(({ seat }) => seat);

test('a snapshot of several pages is shown at its end, with what changed meanwhile', () => {
	const presence = new Presence();
	presence.expect();
	expect(presence.hear(page(['a', 'b'], true))).toBe(false);
	expect(presence.complete).toBe(false);
	presence.hear(change('a', { state: 'gone' }));
	presence.hear(change('d', { since: 0 }));
	expect(presence.hear(page(['c'], false))).toBe(true);
	expect(presence.complete).toBe(true);
	expect(seats(presence)).toEqual(['d', 'b', 'c']);
});

test('after a gap the new snapshot takes the place of what was known, and nobody vanishes meanwhile', () => {
	const presence = new Presence();
	presence.expect();
	presence.hear(page(['a', 'b'], false));
	presence.expect();
	presence.hear(page(['b'], true));
	expect(seats(presence)).toEqual(['a', 'b']);
	// Cut off in the middle: the pages before count for nothing.
	presence.expect();
	presence.hear(page(['c'], true));
	presence.hear(page(['a'], false));
	expect(seats(presence)).toEqual(['c', 'a']);
});

test('who is connected, offline or in an ended session does not wait', () => {
	const presence = new Presence();
	presence.hear(page(['a', 'b', 'c', 'd'], false));
	presence.hear(change('a', { present: false }));
	presence.hear(change('b', { state: 'in-call' }));
	presence.hear({ type: 'ended', session: 'session c' });
	expect(seats(presence)).toEqual(['d']);
	expect([...presence.inCall()]).toEqual(['place b']);
	presence.clear();
	expect(presence.complete).toBe(false);
	expect(seats(presence)).toEqual([]);
});
