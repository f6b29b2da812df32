import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
	RequestTasks,
	lookText,
	requestDueMs,
	requestExtensionMs,
} from '../../signaling/protocol/requests.ts';
import * as v from 'valibot';
import { colleague } from '../colleagues.ts';
import { waitAt } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { TestRecorder, startRecording } from '../recorder.ts';
import { enter, offer } from '../room.ts';
import type { Staff } from '../staff.ts';
import { type Answer, type Key, bytesOf, call, newId, newKey, signWith, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const dayMs = 24 * 60 * 60_000;
let local: LocalServer & { maya: Staff };
let maya: Staff;
let tom: Staff;
let dana: Staff;
let tick = 0;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	tom = await colleague(maya);
	dana = await colleague(maya, 'participant-only');
});
afterAll(() => local.stop());

/** Time goes by; whoever was idle signs in again. */
async function forward(ms: number): Promise<void> {
	local.clock.forward(ms);
	for (const who of [maya, tom, dana]) await who.unlock();
}

/** A recorded visit that is over, and the key with which somebody was there. */
async function visited({ places = 1, recorded = true } = {}) {
	const session = await maya.session({ recorded, places, startsAt: local.clock.now() });
	const place = session.places[0] ?? '';
	const { key, line, seat } = await waitAt(local.address, place);
	const host = await enter(maya, session.id);
	await offer(host.line, 1, [host.seat, seat]);
	await line.close();
	await host.line.close();
	await maya.call('POST', `/api/sessions/${session.id}/end`);
	return { session: session.id, place, key, places: session.places };
}
type Visited = Awaited<ReturnType<typeof visited>>;

function textOf({ place, session, key }: Visited, kind: string, change: object = {}) {
	const at = local.clock.now() + (tick += 1);
	const about = { v: 1, id: newId(), place, session, kind, subject: key.publicKey };
	return { ...about, box: newKey().publicKey, at, ...change };
}

function ask(visit: Visited, text: object, key: Key = visit.key): Promise<Answer> {
	const request = signed(key, 'sotto/request/v1', text);
	return call(local.address, 'POST', `/api/places/${visit.place}/requests`, { body: { request } });
}

/** Signs a nonce of the server's, or the one that is given. */
async function proofOf(
	{ place, key }: Pick<Visited, 'place' | 'key'>,
	by: Key = key,
	given?: string,
): Promise<object> {
	const path = `/api/places/${place}/requests/challenge`;
	const nonce: string = given ?? (await call(local.address, 'POST', path)).body.nonce;
	const signature = signWith(by, 'sotto/request-look/v1', lookText(place, nonce));
	return { publicKey: key.publicKey, nonce, signature };
}

const lookWith = (place: string, body: object): Promise<Answer> =>
	call(local.address, 'POST', `/api/places/${place}/requests/look`, { body });

const look = async (visit: Pick<Visited, 'place' | 'key'>, by: Key = visit.key): Promise<Answer> =>
	lookWith(visit.place, await proofOf(visit, by));

const tasks = async (who: Staff) =>
	v.parse(RequestTasks, (await who.call('GET', '/api/requests')).body).requests;
const acts = async (session: string) =>
	(await maya.call('GET', `/api/sessions/${session}/history`)).body.rows.map(
		({ act, about }: { act: string; about: string | null }) => [act, about],
	);

test('weeks after the visit, with the key of the visit, somebody asks for a copy; it is a task that is due in 30 days', async () => {
	const visit = await visited();
	await forward(20 * dayMs);
	const text = textOf(visit, 'copy');
	const made = await ask(visit, text);
	const dueAt = local.clock.now() + requestDueMs;
	expect(made).toMatchObject({
		status: 201,
		body: { requests: [{ id: text.id, kind: 'copy', state: 'open', dueAt, extension: null }] },
	});
	expect((await ask(visit, text)).status).toBe(200);
	expect((await look(visit)).body).toEqual(made.body);
	const task = (await tasks(maya)).find(({ id }) => id === text.id);
	expect(task).toMatchObject({ session: visit.session, place: visit.place, source: 'participant' });
	expect(JSON.parse(task?.request?.text ?? '')).toMatchObject({ subject: visit.key.publicKey });
	expect(await acts(visit.session)).toContainEqual(['request-made', text.id]);
});

