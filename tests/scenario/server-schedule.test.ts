import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { changeSettings } from '../colleagues.ts';
import { waitAt } from '../line.ts';
import { startServer, type TestServer } from '../server.ts';
import { signUp, type Staff } from '../staff.ts';
import { bytesOf, call, newId, newKey, signed, signedNotice } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const tomorrow = Date.now() + 24 * 60 * 60_000;
let server: TestServer;
let maya: Staff;

beforeAll(async () => {
	server = await startServer();
	maya = await signUp(server.address, server.setupUrl);
});
afterAll(() => server.stop());

const read = async (id: string) => (await maya.call('GET', `/api/sessions/${id}`)).body;
const actsOf = async (id: string): Promise<string[]> => {
	const { body } = await maya.call('GET', `/api/sessions/${id}/history`);
	return body.rows.map((row: { act: string }) => row.act);
};

test('a session gets another time, other texts, one person more and one less', async () => {
	const { id, places } = await maya.session({ startsAt: tomorrow, recorded: true });
	const before = await read(id);
	const [sealed, ofPlace] = [bytesOf(300), bytesOf(200)];
	const wanted = { startsAt: tomorrow + 60_000, minutes: 80, sealed };
	const changed = await maya.call('PATCH', `/api/sessions/${id}`, {
		...wanted,
		places: [{ id: places[0], sealed: ofPlace }],
	});
	expect(changed).toMatchObject({ status: 200, body: wanted });
	const added = newId();
	const more = { id: added, sealed: bytesOf(60) };
	expect((await maya.call('POST', `/api/sessions/${id}/places`, more)).status).toBe(201);
	expect((await maya.call('POST', `/api/sessions/${id}/places`, more)).status).toBe(409);
	expect((await read(id)).places).toEqual([{ id: places[0], sealed: ofPlace }, more]);
	expect((await maya.call('DELETE', `/api/sessions/${id}/places/${places[0]}`)).status).toBe(204);
	expect((await call(server.address, 'GET', `/api/places/${places[0]}`)).status).toBe(404);
	// The last one stays: a session is with somebody.
	expect((await maya.call('DELETE', `/api/sessions/${id}/places/${added}`)).status).toBe(409);
	expect(await read(id)).toEqual({ ...before, ...wanted, places: [more] });
	expect(await actsOf(id)).toEqual(['session-made', ...Array(3).fill('session-changed')]);
});

test('the notice that people agree to cannot be changed, nor a place of another session', async () => {
	const { id } = await maya.session({ startsAt: tomorrow, recorded: true });
	const other = await maya.session({ startsAt: tomorrow });
	const { notice } = await read(id);
	expect((await maya.call('PATCH', `/api/sessions/${id}`, { notice: null })).status).toBe(400);
	const places = [{ id: other.places[0], sealed: bytesOf(10) }];
	expect((await maya.call('PATCH', `/api/sessions/${id}`, { minutes: 5, places })).status).toBe(
		404,
	);
	expect(await read(id)).toMatchObject({ notice, minutes: 50 });
	const years = { startsAt: tomorrow + 3 * 366 * 24 * 60 * 60_000 };
	expect((await maya.call('PATCH', `/api/sessions/${id}`, years)).status).toBe(400);
});

test('a sixth person is not invited', async () => {
	const { id } = await maya.session({ startsAt: tomorrow, places: 5 });
	const more = { id: newId(), sealed: bytesOf(60) };
	expect(await maya.call('POST', `/api/sessions/${id}/places`, more)).toMatchObject({
		body: { error: 'over-limit' },
	});
});

test('a cancelled session is over for everybody, once', async () => {
	const { id, places } = await maya.session({ startsAt: tomorrow });
	expect((await maya.call('POST', `/api/sessions/${id}/cancel`)).status).toBe(204);
	expect((await maya.call('POST', `/api/sessions/${id}/cancel`)).status).toBe(204);
	expect(await read(id)).toMatchObject({ state: 'ended', cancelled: true });
	expect(await actsOf(id)).toEqual(['session-made', 'session-cancelled', 'session-ended']);
	const { body } = await call(server.address, 'GET', `/api/places/${places[0]}`);
	expect(body).toMatchObject({ state: 'ended' });
	for (const [method, path, wanted] of [
		['PATCH', '', { minutes: 20 }],
		['POST', '/places', { id: newId(), sealed: bytesOf(20) }],
		['DELETE', `/places/${places[0]}`, undefined],
	] as const) {
		const answer = await maya.call(method, `/api/sessions/${id}${path}`, wanted);
		expect(answer).toMatchObject({ status: 410, body: { error: 'session-ended' } });
	}
});

