import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readHistory } from '../../signaling/history/read.ts';
import type { Act, HistoryRow } from '../../signaling/protocol/sessions.ts';
import { type Line, waitAt } from '../line.ts';
import { type LocalServer, localPractice, localServer } from '../local.ts';
import { callOf, enter, offer } from '../room.ts';
import { Staff } from '../staff.ts';
import { call, newId, newKey } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let local: LocalServer & { maya: Staff };

beforeEach(async () => {
	local = await localPractice();
});
afterEach(() => local.stop());

/** Another member of the practice, with a device that can get tokens. */
async function member(role: 'clinician' | 'supervisor' | 'scheduler' | 'admin'): Promise<Staff> {
	const { server, maya, address } = local;
	const { store } = server.context;
	const [id, device, deviceKey] = [newId(), newId(), newKey()];
	const row = await store.selectFrom('members').selectAll().executeTakeFirstOrThrow();
	await store
		.insertInto('members')
		.values({ ...row, id, role, email: `${id.toLowerCase()}@example.org` })
		.execute();
	const mine = await store.selectFrom('devices').selectAll().executeTakeFirstOrThrow();
	await store
		.insertInto('devices')
		.values({ ...mine, id: device, member: id, public_key: deviceKey.publicKey })
		.execute();
	const { email, password, recovery, identity, signedIn } = maya;
	const own = { ...signedIn, device };
	return new Staff({ address, email, password, deviceKey, recovery, identity, signedIn: own });
}

const acts = (rows: readonly { act: string; who: string | null }[]) =>
	rows.map(({ act, who }) => [act, who]);

test('opening a link is written down, at most once a minute and not after the end', async () => {
	const { maya, address, clock } = local;
	const { id, places } = await maya.session({ startsAt: clock.now(), places: 2 });
	const [lea = '', tom = ''] = places;
	const open = (place: string) => call(address, 'GET', `/api/places/${place}`);
	const opened = async () => {
		const { body } = await maya.call('GET', `/api/sessions/${id}/history`);
		return acts(body.rows).filter(([act]) => act === 'link-opened');
	};
	await Promise.all([open(lea), open(lea), open(lea)]);
	expect(await opened()).toEqual([['link-opened', lea]]);
	await open(tom);
	clock.forward(59_000);
	await open(lea);
	expect(await opened()).toEqual([
		['link-opened', lea],
		['link-opened', tom],
	]);
	clock.forward(1_000);
	await open(lea);
	expect(await opened()).toHaveLength(3);
	await maya.call('POST', `/api/sessions/${id}/end`);
	clock.forward(120_000);
	expect((await open(lea)).body.state).toBe('ended');
	expect(await opened()).toHaveLength(3);
});

test('whoever has a link cannot push the rest of the history out of sight', async () => {
	const { maya, address, clock } = local;
	const { id, places } = await maya.session({ startsAt: clock.now() });
	for (let n = 0; n < 100; n++) {
		clock.forward(60_000);
		await call(address, 'GET', `/api/places/${places[0]}`);
	}
	const rows = await readHistory(local.server.context.store, { session: id }, { max: 1000 });
	expect(acts(rows).filter(([act]) => act === 'link-opened')).toHaveLength(64);
});

test('the history of one session is read in pages, so that nothing is pushed out of sight', async () => {
	const { maya, server } = local;
	const { id } = await maya.session();
	const { store, history } = server.context;
	await store.transaction().execute(async (db) => {
		const who = newId();
		for (let n = 0; n < 1200; n++) await history.add(db, { act: 'played', who, session: id });
	});
	const path = `/api/sessions/${id}/history`;
	const { body: newest } = await maya.call('GET', path);
	expect(newest.rows).toHaveLength(1000);
	expect(newest.before).toBe(newest.rows[0].n);
	const { body: first } = await maya.call('GET', `${path}?before=${newest.before}`);
	expect(first.before).toBeNull();
	const whole: HistoryRow[] = [...first.rows, ...newest.rows];
	expect(whole.map(({ n }) => n)).toEqual(whole.map((_, at) => (whole[0]?.n ?? 0) + at));
	expect(whole.map(({ act }) => act).slice(0, 2)).toEqual(['session-made', 'played']);
	expect(whole).toHaveLength(1201);
	expect((await maya.call('GET', `${path}?before=x`)).status).toBe(400);
});

test('the history tells of a visit in order, newest first, and in pages', async () => {
	const { maya, address, clock } = local;
	const { id, places } = await maya.session({ startsAt: clock.now() });
	const place = places[0] ?? '';
	const lea = await waitAt(address, place);
	await lea.line.ask({ type: 'act', id: newId(), act: 'consented' });
	clock.forward(1);
	await maya.call('POST', `/api/sessions/${id}/end`);
	const { status, body } = await maya.call('GET', '/api/history');
	expect(status).toBe(200);
	expect(body.before).toBeNull();
	expect(body.rows.map(({ act }: { act: string }) => act)).toEqual([
		'session-ended',
		'consented',
		'waited',
		'session-made',
	]);
	const late = await maya.call('GET', `/api/history?from=${clock.now()}`);
	expect(acts(late.body.rows).map(([act]) => act)).toEqual(['session-ended']);
	await lea.line.close();
});