test('nobody else asks in her name: not with another key, not for another place, not with an altered wish', async () => {
	const visit = await visited({ places: 2 });
	const other = await visited();
	const stranger = newKey();
	expect((await ask(visit, textOf(visit, 'delete'), stranger)).body.error).toBe('forbidden');
	const theirs = textOf(visit, 'delete', { subject: stranger.publicKey });
	expect((await ask(visit, theirs, stranger)).body.error).toBe('not-found');
	const elsewhere = textOf(visit, 'delete', { place: other.place });
	expect((await ask(visit, elsewhere)).body.error).toBe('forbidden');
	const [, second = ''] = visit.places;
	expect((await ask({ ...visit, place: second }, textOf(visit, 'copy'))).body.error).toBe(
		'not-found',
	);
	const request = signed(visit.key, 'sotto/request/v1', textOf(visit, 'stop'));
	const altered = { ...request, text: request.text.replace('stop', 'delete') };
	const path = `/api/places/${visit.place}/requests`;
	const sent = await call(local.address, 'POST', path, { body: { request: altered } });
	expect(sent.body.error).toBe('forbidden');
	expect((await look(visit, stranger)).body.error).toBe('forbidden');
	expect((await look({ place: visit.place, key: stranger })).body.error).toBe('not-found');
	expect((await look({ place: newId(), key: visit.key })).body.error).toBe('not-found');
	expect((await look(visit)).body.requests).toEqual([]);
});

test('what was signed for one look is good for no other, nor for another place, nor later', async () => {
	const visit = await visited();
	const proof = await proofOf(visit);
	expect((await lookWith(visit.place, proof)).status).toBe(200);
	expect((await lookWith(visit.place, proof)).body.error).toBe('forbidden');
	const own = await proofOf(visit, visit.key, newKey().publicKey);
	expect((await lookWith(visit.place, own)).body.error).toBe('forbidden');
	const other = await visited();
	const path = `/api/places/${other.place}/requests/challenge`;
	const { nonce } = (await call(local.address, 'POST', path)).body;
	const elsewhere = await proofOf(visit, visit.key, nonce);
	expect((await lookWith(visit.place, elsewhere)).body.error).toBe('forbidden');
	const late = await proofOf(visit);
	await forward(61_000);
	expect((await lookWith(visit.place, late)).body.error).toBe('forbidden');
});

test('who was never let in has nothing to ask for, and a visit that was not recorded neither', async () => {
	const { id, places } = await maya.session({ recorded: true, startsAt: local.clock.now() });
	const [place = ''] = places;
	const { key, line } = await waitAt(local.address, place);
	await line.close();
	const visit = { session: id, place, key, places };
	expect((await ask(visit, textOf(visit, 'copy'))).body.error).toBe('not-found');
	const plain = await visited({ recorded: false });
	expect((await ask(plain, textOf(plain, 'copy'))).body.error).toBe('not-found');
});

test('the same is asked once at a time', async () => {
	const visit = await visited();
	expect((await ask(visit, textOf(visit, 'copy'))).status).toBe(201);
	expect((await ask(visit, textOf(visit, 'copy'))).body.error).toBe('conflict');
	expect((await ask(visit, textOf(visit, 'delete'))).status).toBe(201);
});

test('it is extended once, by 30 days, with the reason; then it is done or declined, and she sees all of it', async () => {
	const visit = await visited();
	const copy = textOf(visit, 'copy');
	const stop = textOf(visit, 'stop');
	await ask(visit, copy);
	await ask(visit, stop);
	const madeAt = local.clock.now();
	await forward(29 * dayMs);
	const path = (id: string, what: string) => `/api/requests/${id}/${what}`;
	const words = bytesOf(80);
	const extend = { reason: 'elsewhere', words };
	expect((await tom.call('POST', path(copy.id, 'extend'), extend)).body.error).toBe('not-found');
	expect((await maya.call('POST', path(copy.id, 'extend'), extend)).status).toBe(204);
	expect((await maya.call('POST', path(copy.id, 'extend'), extend)).body.error).toBe('conflict');
	const seen = async (id: string) =>
		(await look(visit)).body.requests.find((one: { id: string }) => one.id === id);
	expect(await seen(copy.id)).toMatchObject({
		madeAt,
		dueAt: madeAt + requestDueMs + requestExtensionMs,
		extension: { at: local.clock.now(), reason: 'elsewhere', words },
	});
	const decline = { state: 'declined', reason: 'law', words };
	expect((await tom.call('POST', path(stop.id, 'close'), decline)).body.error).toBe('not-found');
	const senseless = { state: 'declined', words: null };
	expect((await maya.call('POST', path(stop.id, 'close'), senseless)).body.error).toBe(
		'bad-request',
	);
	expect((await maya.call('POST', path(stop.id, 'close'), decline)).status).toBe(204);
	const done = { state: 'done', words: null };
	expect((await maya.call('POST', path(copy.id, 'close'), done)).status).toBe(204);
	expect((await maya.call('POST', path(copy.id, 'close'), done)).status).toBe(204);
	expect((await maya.call('POST', path(copy.id, 'close'), decline)).body.error).toBe('conflict');
	expect((await maya.call('POST', path(copy.id, 'extend'), extend)).body.error).toBe('conflict');
	expect(await seen(copy.id)).toMatchObject({ state: 'done', reason: null });
	expect(await seen(stop.id)).toMatchObject({ state: 'declined', reason: 'law', words });
	expect(await acts(visit.session)).toEqual(
		expect.arrayContaining([
			['request-extended', copy.id],
			['request-done', copy.id],
			['request-declined', stop.id],
		]),
	);
});

