import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { colleague } from '../colleagues.ts';
import { waitAt } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { enter, offer } from '../room.ts';
import type { Staff } from '../staff.ts';
import { type Answer, type Key, call, newId, newKey, signWith, signed } from '../wire.ts';
import { lookText } from '../../signaling/protocol/requests.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// A request is taken back by whoever made it, with what she made it with.
let local: LocalServer & { maya: Staff };
let maya: Staff;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
});
afterAll(() => local.stop());

/** A recorded visit that is over, and the key with which somebody was there. */
async function visited() {
	const session = await maya.session({ recorded: true, startsAt: local.clock.now() });
	const [place = ''] = session.places;
	const { key, line, seat } = await waitAt(local.address, place);
	const host = await enter(maya, session.id);
	await offer(host.line, 1, [host.seat, seat]);
	await line.close();
	await host.line.close();
	return { session: session.id, place, key };
}
type Visited = Awaited<ReturnType<typeof visited>>;

/** Asks that it is deleted; gives the id of the request. */
async function asks({ place, session, key }: Visited): Promise<string> {
	const about = { v: 1, id: newId(), place, session, kind: 'delete', subject: key.publicKey };
	const text = { ...about, box: newKey().publicKey, at: local.clock.now() };
	const body = { request: signed(key, 'sotto/request/v1', text) };
	const made = await call(local.address, 'POST', `/api/places/${place}/requests`, { body });
	expect(made.status).toBe(201);
	return about.id;
}

function back(visit: Visited, request: string, key: Key, change: object = {}): Promise<Answer> {
	const { place } = visit;
	const about = { v: 1, request, place, subject: key.publicKey, at: 1, ...change };
	const body = { signed: signed(key, 'sotto/request-back/v1', about) };
	return call(local.address, 'POST', `/api/places/${place}/requests/${request}/withdraw`, { body });
}

async function look({ place, key }: Visited) {
	const path = `/api/places/${place}/requests`;
	const { nonce } = (await call(local.address, 'POST', `${path}/challenge`)).body;
	const signature = signWith(key, 'sotto/request-look/v1', lookText(place, nonce));
	const body = { publicKey: key.publicKey, nonce, signature };
	return (await call(local.address, 'POST', `${path}/look`, { body })).body.requests;
}

const withdrawnIn = async (session: string) =>
	(await maya.call('GET', `/api/sessions/${session}/history`)).body.rows
		.filter(({ act }: { act: string }) => act === 'request-withdrawn')
		.map(({ about }: { about: string | null }) => about);

test('she takes a request back with the key of her visit, and nobody else does', async () => {
	const [visit, other] = [await visited(), await visited()];
	const id = await asks(visit);
	expect((await back(visit, id, newKey())).body.error).toBe('not-found');
	const hers = { subject: visit.key.publicKey };
	expect((await back(visit, id, newKey(), hers)).body.error).toBe('forbidden');
	expect((await back(visit, id, visit.key, { request: newId() })).body.error).toBe('forbidden');
	expect((await back(other, id, other.key)).body.error).toBe('not-found');
	expect(await look(visit)).toMatchObject([{ state: 'open' }]);
	for (let times = 0; times < 2; times++) {
		const { status, body } = await back(visit, id, visit.key);
		expect(status).toBe(200);
		expect(body.requests).toMatchObject([{ state: 'declined', reason: 'withdrawn' }]);
	}
	expect(await withdrawnIn(visit.session)).toEqual([id]);
	// She can ask again; what was answered is not hers to take back.
	const again = await asks(visit);
	const law = { state: 'declined', reason: 'law', words: null };
	expect((await maya.call('POST', `/api/requests/${again}/close`, law)).status).toBe(204);
	expect((await back(visit, again, visit.key)).body.error).toBe('conflict');
});

test('whoever else holds the link takes nothing back, not what she asked and not what staff entered for her', async () => {
	const visit = await visited();
	const { session, place } = visit;
	const id = await asks(visit);
	const second = await waitAt(local.address, place);
	await second.line.close();
	// With that key one can ask for oneself.
	expect(await look({ ...visit, key: second.key })).toMatchObject([{ id, state: 'open' }]);
	expect((await back(visit, id, second.key)).body.error).toBe('forbidden');
	const entered = { id: newId(), session, place, kind: 'copy', receivedAt: local.clock.now() };
	expect((await maya.call('POST', '/api/requests', entered)).status).toBe(201);
	for (const key of [second.key, visit.key])
		expect((await back(visit, entered.id, key)).body.error).toBe('forbidden');
	expect((await look(visit)).map(({ state }: { state: string }) => state)).toEqual([
		'open',
		'open',
	]);
	expect(await withdrawnIn(session)).toEqual([]);
	// What she said in the call is hers too, with the key that signed it.
	const other = await visited();
	const wish = { v: 1, session: other.session, subject: other.key.publicKey, at: 1 };
	const content = JSON.stringify(signed(other.key, 'sotto/deletion-request/v1', wish));
	const said = await asks(other);
	const { store } = local.server.context;
	await store.updateTable('requests').set({ content }).where('id', '=', said).execute();
	expect((await back(other, said, other.key)).status).toBe(200);
});

test('with an account one takes back what was asked with that account, and nothing else', async () => {
	const dana = await colleague(maya, 'participant-only');
	const visit = await visited();
	const { place } = visit;
	const { store } = local.server.context;
	const { id: member } = dana.signedIn.member;
	await store.updateTable('places').set({ member }).where('id', '=', place).execute();
	const path = `/api/visits/${place}/requests`;
	const withKey = await asks(visit);
	const own = { id: newId(), kind: 'copy' };
	expect((await dana.call('POST', path, own)).status).toBe(201);
	expect((await dana.call('POST', `${path}/${withKey}/withdraw`)).body.error).toBe('forbidden');
	expect((await back(visit, own.id, visit.key)).body.error).toBe('forbidden');
	expect((await dana.call('POST', `${path}/${own.id}/withdraw`)).status).toBe(200);
	expect(await withdrawnIn(visit.session)).toEqual([own.id]);
});
