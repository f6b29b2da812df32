import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { claimPlace, Line } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { callOf } from '../room.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newId } from '../wire.ts';
import { protocolVersion } from '../../signaling/protocol/version.ts';

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

test('hello comes first, with a good token and the right version', async () => {
	const silent = await Line.open(address);
	silent.send({ type: 'enter', id: newId(), session: newId(), seat: newId() });
	expect(await silent.next('error')).toMatchObject({ error: 'token' });
	local.clock.forward(10_001);
	local.server.context.hub.sweep();
	expect(await silent.closed).toBe(4004);

	const stranger = await Line.open(address);
	stranger.send({ type: 'hello', token: bytesOf(32), version: protocolVersion });
	expect(await stranger.next('error')).toMatchObject({ error: 'token' });
	expect(await stranger.closed).toBe(4004);

	const old = await Line.open(address);
	old.send({ type: 'hello', token: bytesOf(32), version: protocolVersion + 1 });
	expect(await old.next('error')).toMatchObject({ error: 'version' });
	expect(await old.closed).toBe(4007);
});

test('pages of other origins get no socket, nor does the 201st of one address', async () => {
	await expect(Line.open(address, { origin: 'https://elsewhere.example' })).rejects.toThrow('403');
	const localAddress = '127.0.0.77';
	const lines = [];
	for (let n = 0; n < 200; n += 1) lines.push(await Line.open(address, { localAddress }));
	await expect(Line.open(address, { localAddress })).rejects.toThrow('429');
	await lines[0]?.close();
	await vi.waitFor(async () => lines.push(await Line.open(address, { localAddress })));
	await Promise.all(lines.map((line) => line.close()));
});

test('what is said before the answer to hello waits for it', async () => {
	const { id: session, places } = await local.maya.session();
	const claim = await claimPlace(address, places[0] ?? '');
	const line = await Line.open(address);
	line.send({ type: 'hello', token: claim.token, version: protocolVersion });
	const knock = {
		type: 'knock',
		id: newId(),
		keyPackage: 'AA',
		sealed: 'AA',
		proof: null,
	} as const;
	expect((await line.ask(knock)).type).toBe('done');
	expect(await line.next('room')).toMatchObject({ session, seat: claim.seat });
	await line.close();
});

test('what cannot be read is counted, and closes nothing but the offender', async () => {
	const { host, guests } = await callOf(local.maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	const garbage = ['', 'null', '{', '{"type":"nothing"}', '{"type":"ping","more":1}'];
	for (let n = 0; n < 19; n += 1) lea.line.socket.send(garbage[n % 5] ?? '');
	lea.line.send({ type: 'ping' });
	await lea.line.next('pong');
	expect(lea.line.received.filter(({ type }) => type === 'error')).toHaveLength(19);
	lea.line.socket.send(Buffer.from([1, 2, 3]));
	expect(await lea.line.closed).toBe(4002);
	host.line.send({ type: 'ping' });
	await host.line.next('pong');
	const large = await Line.open(address);
	large.socket.send('x'.repeat(97 * 1024));
	expect(await large.closed).toBe(1009);
});

test('too many messages in a second are refused, far too many close the socket', async () => {
	const { host, guests } = await callOf(local.maya, 1);
	const to = guests[0]?.seat ?? '';
	local.clock.forward(1000);
	const answers = await Promise.all(
		Array.from({ length: 210 }, () =>
			host.line.ask({ type: 'relay', id: newId(), to, body: 'AAAA' }),
		),
	);
	expect(answers.filter(({ type }) => type === 'done')).toHaveLength(200);
	expect(answers.at(-1)).toMatchObject({ error: 'slow-down' });
	for (let n = 0; n < 1000; n += 1) host.line.send({ type: 'ping' });
	expect(await host.line.closed).toBe(4002);
});

test('a reader that is too slow loses its socket, not its messages', async () => {
	const { host, guests } = await callOf(local.maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	lea.line.socket.pause();
	const body = 'A'.repeat(60_000);
	const gone = () => host.line.received.some((it) => it.type === 'seat' && !it.seat.present);
	let last = 0;
	while (last < 500 && !gone()) {
		if (last % 100 === 0) local.clock.forward(1000);
		await host.line.ask({ type: 'relay', id: newId(), to: lea.seat, body });
		last += 1;
	}
	await host.line.next('seat', ({ seat }) => seat.seat === lea.seat && !seat.present);
	host.line.send({ type: 'ping' });
	await host.line.next('pong');
	lea.line.socket.terminate();
	const back = await Line.greeted(address, lea.token);
	await back.ask({ ...lea.knock, id: newId() });
	// The rest comes as it is acknowledged, every one and in order, and never more than a socket can hold.
	for (let n = 1; n <= last; n += 1) {
		if (n % 50 === 0) local.clock.forward(1000);
		expect((await back.next('relay')).n).toBe(n);
		back.send({ type: 'ack', n });
		back.send({ type: 'ping' });
		await back.next('pong');
		expect(back.received.filter(({ type }) => type === 'relay').length).toBeLessThanOrEqual(32);
	}
	expect(last).toBeGreaterThan(32);
});

test('pings, and silence', async () => {
	const { clock, server } = local;
	const line = await local.maya.line();
	clock.forward(20_001);
	line.send({ type: 'ping' });
	await line.next('pong');
	server.context.hub.sweep();
	await line.next('ping');
	clock.forward(45_001);
	server.context.hub.sweep();
	expect(await line.closed).toBe(1006);
});
