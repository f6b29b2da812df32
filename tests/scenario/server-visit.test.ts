import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { waitAt } from '../line.ts';
import { logIn, signUp, type Staff } from '../staff.ts';
import { bytesOf, call, newId, newKey } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let server: TestServer;
let maya: Staff;

beforeAll(async () => {
	server = await startServer();
	maya = await signUp(server.address, server.setupUrl);
});
afterAll(() => server.stop());

test('from the printed link to a call of two', async () => {
	const { address } = server;
	const config = await call(address, 'GET', '/api/config');
	expect(config.body).toMatchObject({ ready: true, practice: 'Riverside Therapy' });
	const { id, places } = await maya.session();
	const dashboard = await maya.line();
	expect(await dashboard.next('waiting')).toEqual({ type: 'waiting', sessions: [], more: false });

	const lea = await waitAt(address, places[0] ?? '');
	expect(lea.answer.type).toBe('done');
	expect(await lea.line.next('room')).toMatchObject({ session: id, seat: lea.seat, epoch: null });
	const { seat } = await dashboard.next('seat');
	expect(seat).toMatchObject({ seat: lea.seat, kind: 'participant', state: 'waiting' });
	expect(seat.knock).toEqual({
		keyPackage: lea.knock.keyPackage,
		sealed: lea.knock.sealed,
		proof: null,
	});

	const host = await maya.line();
	const own = newId();
	await host.ask({ type: 'enter', id: newId(), session: id, seat: own });
	const room = await host.next('room');
	expect(room.seats.map((it) => it.seat).toSorted()).toEqual([own, lea.seat].toSorted());
	const welcome = bytesOf(500);
	const seats = [own, lea.seat];
	const made = await host.ask({ type: 'epoch', id: newId(), generation: 1, seats, welcome });
	expect(made.type).toBe('done');
	expect(await lea.line.next('epoch')).toEqual({
		type: 'epoch',
		generation: 1,
		from: own,
		seats,
		welcome,
	});
	lea.line.send({ type: 'applied', generation: 1 });
	expect(await host.next('applied')).toMatchObject({ seat: lea.seat, generation: 1 });

	const body = bytesOf(1200);
	expect(await host.ask({ type: 'relay', id: newId(), to: lea.seat, body })).toMatchObject({
		type: 'done',
	});
	expect(await lea.line.next('relay')).toEqual({ type: 'relay', n: 1, from: own, body });
	await lea.line.ask({ type: 'leave', id: newId() });
	await host.next('seat', (it) => it.seat.seat === lea.seat && it.seat.state === 'gone');

	expect((await maya.call('POST', `/api/sessions/${id}/end`)).status).toBe(204);
	expect(await host.next('ended')).toMatchObject({ session: id });
	const { body: history } = await maya.call('GET', `/api/sessions/${id}/history`);
	expect(history.rows.map((row: { act: string }) => row.act)).toEqual([
		'session-made',
		'waited',
		'connected',
		'left',
		'session-ended',
	]);
	for (const line of [dashboard, host, lea.line]) await line.close();
});

test('a password opens a second device; a wrong one opens nothing', async () => {
	const device = { publicKey: newKey().publicKey, name: 'Second' };
	const { email, password } = maya;
	const right = await logIn(server.address, { email, password, device });
	expect(right.status).toBe(200);
	expect(right.body).toMatchObject({ member: { email }, practice: { name: 'Riverside Therapy' } });
	const wrong = await logIn(server.address, { email, password: 'wrong', device });
	expect(wrong).toMatchObject({ status: 401, body: { error: 'login-failed' } });
});
