import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { claimPlace, Line, waitAt } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { pairDevice } from '../presence.ts';
import { callOf, enter, offer } from '../room.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let local: LocalServer & { maya: Staff };
let address: string;

beforeAll(async () => {
	local = await localPractice();
	({ address } = local);
});
beforeEach(async () => {
	// A second later, so that no test meets the limits of the one before.
	local.clock.forward(1000);
	await local.maya.call('POST', '/api/device/active');
});
afterAll(() => local.stop());

test('only the host enters, only participants knock', async () => {
	const { id: session, places } = await local.maya.session();
	const guest = await waitAt(address, places[0] ?? '');
	const seat = newId();
	const entered = await guest.line.ask({ type: 'enter', id: newId(), session, seat });
	expect(entered).toMatchObject({ error: 'forbidden' });
	const maya = await local.maya.line();
	const { knock } = guest;
	expect(await maya.ask({ ...knock, id: newId() })).toMatchObject({ error: 'forbidden' });
	const presence = await (await pairDevice(local.maya)).line();
	expect(await presence.next('waiting')).toMatchObject({ sessions: expect.any(Array) });
	const watched = await presence.ask({ type: 'enter', id: newId(), session, seat });
	expect(watched).toMatchObject({ error: 'forbidden' });
	const nowhere = await maya.ask({ type: 'enter', id: newId(), session: newId(), seat });
	expect(nowhere).toMatchObject({ error: 'not-found' });
	const taken = await maya.ask({ type: 'enter', id: newId(), session, seat: guest.seat });
	expect(taken).toMatchObject({ error: 'conflict' });
});

test('three knocks at a place, the proven first, none replaces another', async () => {
	const { id: session, places } = await local.maya.session();
	const place = places[0] ?? '';
	const first = await waitAt(address, place);
	local.clock.forward(1);
	const second = await waitAt(address, place);
	local.clock.forward(1);
	const proven = await waitAt(address, place, { proof: bytesOf(32) });
	const fourth = await waitAt(address, place);
	expect(fourth.answer).toMatchObject({ type: 'error', error: 'over-limit' });
	const dashboard = await local.maya.line();
	const waiting = (await dashboard.next('waiting')).sessions.find((it) => it.session === session);
	expect(waiting?.seats.map(({ seat }) => seat)).toEqual([proven.seat, first.seat, second.seat]);
	// What was knocked is for the host only.
	const other = await first.line.next('seat', ({ seat }) => seat.seat === proven.seat);
	expect(other.seat).toMatchObject({ state: 'waiting', knock: null });
	// One's own knock is replaced by one's own only.
	const again = { ...first.knock, id: newId(), sealed: bytesOf(9) };
	expect((await first.line.ask(again)).type).toBe('done');
	const heard = await dashboard.next('seat', ({ seat }) => seat.knock?.sealed === again.sealed);
	expect(heard.seat.seat).toBe(first.seat);
	// Whoever went away gives way after a minute, not at once.
	await second.line.close();
	await dashboard.next('seat', ({ seat }) => seat.seat === second.seat && !seat.present);
	const knock = () => fourth.line.ask({ ...fourth.knock, id: newId() });
	expect(await knock()).toMatchObject({ error: 'over-limit' });
	local.clock.forward(60_001);
	expect((await knock()).type).toBe('done');
});

test('epochs: exactly the next one, from the call, and one of two at once', async () => {
	const { host, guests, seats } = await callOf(local.maya, 2);
	const [lea, tom] = guests;
	if (!lea || !tom) throw new Error('two guests');
	local.clock.forward(1000);
	const answers = await Promise.all([offer(lea.line, 2, seats), offer(tom.line, 2, seats)]);
	const won = answers.filter(({ type }) => type === 'done');
	const lost = answers.filter(({ type }) => type === 'error');
	expect(won).toHaveLength(1);
	expect(lost).toMatchObject([{ error: 'generation-taken', generation: 2 }]);
	expect(await host.line.next('epoch', ({ generation }) => generation === 2)).toBeDefined();
	expect(await offer(host.line, 2, seats)).toMatchObject({ error: 'generation-taken' });
	expect(await offer(host.line, 9, seats)).toMatchObject({ error: 'generation-taken' });
	const winner = answers[0]?.type === 'done' ? lea : tom;
	expect(await offer(winner.line, 3, seats)).toMatchObject({ error: 'slow-down' });
	local.clock.forward(1000);
	expect((await offer(winner.line, 3, seats)).type).toBe('done');
});