test('the list has the one that is due first in front, and belongs to the host and the admins', async () => {
	const visit = await visited();
	const open = (await tasks(maya)).filter(({ state }) => state === 'open');
	expect(open.map(({ dueAt }) => dueAt)).toEqual(
		open.map(({ dueAt }) => dueAt).toSorted((a, b) => a - b),
	);
	await ask(visit, textOf(visit, 'copy'));
	expect(await tasks(tom)).toEqual([]);
	expect((await dana.call('GET', '/api/requests')).body.error).toBe('forbidden');
	// Long after they were closed they are not on the list any more.
	const closed = (await tasks(maya)).filter(({ state }) => state !== 'open');
	expect(closed.length).toBeGreaterThan(0);
	await forward(91 * dayMs);
	expect((await tasks(maya)).filter(({ state }) => state !== 'open')).toEqual([]);
});

test('a wish to delete that was said in the call is a task too, once', async () => {
	const { id, places } = await maya.session({ recorded: true, startsAt: local.clock.now() });
	const [place = ''] = places;
	const { token, key, line } = await waitAt(local.address, place);
	const text = { v: 1, session: id, subject: key.publicKey, at: local.clock.now() };
	const body = { request: signed(key, 'sotto/deletion-request/v1', text) };
	for (const _ of [1, 2])
		await call(local.address, 'POST', '/api/deletion-requests', { token, body });
	await line.close();
	const found = (await tasks(maya)).filter(({ session }) => session === id);
	expect(found).toMatchObject([{ kind: 'delete', place, dueAt: local.clock.now() + requestDueMs }]);
});

test('what came by letter is entered with the day on which it came, and its clock runs from there', async () => {
	const visit = await visited();
	const recorder = await startRecording(maya);
	const receivedAt = local.clock.now() - 10 * dayMs;
	const entered = { id: newId(), session: recorder.session, kind: 'copy', receivedAt };
	const { body } = await maya.call('GET', `/api/sessions/${recorder.session}`);
	const place = body.places[0].id;
	expect((await maya.call('POST', '/api/requests', { ...entered, place })).status).toBe(201);
	expect((await maya.call('POST', '/api/requests', { ...entered, place })).status).toBe(200);
	const task = (await tasks(maya)).find(({ id }) => id === entered.id);
	expect(task).toMatchObject({
		dueAt: receivedAt + requestDueMs,
		source: 'staff',
		request: null,
		recordings: [recorder.id],
	});
	const wrong: [Staff, object, string][] = [
		[maya, { place: visit.place }, 'not-found'],
		[tom, { place }, 'not-found'],
		[maya, { place, receivedAt: local.clock.now() + 1 }, 'bad-request'],
		[maya, { place, receivedAt: 0 }, 'bad-request'],
	];
	for (const [who, change, error] of wrong) {
		const sent = { ...entered, id: newId(), ...change };
		expect((await who.call('POST', '/api/requests', sent)).body.error).toBe(error);
	}
});

