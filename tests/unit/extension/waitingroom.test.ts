import { expect, test } from 'vitest';
import { WaitingRoom } from '../../../extension/background/presence/waitingroom.ts';
import type { Seat, ServerMessage } from '../../../signaling/protocol/socket.ts';

const seat = (id: string, part: Partial<Seat> = {}): Seat => ({
	seat: id,
	kind: 'participant',
	place: `place of ${id}`,
	present: true,
	state: 'waiting',
	since: 1,
	knock: null,
	...part,
});
const page = (session: string, seats: Seat[], more = false): ServerMessage => ({
	type: 'waiting',
	sessions: [{ session, seats }],
	more,
});
const change = (session: string, one: Seat): ServerMessage => ({
	type: 'seat',
	session,
	seat: one,
});

test('a snapshot in pages counts when its last page is there, with what changed meanwhile', () => {
	const room = new WaitingRoom();
	expect(room.hear(page('s', [seat('a')], true))).toBe(false);
	expect([room.complete, room.waiting()]).toEqual([false, []]);
	room.hear(change('s', seat('b', { since: 0 })));
	room.hear(change('s', seat('a', { state: 'gone' })));
	room.hear(page('t', [seat('c', { since: 2 }), seat('host', { kind: 'host', place: null })]));
	expect(room.complete).toBe(true);
	expect(room.waiting().map((one) => one.seat)).toEqual(['b', 'c']);
});

test('somebody whose browser is away may be back; who was let in, left or came anew has not waited on', () => {
	const room = new WaitingRoom();
	const arrival = { session: 's', seat: 'a', since: 1 };
	room.hear({ type: 'waiting', sessions: [], more: false });
	expect(room.whereabouts(arrival)).toBe('absent');
	room.hear(change('s', seat('a')));
	expect(room.whereabouts(arrival)).toBe('waiting');
	room.hear(change('s', seat('a', { present: false })));
	expect(room.whereabouts(arrival)).toBe('absent');
	room.hear(change('s', seat('a', { since: 2 })));
	expect(room.whereabouts(arrival)).toBe('over');
	room.hear(change('s', seat('a', { state: 'in-call' })));
	expect(room.whereabouts(arrival)).toBe('over');
	room.hear(change('s', seat('a', { state: 'gone' })));
	expect(room.whereabouts(arrival)).toBe('over');
	room.hear({ type: 'ended', session: 't' });
	expect(room.whereabouts({ ...arrival, session: 't' })).toBe('over');
});

test('a seat stays one person’s: at another place it is nobody’s, also over the next connection', () => {
	const room = new WaitingRoom();
	room.hear(page('s', [seat('a')]));
	expect(room.waiting().map(({ place }) => place)).toEqual(['place of a']);
	room.hear(change('s', seat('a', { place: 'place of b' })));
	expect(room.waiting()).toEqual([]);
	const next = new WaitingRoom(room);
	next.hear(page('s', [seat('a', { place: 'place of b' }), seat('c')]));
	expect(next.waiting().map((one) => one.seat)).toEqual(['c']);
});

test('people in a call are counted, the recorder is not one of them', () => {
	const room = new WaitingRoom();
	const inCall = { state: 'in-call' } as const;
	room.hear(
		page('s', [
			seat('a', inCall),
			seat('b', { ...inCall, present: false }),
			seat('r', { ...inCall, kind: 'recorder', place: null }),
		]),
	);
	expect([room.inCall('s'), room.hostInCall]).toEqual([1, false]);
	room.hear(change('s', seat('h', { ...inCall, kind: 'host', place: null })));
	expect([room.inCall('s'), room.hostInCall]).toEqual([2, true]);
});

test('a server that names more people than there can be is not followed, and nobody of before is forgotten', () => {
	const room = new WaitingRoom();
	room.hear(page('s', [seat('first')]));
	const knock = { keyPackage: 'AA', sealed: 'AA', proof: null };
	for (let at = 0; at < 1000; at++) room.hear(change('s', seat(`${at}`, { since: 2, knock })));
	expect(room.waiting().length).toBe(256);
	expect(room.waiting()[0]?.seat).toBe('first');
	room.hear(change('s', seat('0', { state: 'gone' })));
	room.hear(change('s', seat('late', { since: 3 })));
	expect(room.waiting().at(-1)?.seat).toBe('late');
});