test('epochs: seats that may not be in one', async () => {
	const { session, places, host, guests, seats } = await callOf(local.maya, 5);
	const waiting = await waitAt(address, places[0] ?? '');
	expect(await offer(waiting.line, 2, [...seats, waiting.seat])).toMatchObject({
		error: 'not-in-call',
	});
	local.clock.forward(1000);
	const own = host.seat;
	expect(await offer(host.line, 2, [own, own])).toMatchObject({ error: 'bad-request' });
	expect(await offer(host.line, 2, [waiting.seat])).toMatchObject({ error: 'bad-request' });
	expect(await offer(host.line, 2, [own, newId()])).toMatchObject({ error: 'not-found' });
	const seven = await offer(host.line, 2, [...seats, waiting.seat]);
	expect(seven).toMatchObject({ error: 'over-limit' });
	await host.line.ask({ type: 'remove', id: newId(), seat: waiting.seat });
	expect(await offer(host.line, 2, [own, waiting.seat])).toMatchObject({ error: 'forbidden' });
	// Whoever is left out is not in the call any more, and can be brought back.
	const [lea, ...others] = guests;
	const left = [own, ...others.map(({ seat }) => seat)];
	expect((await offer(host.line, 2, left)).type).toBe('done');
	if (!lea) throw new Error('a guest');
	expect(await offer(lea.line, 3, [...left, lea.seat])).toMatchObject({ error: 'not-in-call' });
	const again = await enter(local.maya, session);
	expect((await offer(again.line, 3, [again.seat, lea.seat])).type).toBe('done');
});