test('a request to delete is not done before something was deleted', async () => {
	const asks = async () => {
		const recorder = await startRecording(maya);
		const { id: recording, session } = recorder;
		const place = (await maya.call('GET', `/api/sessions/${session}`)).body.places[0].id;
		const id = newId();
		const wanted = { id, session, place, kind: 'delete', receivedAt: local.clock.now() };
		expect((await maya.call('POST', '/api/requests', wanted)).status).toBe(201);
		return { id, recording, session, path: `/api/requests/${id}/close` };
	};
	const done = { state: 'done', words: null };
	const one = await asks();
	const shown = async () => (await tasks(maya)).find(({ id }) => id === one.id);
	expect(await shown()).toMatchObject({ untouched: [one.recording] });
	expect((await maya.call('POST', one.path, done)).body.error).toBe('conflict');
	expect(await shown()).toMatchObject({ state: 'open' });
	expect((await maya.call('DELETE', `/api/recordings/${one.recording}`)).status).toBe(204);
	expect(await shown()).toMatchObject({ untouched: [], recordings: [], state: 'done' });
	expect((await maya.call('POST', one.path, done)).status).toBe(204);
	// Where one person's track is gone, the others' may stay.
	const other = await asks();
	const { context } = local.server;
	const { recording, session } = other;
	const row = { act: 'track-destroyed', who: maya.signedIn.member.id, session, recording } as const;
	expect((await maya.call('POST', other.path, done)).body.error).toBe('conflict');
	await context.store.transaction().execute((db) => context.history.add(db, row));
	expect((await maya.call('POST', other.path, done)).status).toBe(204);
	// Declining needs no deletion.
	const declined = { state: 'declined', reason: 'law', words: null };
	expect((await maya.call('POST', (await asks()).path, declined)).status).toBe(204);
});

test('a participant with an account asks for her own appointments, and for nobody else’s', async () => {
	const session = await maya.session({ recorded: true, startsAt: local.clock.now() });
	const [place = ''] = session.places;
	const sealed = bytesOf(50);
	const visit = { member: dana.signedIn.member.id, sealed: bytesOf(70) };
	await maya.call('PATCH', `/api/sessions/${session.id}`, {
		places: [{ id: place, sealed, visit }],
	});
	const path = `/api/visits/${place}/requests`;
	const wanted = { id: newId(), kind: 'delete' };
	expect((await dana.call('POST', path, wanted)).status).toBe(201);
	expect((await dana.call('GET', path)).body.requests).toMatchObject([wanted]);
	const plain = await maya.session({ startsAt: local.clock.now() });
	const [unrecorded = ''] = plain.places;
	const places = [{ id: unrecorded, sealed, visit }];
	await maya.call('PATCH', `/api/sessions/${plain.id}`, { places });
	const there = await dana.call('GET', `/api/visits/${unrecorded}/requests`);
	expect(there.body.error).toBe('not-found');
	const ines = await colleague(maya, 'participant-only');
	expect((await ines.call('GET', path)).body.error).toBe('not-found');
	expect((await ines.call('POST', path, wanted)).body.error).toBe('not-found');
	const task = (await tasks(maya)).find(({ id }) => id === wanted.id);
	expect(task).toMatchObject({ source: 'account', member: dana.signedIn.member.id });
});

test('with the last recording of a session goes what was asked of it, on the day that the receipt names', async () => {
	const first = await startRecording(maya);
	const { session } = first;
	const second = await new TestRecorder(maya, session).start();
	const place = (await maya.call('GET', `/api/sessions/${session}`)).body.places[0].id;
	const receivedAt = local.clock.now();
	const asked = ['delete', 'stop', 'copy'].map((kind) => ({ id: newId(), kind }));
	for (const one of asked)
		await maya.call('POST', '/api/requests', { ...one, session, place, receivedAt });
	const shown = async () => {
		const all = await tasks(maya);
		return asked.map(({ id }) => all.find((task) => task.id === id));
	};
	local.clock.forward(1000);
	expect((await maya.call('DELETE', `/api/recordings/${first.id}`)).status).toBe(204);
	expect((await shown()).map((one) => one?.state)).toEqual(['open', 'open', 'open']);
	local.clock.forward(1000);
	expect((await maya.call('DELETE', `/api/recordings/${second.id}`)).status).toBe(204);
	const receipt = (await maya.call('GET', `/api/recordings/${second.id}/receipt`)).body;
	const [deleted, stopped, copy] = await shown();
	expect([deleted, stopped]).toMatchObject([
		{ state: 'done', closedAt: receipt.at },
		{ state: 'done', closedAt: receipt.at },
	]);
	expect(copy?.state).toBe('open');
	expect((await acts(session)).filter(([act]: [string]) => act === 'request-done')).toEqual([
		['request-done', deleted?.id],
		['request-done', stopped?.id],
	]);
});