test('what has begun is not cancelled, and who is there is not removed', async () => {
	const { id, places } = await maya.session({ places: 2 });
	const lea = await waitAt(server.address, places[0] ?? '');
	const gone = await maya.call('DELETE', `/api/sessions/${id}/places/${places[0]}`);
	expect(gone).toMatchObject({ status: 409, body: { error: 'conflict' } });
	const host = await maya.line();
	await host.ask({ type: 'enter', id: newId(), session: id, seat: newId() });
	expect((await maya.call('POST', `/api/sessions/${id}/cancel`)).status).toBe(409);
	expect(await read(id)).toMatchObject({ state: 'open', cancelled: false });
	for (const line of [host, lea.line]) await line.close();
});

test('only who may make sessions for others makes one for another, and never a recorded one', async () => {
	const wanted = {
		id: newId(),
		host: newId(),
		startsAt: tomorrow,
		minutes: 50,
		sealed: bytesOf(100),
		notice: null,
		places: [{ id: newId(), sealed: bytesOf(50) }],
	};
	expect((await maya.call('POST', '/api/sessions', wanted)).status).toBe(403);
	const own = { ...wanted, host: maya.signedIn.member.id };
	expect((await maya.call('POST', '/api/sessions', own)).status).toBe(201);
	expect((await maya.call('POST', '/api/sessions', own)).status).toBe(200);
});

test('a page of digests is kept under its own hash and no other', async () => {
	const page = bytesOf(96);
	const hash = createHash('sha256').update(Buffer.from(page, 'base64url')).digest('base64url');
	const path = `/api/digest-pages/${hash}`;
	expect((await maya.call('GET', path)).status).toBe(404);
	for (const [body, status] of [
		[{ page: bytesOf(96) }, 400],
		[{ page }, 204],
		[{ page }, 204],
	] as const)
		expect((await maya.call('PUT', path, body)).status).toBe(status);
	expect((await maya.call('GET', path)).body).toEqual({ page });
});

const newSession = (more: object = {}) => ({
	id: newId(),
	startsAt: tomorrow,
	minutes: 50,
	sealed: bytesOf(100),
	notice: null,
	places: [{ id: newId(), sealed: bytesOf(50) }],
	...more,
});
const make = (wanted: object) => maya.call('POST', '/api/sessions', wanted);

test('a notice is stored only when the host signed it for this session, and is one', async () => {
	const id = newId();
	const good = signedNotice(maya.identity, id);
	const words = JSON.parse(good.text);
	const said = (value: unknown) => signed(maya.identity, 'sotto/notice/v1', value);
	const bad = [
		{ ...good, signature: bytesOf(64) },
		{ ...good, text: good.text.replace('Supervision', 'Amusement') },
		signedNotice(newKey(), id),
		signedNotice(maya.identity, newId()),
		signed(maya.identity, 'sotto/token/v1', words),
		said({ ...words, hostKey: newKey().publicKey }),
		said({ ...words, v: 2 }),
		said({ ...words, purpose: undefined }),
		said({ ...words, recorder: 'server' }),
		said({ ...words, more: 1 }),
		said({ ...words, openers: 'x'.repeat(2001) }),
		said('a text'),
		{ ...good, text: 'no JSON' },
		{ text: good.text },
	];
	for (const notice of bad)
		expect(await make(newSession({ id, notice }))).toMatchObject({
			status: 400,
			body: { error: 'bad-request' },
		});
	expect((await make(newSession({ id, notice: good }))).status).toBe(201);
	expect((await read(id)).notice).toEqual(good);
});

test('where every session is recorded none is made without a notice', async () => {
	const choose = (choice: { recording: boolean; recordAll: boolean }) =>
		changeSettings(maya, choice);
	expect((await choose({ recording: true, recordAll: true })).status).toBe(204);
	expect((await make(newSession())).body).toEqual({ error: 'forbidden' });
	expect((await maya.session({ recorded: true })).places).toHaveLength(1);
	// Where nothing is recorded, the other wish means nothing.
	expect((await choose({ recording: false, recordAll: true })).status).toBe(204);
	expect((await make(newSession())).status).toBe(201);
	await expect(maya.session({ recorded: true })).rejects.toThrow('forbidden');
	expect((await choose({ recording: true, recordAll: false })).status).toBe(204);
});