test('key packages: eight of a seat, each given out once, and a call for more', async () => {
	const { host, guests } = await callOf(local.maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	const packages = Array.from({ length: 8 }, (_, n) =>
		Buffer.from([n, 1, 2]).toString('base64url'),
	);
	const put = (list: string[], replace = false, seat = lea.seat, line = lea.line) =>
		line.ask({ type: 'packages', id: newId(), seat, packages: list, replace });
	expect((await put(packages)).type).toBe('done');
	expect(await put(['AAAA'])).toMatchObject({ error: 'over-limit' });
	expect((await put(packages.slice(0, 4), true)).type).toBe('done');
	const take = async () => {
		const answer = await host.line.ask({
			type: 'take',
			id: newId(),
			seats: [lea.seat, lea.seat, host.seat],
		});
		if (answer.type !== 'taken') throw new Error(answer.type);
		return answer;
	};
	expect(await take()).toMatchObject({
		packages: [{ seat: lea.seat, keyPackage: packages[0] }],
		missing: [host.seat],
	});
	expect((await take()).packages[0]?.keyPackage).toBe(packages[1]);
	expect(await lea.line.next('low')).toEqual({ type: 'low', seat: lea.seat, left: 2 });
	await take();
	await take();
	expect((await take()).missing).toEqual([lea.seat, host.seat]);
	// A recorder belongs to the host's seat, and to nobody else.
	expect(await put(['AAAA'], false, newId())).toMatchObject({ error: 'forbidden' });
	expect(await put(['AAAA'], false, host.seat)).toMatchObject({ error: 'forbidden' });
	const recorder = newId();
	expect((await put(['AAAA'], false, recorder, host.line)).type).toBe('done');
	const { seat } = await lea.line.next('seat', (it) => it.seat.seat === recorder);
	expect(seat).toMatchObject({ kind: 'recorder', present: true, state: 'waiting', knock: null });
	const taken = await lea.line.ask({ type: 'take', id: newId(), seats: [recorder] });
	expect(taken).toMatchObject({ packages: [{ seat: recorder, keyPackage: 'AAAA' }] });
});

test('a body is sent again until it is acknowledged, and never twice', async () => {
	const { host, guests } = await callOf(local.maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	const relay = (body: string, id = newId()) =>
		host.line.ask({ type: 'relay', id, to: lea.seat, body });
	const twice = newId();
	await relay('AAAA', twice);
	await relay('AAAA', twice);
	await relay('AABB');
	await relay('AACC');
	for (const n of [1, 2, 3]) expect((await lea.line.next('relay')).n).toBe(n);
	lea.line.send({ type: 'ack', n: 1 });
	await lea.line.close();
	await relay('AADD');
	const back = await Line.greeted(address, lea.token);
	await back.ask({ ...lea.knock, id: newId() });
	const room = await back.next('room');
	expect(room).toMatchObject({ generation: 1, epoch: { generation: 1, from: host.seat } });
	for (const body of ['AABB', 'AACC', 'AADD']) expect((await back.next('relay')).body).toBe(body);
	back.send({ type: 'ack', n: Number.MAX_SAFE_INTEGER });
	// An id that was acknowledged long ago is still known.
	await relay('AAAA', twice);
	await relay('AAEE');
	expect(await back.next('relay')).toMatchObject({ n: 5, body: 'AAEE' });
	expect(back.received.filter(({ type }) => type === 'relay')).toEqual([]);
});

const send = (line: Line, to: string) => line.ask({ type: 'relay', id: newId(), to, body: 'AAAA' });

test('who may relay to whom, and how much may wait', async () => {
	const { session, places, host, guests } = await callOf(local.maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	const waiting = await waitAt(address, places[0] ?? '');
	expect((await send(waiting.line, host.seat)).type).toBe('done');
	expect(await send(waiting.line, lea.seat)).toMatchObject({ error: 'not-in-call' });
	expect((await send(host.line, waiting.seat)).type).toBe('done');
	expect(await send(host.line, newId())).toMatchObject({ error: 'not-found' });
	await waiting.line.ask({ type: 'leave', id: newId() });
	expect(await send(host.line, waiting.seat)).toMatchObject({ error: 'gone' });
	expect(await send(waiting.line, host.seat)).toMatchObject({ error: 'not-in-call' });
	await lea.line.close();
	const answers = [];
	for (let round = 0; round < 4; round += 1) {
		local.clock.forward(1000);
		answers.push(
			...(await Promise.all(Array.from({ length: 150 }, () => send(host.line, lea.seat)))),
		);
	}
	expect(answers.filter(({ type }) => type === 'done')).toHaveLength(512);
	expect(answers.at(-1)).toMatchObject({ error: 'over-limit' });
	expect((await local.maya.call('GET', `/api/sessions/${session}`)).body.state).toBe('open');
});

test('removed is final for that key', async () => {
	const { host, guests, places } = await callOf(local.maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	const refused = await lea.line.ask({ type: 'remove', id: newId(), seat: host.seat });
	expect(refused).toMatchObject({ error: 'forbidden' });
	expect((await host.line.ask({ type: 'remove', id: newId(), seat: lea.seat })).type).toBe('done');
	await lea.line.next('removed');
	expect(await lea.line.closed).toBe(4003);
	expect((await host.line.next('seat', (it) => it.seat.state === 'gone')).seat.seat).toBe(lea.seat);
	await expect(Line.greeted(address, lea.token)).rejects.toThrow('no ready; came: error');
	const again = await claimPlace(address, places[0] ?? '', lea.key);
	expect(again.answer).toMatchObject({ status: 403, body: { error: 'forbidden' } });
});

test('the same seat twice: the newer socket wins; other sockets of the member go on', async () => {
	const { host, session, guests } = await callOf(local.maya, 1);
	const dashboard = await local.maya.line();
	const newer = await enter(local.maya, session, host.seat);
	expect(await host.line.closed).toBe(4001);
	const [lea] = guests;
	await lea?.line.ask({ type: 'relay', id: newId(), to: host.seat, body: 'AAAA' });
	expect((await newer.line.next('relay')).body).toBe('AAAA');
	dashboard.send({ type: 'ping' });
	await dashboard.next('pong');
});

test('acts: what only the browser knows, once for each request', async () => {
	const { host, guests, session } = await callOf(local.maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	const id = newId();
	for (let n = 0; n < 2; n += 1)
		expect((await lea.line.ask({ type: 'act', id, act: 'consented' })).type).toBe('done');
	const claimed = await lea.line.ask({ type: 'act', id: newId(), act: 'recording-paused' });
	expect(claimed).toMatchObject({ error: 'forbidden' });
	expect(await host.line.ask({ type: 'act', id: newId(), act: 'deleted' })).toMatchObject({
		error: 'forbidden',
	});
	const paused = await host.line.ask({ type: 'act', id: newId(), act: 'recording-paused' });
	expect(paused.type).toBe('done');
	const { rows } = (await local.maya.call('GET', `/api/sessions/${session}/history`)).body;
	expect(rows.map(({ act }: { act: string }) => act)).toEqual([
		'session-made',
		'waited',
		'connected',
		'consented',
		'recording-paused',
	]);
});

test('nothing of an ended session stays but that it was', async () => {
	const { host, guests, session, places } = await callOf(local.maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	await lea.line.ask({
		type: 'packages',
		id: newId(),
		seat: lea.seat,
		packages: ['AAAA'],
		replace: false,
	});
	await host.line.ask({ type: 'relay', id: newId(), to: lea.seat, body: 'AAAA' });
	await local.maya.call('POST', `/api/sessions/${session}/end`);
	expect((await local.maya.call('POST', `/api/sessions/${session}/end`)).status).toBe(204);
	await lea.line.next('ended');
	const { store } = local.server.context;
	for (const table of ['relay', 'knocks', 'epochs', 'packages', 'seats'] as const) {
		const rows = await store.selectFrom(table).selectAll().where('session', '=', session).execute();
		expect({ table, rows }).toEqual({ table, rows: [] });
	}
	const seat = newId();
	const entered = await host.line.ask({ type: 'enter', id: newId(), session, seat });
	expect(entered).toMatchObject({ error: 'session-ended' });
	expect(await lea.line.ask({ ...lea.knock, id: newId() })).toMatchObject({
		error: 'session-ended',
	});
	const late = await claimPlace(address, places[0] ?? '');
	expect(late.answer).toMatchObject({ status: 410, body: { error: 'session-ended' } });
	const back = await Line.greeted(address, lea.token);
	expect(await back.next('ended')).toMatchObject({ session });
});
