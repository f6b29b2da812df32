import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { claimPlace, waitAt } from '../line.ts';
import { type LocalServer, localPractice, localServer } from '../local.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, call, newId, newKey, signWith } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const person = {
	practice: 'Kestrel House',
	name: 'Ottilie Brandt',
	email: 'ottilie.brandt@example.org',
	password: 'seventeen herons',
};
let local: LocalServer & { maya: Staff };
let pages: string;
let address: string;

async function buildPages(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'sotto-pages-'));
	await mkdir(join(folder, 'code/immutable'), { recursive: true });
	await writeFile(join(folder, '200.html'), '<!doctype html><title>shell</title>');
	await writeFile(join(folder, 'index.html'), '<!doctype html><title>home</title>');
	await writeFile(join(folder, 'setup.html'), '<!doctype html><title>setup</title>');
	await writeFile(join(folder, 'code/immutable/a.js'), 'let plain;');
	await writeFile(join(folder, 'code/immutable/a.js.br'), 'squeezed');
	await writeFile(join(folder, 'service-worker.js'), 'let worker;');
	return folder;
}

beforeAll(async () => {
	pages = await buildPages();
	local = await localPractice({
		person,
		env: {
			PAGES_DIR: pages,
			LOG_LEVEL: 'debug',
			STUN_URL: 'stun:stun.example.org:3478',
			TURN_URL: 'turn:turn.example.org:3478',
			TURN_SECRET: 'a shared secret',
		},
	});
	({ address } = local);
});
afterAll(async () => {
	await local.stop();
	await rm(pages, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
	fetch(`${address}${path}`, { headers });

test('pages: as they are, compressed, and the shell for every other address', async () => {
	const html = { accept: 'text/html' };
	expect(await (await get('/', html)).text()).toContain('home');
	expect(await (await get('/setup', html)).text()).toContain('setup');
	const deep = await get('/sessions/abc', html);
	expect(deep.status).toBe(200);
	expect(await deep.text()).toContain('shell');
	expect((await get('/sessions/abc', { accept: '*/*' })).status).toBe(404);
	expect((await get('/api/nothing', html)).status).toBe(404);
	expect((await get('/../package.json', html)).headers.get('content-type')).toContain('html');
	const script = await get('/code/immutable/a.js', { 'accept-encoding': 'identity' });
	expect(await script.text()).toBe('let plain;');
	expect(script.headers.get('cache-control')).toContain('immutable');
	const squeezed = await call(address, 'GET', '/code/immutable/a.js', {
		headers: { 'accept-encoding': 'br' },
	}).catch((error: Error) => error);
	// The test file is no real brotli: that fetch cannot read it shows that it was sent.
	expect(squeezed).toBeInstanceOf(Error);
	const worker = await get('/service-worker.js');
	expect(worker.headers.get('cache-control')).toBe('no-cache');
});

test('every answer has the headers that keep others out', async () => {
	for (const path of ['/', '/api/config', '/api/nothing', '/healthz']) {
		const { headers } = await get(path, { accept: 'text/html' });
		expect(headers.get('content-security-policy')).toBe("frame-ancestors 'none'");
		expect(headers.get('x-content-type-options')).toBe('nosniff');
		expect(headers.get('referrer-policy')).toBe('no-referrer');
		expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
		expect(headers.get('permissions-policy')).toContain('camera=(self)');
		expect(headers.get('strict-transport-security')).toBeNull();
		expect(headers.get('set-cookie')).toBeNull();
	}
	expect((await get('/api/config')).headers.get('cache-control')).toBe('no-store');
	expect(await (await get('/healthz')).json()).toEqual({ ok: true });
});

test('HSTS where the address is https', async () => {
	const secure = await localServer({ env: { ORIGINS: 'https://visit.example.org' } });
	const { app } = secure.server;
	const ask = (host: string) => app.inject({ url: '/healthz', headers: { host } });
	expect((await ask('visit.example.org')).headers['strict-transport-security']).toContain(
		'max-age',
	);
	expect((await ask('localhost')).headers['strict-transport-security']).toBeUndefined();
	await secure.stop();
});

test('only pages on the list change anything or read an answer', async () => {
	const post = (origin: string | null) =>
		call(address, 'POST', '/api/recovery/start', { body: { email: 'a@example.org' }, origin });
	for (const origin of [null, 'null', 'https://elsewhere.example', `${address}.example`])
		expect(await post(origin)).toMatchObject({ status: 403, body: { error: 'origin' } });
	const allowed = await post(address);
	expect(allowed.status).toBe(200);
	expect(allowed.headers.get('access-control-allow-origin')).toBe(address);
	expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
	const preflight = await call(address, 'OPTIONS', '/api/sessions');
	expect(preflight.status).toBe(204);
	expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
	const foreign = await call(address, 'OPTIONS', '/api/sessions', {
		origin: 'https://elsewhere.example',
	});
	expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
	const nowhere = await call(address, 'GET', '/api/config', { origin: null });
	expect(nowhere.status).toBe(200);
});

const raw = (body: string, type = 'application/json') =>
	fetch(`${address}/api/login/start`, {
		method: 'POST',
		headers: { origin: address, 'content-type': type },
		body,
	});

test('what is malformed or too large gets its code', async () => {
	for (const body of ['{', '{}', 'null', '{"email":1}', '{"email":"a@b.c","more":1}']) {
		const response = await raw(body);
		expect([response.status, await response.json()]).toEqual([400, { error: 'bad-request' }]);
	}
	expect((await raw('a=b', 'application/x-www-form-urlencoded')).status).toBe(400);
	const large = await raw(JSON.stringify({ email: 'x'.repeat(600 * 1024) }));
	expect([large.status, await large.json()]).toEqual([413, { error: 'over-limit' }]);
	for (const path of ['/api/sessions/short', '/api/places/!', '/api/recordings/a/objects/b/c'])
		expect([400, 401]).toContain((await get(path)).status);
	expect((await get(`/api/places/${newId()}`)).status).toBe(404);
	const { status, body } = await local.maya.call('GET', '/api/sessions?from=yesterday');
	expect([status, body]).toEqual([400, { error: 'bad-request' }]);
});

test('ICE servers come from the configuration, with credentials that coturn takes', async () => {
	const { body } = await local.maya.call('GET', '/api/ice');
	expect(body).toMatchObject({ relay: true, expiresInMs: 6 * 60 * 60_000 });
	const [stun, turn] = body.iceServers;
	expect(stun).toEqual({ urls: ['stun:stun.example.org:3478'] });
	expect(Number(turn.username.split(':')[0])).toBe(local.clock.now() / 1000 + 6 * 60 * 60);
	expect(turn.credential).toBe(
		createHmac('sha1', 'a shared secret').update(turn.username).digest('base64'),
	);
	expect((await call(address, 'GET', '/api/ice')).body.error).toBe('token');
	const { places } = await local.maya.session();
	const { token } = await claimPlace(address, places[0] ?? '');
	expect((await call(address, 'GET', '/api/ice', { token })).status).toBe(200);
	expect((await call(address, 'GET', '/api/me', { token })).body.error).toBe('token');
});

test('sessions: made once, changed never, seen by their members only', async () => {
	const request = {
		id: newId(),
		startsAt: local.clock.now(),
		minutes: 50,
		sealed: bytesOf(100),
		notice: null,
		places: [{ id: newId(), sealed: bytesOf(20) }],
	};
	const post = (body: unknown) => local.maya.call('POST', '/api/sessions', body);
	expect((await post(request)).status).toBe(201);
	expect((await post(request)).status).toBe(200);
	expect((await post({ ...request, minutes: 51 })).body.error).toBe('conflict');
	expect((await post({ ...request, id: newId() })).body.error).toBe('conflict');
	expect((await post({ ...request, id: newId(), startsAt: 1 })).body.error).toBe('bad-request');
	const { body } = await local.maya.call('GET', `/api/sessions/${request.id}`);
	expect(body).toMatchObject({ ...request, state: 'planned', generation: 0, endedAt: null });
	const span = `from=${request.startsAt}&to=${request.startsAt}`;
	const list = (await local.maya.call('GET', `/api/sessions?${span}`)).body.sessions;
	expect(list.map(({ id }: { id: string }) => id)).toContain(request.id);
	expect((await local.maya.call('GET', `/api/sessions?from=${request.startsAt + 1}`)).body).toEqual(
		{
			sessions: [],
		},
	);
	expect((await local.maya.call('GET', `/api/sessions/${newId()}`)).status).toBe(404);
	const place = await call(address, 'GET', `/api/places/${request.places[0]?.id}`);
	expect(place.body).toMatchObject({
		session: request.id,
		practice: 'Kestrel House',
		host: { name: 'Ottilie Brandt' },
		notice: null,
	});
	const claim = (publicKey: string, signature: string) =>
		call(address, 'POST', `/api/places/${request.places[0]?.id}/claims`, {
			body: { publicKey, signature },
		});
	const key = newKey();
	const stolen = signWith(newKey(), 'sotto/claim/v1', request.places[0]?.id ?? '');
	expect((await claim(key.publicKey, stolen)).body.error).toBe('forbidden');
	const one = await claimPlace(address, request.places[0]?.id ?? '', key);
	const two = await claimPlace(address, request.places[0]?.id ?? '', key);
	expect([two.seat, two.token === one.token]).toEqual([one.seat, false]);
	expect((await call(address, 'GET', '/api/ice', { token: one.token })).body.error).toBe('token');
});

test('a session that nobody ended ends by itself a day later', async () => {
	const { id } = await local.maya.session({ startsAt: local.clock.now() });
	const { endForgotten } = await import('../../signaling/room/acts.ts');
	const { hub } = local.server.context;
	const state = async () => (await local.maya.call('GET', `/api/sessions/${id}`)).body.state;
	local.clock.forward(24 * 60 * 60_000);
	local.maya.signedIn = (await local.maya.unlock()).body;
	await endForgotten(hub);
	expect(await state()).toBe('planned');
	local.clock.forward(51 * 60_000);
	local.maya.signedIn = (await local.maya.unlock()).body;
	await endForgotten(hub);
	expect(await state()).toBe('ended');
	const { rows } = (await local.maya.call('GET', `/api/sessions/${id}/history`)).body;
	expect(rows.at(-1)).toMatchObject({ act: 'session-expired', who: null });
});

test('the log says what happened and to nobody', async () => {
	const { id, places } = await local.maya.session();
	const lea = await waitAt(address, places[0] ?? '', { proof: bytesOf(32) });
	await lea.line.ask({ type: 'leave', id: newId() });
	await lea.line.close();
	const { token } = (await local.maya.token()).body;
	await call(address, 'GET', `/api/sessions/${id}?who=${person.email}`, { token });
	await call(address, 'GET', `/api/places/${places[0]}`, {});
	await call(address, 'POST', '/api/login/start', { body: `{${person.email}` });
	await vi.waitFor(() => expect(local.log()).toContain('socket closed'));
	const log = local.log();
	const lines = log
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line));
	expect(lines).toContainEqual(
		expect.objectContaining({ route: '/api/sessions/:id', method: 'GET', status: 200 }),
	);
	expect(lines).toContainEqual(expect.objectContaining({ status: 400, code: 'bad-request' }));
	const { member, practice, device, half } = local.maya.signedIn;
	const personal = [
		...Object.values(person),
		id,
		...places,
		lea.seat,
		lea.token,
		lea.key.publicKey,
		token,
		member.id,
		practice.id,
		device,
		half,
		'127.0.0.1',
		'localhost',
		'::1',
		'who=',
	];
	// The search finds what is there.
	expect(personal.filter((text) => `${log}${token}`.includes(text))).toEqual([token]);
	expect(personal.filter((text) => log.includes(text))).toEqual([]);
});

test('a flood from one address is slowed down', async () => {
	const { app } = local.server;
	const ask = () => app.inject({ url: '/api/config', remoteAddress: '10.9.8.7' });
	let answer = await ask();
	for (let n = 0; n < 601 && answer.statusCode === 200; n += 1) answer = await ask();
	expect(answer.statusCode).toBe(429);
	expect(answer.json()).toEqual({ error: 'slow-down', next: expect.any(Number) });
	const other = await app.inject({ url: '/api/config', remoteAddress: '10.9.8.6' });
	expect(other.statusCode).toBe(200);
	// Whoever writes the header herself is not believed.
	const headers = { 'x-forwarded-for': '10.1.1.1' };
	const posing = await app.inject({ url: '/api/config', remoteAddress: '10.9.8.7', headers });
	expect(posing.statusCode).toBe(429);
});