test('a long history comes in pages without gaps or repeats', async () => {
	const { maya, clock, server } = local;
	const { id, places } = await maya.session({ startsAt: clock.now() });
	for (let n = 0; n < 1100; n++) {
		clock.forward(1);
		await server.context.history.add(server.context.store, {
			act: n % 2 ? 'invited' : 'reminded',
			who: places[0] ?? '',
			session: id,
		});
	}
	const times: number[] = [];
	let before: number | null | undefined;
	do {
		const page = before === undefined ? '' : `?before=${before}`;
		const { body } = await maya.call('GET', `/api/history${page}`);
		times.push(...body.rows.map(({ at }: { at: number }) => at));
		({ before } = body);
	} while (before !== null);
	expect(times).toHaveLength(1101);
	expect(times).toEqual(times.toSorted((a, b) => b - a));
	expect(new Set(times).size).toBe(1101);
});

test("another clinician reads nothing of a colleague's sessions", async () => {
	const { maya, clock } = local;
	const { id, places } = await maya.session({ startsAt: clock.now() });
	for (const role of ['clinician', 'supervisor'] as const) {
		const other = await member(role);
		const list = await other.call('GET', '/api/history');
		expect(list.body).toEqual({ rows: [], before: null });
		const one = await other.call('GET', `/api/sessions/${id}/history`);
		expect(one.status).toBe(404);
		expect(JSON.stringify([list.body, one.body])).not.toContain(places[0]);
	}
	const second = await member('admin');
	expect((await second.call('GET', '/api/history')).body.rows).toHaveLength(1);
});

test('without a staff token there is no history', async () => {
	const { maya, address, clock } = local;
	const { places } = await maya.session({ startsAt: clock.now() });
	expect((await call(address, 'GET', '/api/history')).status).toBe(401);
	const lea = await waitAt(address, places[0] ?? '');
	expect((await call(address, 'GET', '/api/history', { token: lea.token })).status).toBe(401);
	await lea.line.close();
});

test('every kind of act of a visit is written down, for the person, the session and the recording', async () => {
	const { maya, address, clock } = local;
	const { id, places } = await maya.session({ startsAt: clock.now(), recorded: true, places: 3 });
	const [lea = '', tom = '', ida = ''] = places;
	const [first, second, third] = [
		await waitAt(address, lea),
		await waitAt(address, tom),
		await waitAt(address, ida),
	];
	const act = (line: Line, what: Act) => line.ask({ type: 'act', id: newId(), act: what });
	await call(address, 'GET', `/api/places/${lea}`);
	await act(first.line, 'consented');
	await act(third.line, 'declined');
	const host = await enter(maya, id);
	const seats = [host.seat, first.seat, second.seat];
	expect((await offer(host.line, 1, seats)).type).toBe('done');
	await second.line.next('epoch');
	await act(first.line, 'withdrew');
	// A line that breaks, and the same browser again.
	await second.line.close();
	await host.line.next('seat', ({ seat }) => seat.seat === second.seat && !seat.present);
	const back = await waitAt(address, tom, { key: second.key });
	expect(back.seat).toBe(second.seat);
	await back.line.ask({ type: 'leave', id: newId() });
	await host.line.ask({ type: 'remove', id: newId(), seat: first.seat });
	await maya.call('POST', `/api/sessions/${id}/end`);

	const rows: HistoryRow[] = (await maya.call('GET', `/api/sessions/${id}/history`)).body.rows;
	const of = (who: string) => rows.filter((row) => row.who === who).map((row) => row.act);
	expect(of(lea)).toEqual([
		'waited',
		'link-opened',
		'consented',
		'connected',
		'withdrew',
		'removed',
	]);
	expect(of(tom)).toEqual(['waited', 'connected', 'lost', 'returned', 'left']);
	expect(of(ida)).toEqual(['waited', 'declined']);
	expect(of(maya.signedIn.member.id)).toEqual(['session-made', 'session-ended']);
	const whole: HistoryRow[] = (await maya.call('GET', '/api/history')).body.rows;
	expect(whole.toReversed()).toEqual(rows);
	await Promise.all([host.line, first.line, third.line, back.line].map((line) => line.close()));
});

test('a broken line is written down so often and no oftener, and not when the server ends', async () => {
	const { maya, address } = local;
	const { session, guests, host } = await callOf(maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	const place = (await maya.call('GET', `/api/sessions/${session}`)).body.places[0].id;
	let { line } = lea;
	for (let n = 0; n < 70; n++) {
		await line.close();
		await host.line.next('seat', ({ seat }) => seat.seat === lea.seat && !seat.present);
		({ line } = await waitAt(address, place, { key: lea.key }));
	}
	const count = async () => {
		const rows = await readHistory(local.server.context.store, { session }, { max: 1000 });
		return ['lost', 'returned'].map((act) => rows.filter((row) => row.act === act).length);
	};
	expect(await count()).toEqual([64, 64]);
	const { store } = local.server.context;
	await store.deleteFrom('history').where('act', 'in', ['lost', 'returned']).execute();
	await local.close();
	const again = await localServer({ dataDir: local.dataDir, clock: local.clock });
	const rows = await readHistory(again.server.context.store, { session }, { max: 1000 });
	expect(rows.map((row) => row.act)).not.toContain('lost');
	local = { ...again, maya };
});
