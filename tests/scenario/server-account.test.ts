import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as opaque from '@serenity-kit/opaque';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Line } from '../line.ts';
import { type LocalServer, localPractice, localServer } from '../local.ts';
import { keyStretching, logIn, newAccount, setupRequest, signUp, type Staff } from '../staff.ts';
import { bytesOf, call, newId, newKey, signed, signWith } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const minute = 60_000;
let local: LocalServer & { maya: Staff };
let maya: Staff;
let address: string;

beforeAll(async () => {
	local = await localPractice();
	({ maya, address } = local);
});
afterAll(() => local.stop());

const newDevice = (key = newKey()) => ({ publicKey: key.publicKey, name: 'Another browser' });
/** Maya at another browser. */
const rightLogin = () => {
	const { email, password } = maya;
	return logIn(address, { email, password, device: newDevice() });
};
const finishLogin = (body: unknown) => call(address, 'POST', '/api/login/finish', { body });
const unlock = async () => {
	const answer = await maya.unlock();
	expect(answer.status).toBe(200);
	maya.signedIn = answer.body;
};

test('the setup token: only the printed one, for fifteen minutes, once', async () => {
	const fresh = await localServer();
	const token = new URL(fresh.setupUrl ?? '').hash.slice(1);
	expect(token).toMatch(/^[\w-]{22}$/);
	expect((await call(fresh.address, 'GET', '/api/config')).body.ready).toBe(false);
	const other = await setupRequest(fresh.address, 'A'.repeat(22));
	expect(other.started).toMatchObject({ status: 403, body: { error: 'setup-token' } });
	const { finish } = await setupRequest(fresh.address, token);
	const send = (body: unknown) => call(fresh.address, 'POST', '/api/setup/finish', { body });
	expect((await send({ ...finish, token: 'A'.repeat(22) })).body.error).toBe('setup-token');
	const { member, practice } = finish;
	for (const change of [{ email: 'other@example.org' }, { role: 'clinician' }])
		expect((await send({ ...finish, member: { ...member, ...change } })).body.error).toBe(
			'bad-request',
		);
	const memberList = { ...practice.memberList, text: '{"version":2}' };
	const forged = await send({ ...finish, practice: { ...practice, memberList } });
	expect(forged.body.error).toBe('bad-request');
	fresh.clock.forward(15 * minute - 1);
	expect((await setupRequest(fresh.address, token)).started.status).toBe(200);
	fresh.clock.forward(1);
	expect((await send(finish)).body.error).toBe('setup-token');
	await fresh.close();
	const again = await localServer({ dataDir: fresh.dataDir });
	expect(again.setupUrl).not.toBe(fresh.setupUrl);
	await signUp(again.address, again.setupUrl);
	const burnt = new URL(again.setupUrl ?? '').hash.slice(1);
	expect((await setupRequest(again.address, burnt)).started.body.error).toBe('conflict');
	await again.close();
	const third = await localServer({ dataDir: fresh.dataDir });
	expect(third.setupUrl).toBeUndefined();
	await third.stop();
});

test('an unknown address is answered like a known one', async () => {
	await opaque.ready;
	const { startLoginRequest } = opaque.client.startLogin({ password: 'anything' });
	const start = (email: string) =>
		call(address, 'POST', '/api/login/start', { body: { email, startLoginRequest } });
	const [known, unknown, again] = [
		await start(maya.email),
		await start('nobody@example.org'),
		await start('nobody@example.org'),
	];
	const shape = ({ status, body }: typeof known) => ({
		status,
		login: body.login.length,
		response: body.loginResponse.length,
	});
	expect(shape(unknown)).toEqual(shape(known));
	expect(shape(again)).toEqual(shape(known));
	const login = { password: 'anything', device: newDevice() };
	const refusals = [
		await logIn(address, { ...login, email: 'nobody@example.org' }),
		await logIn(address, { ...login, email: maya.email }),
	];
	for (const { status, body } of refusals)
		expect({ status, body }).toEqual({ status: 401, body: { error: 'login-failed' } });
	const recoveries = [maya.email, 'nobody@example.org'].map((email) =>
		call(address, 'POST', '/api/recovery/start', { body: { email } }),
	);
	const [one, two] = await Promise.all(recoveries);
	expect(Object.keys(one?.body)).toEqual(Object.keys(two?.body));
});

test('ten tries, then fifteen minutes of waiting, for known and unknown alike', async () => {
	await opaque.ready;
	const { startLoginRequest } = opaque.client.startLogin({ password: 'wrong' });
	const guess = (email: string) =>
		call(address, 'POST', '/api/login/start', { body: { email, startLoginRequest } });
	for (const email of ['guessed@example.org', maya.email]) {
		local.clock.forward(15 * minute);
		for (let n = 0; n < 10; n += 1) expect((await guess(email)).status).toBe(200);
		const refused = await guess(email);
		expect(refused).toMatchObject({ status: 429, body: { error: 'too-many-tries', next: 900 } });
		expect(refused.headers.get('retry-after')).toBe('900');
	}
	expect((await rightLogin()).body.error).toBe('too-many-tries');
	local.clock.forward(15 * minute);
	for (let n = 0; n < 9; n += 1) await guess(maya.email);
	// What succeeds is forgiven: a busy day is no attack.
	expect((await rightLogin()).status).toBe(200);
	for (let n = 0; n < 10; n += 1) expect((await guess(maya.email)).status).toBe(200);
	local.clock.forward(15 * minute);
	// One address that tries many accounts is slowed down as well.
	for (let n = 0; n < 60; n += 1) await guess(`someone${n}@example.org`);
	expect((await guess('one.more@example.org')).body.error).toBe('too-many-tries');
	local.clock.forward(15 * minute);
});

test('a login is good once and for a minute', async () => {
	await opaque.ready;
	const { password, email } = maya;
	const begin = async () => {
		const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password });
		const { body } = await call(address, 'POST', '/api/login/start', {
			body: { email, startLoginRequest },
		});
		const finished = opaque.client.finishLogin({
			clientLoginState,
			loginResponse: body.loginResponse,
			password,
			keyStretching,
		});
		const { finishLoginRequest } = finished ?? {};
		return { login: body.login, finishLoginRequest, device: newDevice() };
	};
	const one = await begin();
	expect((await finishLogin(one)).status).toBe(200);
	expect((await finishLogin(one)).body.error).toBe('login-failed');
	const late = await begin();
	local.clock.forward(minute);
	expect((await finishLogin(late)).body.error).toBe('login-failed');
	const strange = await finishLogin({ ...(await begin()), device: newId() });
	expect(strange.body.error).toBe('not-found');
});

test('a token: this device, this nonce once, this origin', async () => {
	await unlock();
	const { device } = maya.signedIn;
	const challenge = async () =>
		(await call(address, 'POST', '/api/device/challenge', { body: { device } })).body.nonce;
	const ask = (options: { nonce: string; origin?: string; key?: typeof maya.deviceKey }) => {
		const { nonce, origin = address, key = maya.deviceKey } = options;
		const signature = signWith(key, 'sotto/token/v1', `${origin}\nstaff\n${nonce}`);
		const body = { device, nonce, origin, scope: 'staff', signature };
		return call(address, 'POST', '/api/device/token', { body });
	};
	const nonce = await challenge();
	const good = await ask({ nonce });
	expect(good).toMatchObject({ status: 200, body: { expiresInMs: 15 * minute } });
	expect((await ask({ nonce })).body.error).toBe('token');
	expect((await ask({ nonce: bytesOf(32) })).body.error).toBe('token');
	expect((await ask({ nonce: await challenge(), key: newKey() })).body.error).toBe('token');
	const elsewhere = await ask({ nonce: await challenge(), origin: 'https://elsewhere.example' });
	expect(elsewhere).toMatchObject({ status: 403, body: { error: 'origin' } });
	const old = await challenge();
	local.clock.forward(minute);
	expect((await ask({ nonce: old })).body.error).toBe('token');
	const { token } = good.body;
	const me = (origin: string | null) => call(address, 'GET', '/api/me', { token, origin });
	expect((await me(address)).status).toBe(200);
	expect((await me(null)).status).toBe(200);
	const numbers = address.replace('localhost', '127.0.0.1');
	// On the list, but not the page that the token was made for.
	expect((await me(numbers)).body.error).toBe('origin');
	await expect(
		(async () => {
			const line = await Line.open(address, { origin: numbers });
			line.send({ type: 'hello', token, version: 1 });
			await line.next('ready');
		})(),
	).rejects.toThrow('came: error');
	local.clock.forward(14 * minute);
	expect((await me(address)).body.error).toBe('token');
});

test('the half is released inside the idle limit only', async () => {
	await unlock();
	const { half } = maya.signedIn;
	const me = () => maya.call('GET', '/api/me');
	expect((await me()).body.half).toBe(half);
	local.clock.forward(14 * minute);
	expect((await maya.call('POST', '/api/device/active')).status).toBe(204);
	local.clock.forward(14 * minute);
	expect((await me()).body.half).toBe(half);
	const { token } = (await maya.token()).body;
	local.clock.forward(minute);
	const idle = await call(address, 'GET', '/api/sessions', { token });
	expect(idle).toMatchObject({ status: 423, body: { error: 'locked' } });
	expect((await maya.token()).body.error).toBe('locked');
	const { store } = local.server.context;
	const row = () =>
		store
			.selectFrom('devices')
			.select('half')
			.where('id', '=', maya.signedIn.device)
			.executeTakeFirst();
	expect(await row()).toEqual({ half: null });
	await unlock();
	expect(maya.signedIn.half).not.toBe(half);
});

test('lock and sign out', async () => {
	await unlock();
	const { device } = maya.signedIn;
	const { token } = (await maya.token()).body;
	const dashboard = await maya.line();
	expect((await maya.call('POST', '/api/device/lock')).status).toBe(204);
	expect(await dashboard.closed).toBe(4004);
	expect((await call(address, 'GET', '/api/me', { token })).body.error).toBe('token');
	expect((await maya.token()).body.error).toBe('locked');
	await unlock();
	expect(maya.signedIn.device).toBe(device);
	expect((await maya.call('POST', '/api/device/sign-out')).status).toBe(204);
	expect((await maya.token()).body.error).toBe('token');
	expect((await maya.unlock()).body.error).toBe('not-found');
	const { email, password, deviceKey } = maya;
	const again = await logIn(address, { email, password, device: newDevice(deviceKey) });
	expect(again.body.device).not.toBe(device);
	maya.signedIn = again.body;
});

test('the recovery key opens the account; another does not', async () => {
	const { email } = maya;
	const recover = async (key = maya.recovery) => {
		const { body } = await call(address, 'POST', '/api/recovery/start', { body: { email } });
		const nonce = Buffer.from(body.nonce, 'base64url');
		const message = Buffer.concat([nonce, Buffer.from(email)]);
		const signature = signWith(key, 'sotto/recovery/v1', message);
		const finish = { recovery: body.recovery, signature, device: newDevice() };
		const answer = await call(address, 'POST', '/api/recovery/finish', { body: finish });
		const again = await call(address, 'POST', '/api/recovery/finish', { body: finish });
		return { answer, again };
	};
	const wrong = await recover(newKey());
	expect(wrong.answer).toMatchObject({ status: 401, body: { error: 'login-failed' } });
	const right = await recover();
	expect(right.answer.body.member.email).toBe(email);
	expect(right.again.body.error).toBe('login-failed');
});

test('a new password replaces the old one', async () => {
	await unlock();
	const { email } = maya;
	const password = 'another horse entirely';
	const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({
		password,
	});
	const started = await maya.call('POST', '/api/password/start', { registrationRequest });
	const { registrationRecord } = opaque.client.finishRegistration({
		clientRegistrationState,
		registrationResponse: started.body.registrationResponse,
		password,
		keyStretching,
	});
	const { account: before } = (await maya.call('GET', '/api/me')).body;
	const [own, recovery] = before.unlockers;
	const [other] = newAccount(maya.recovery).unlockers;
	const text = {
		member: maya.signedIn.member.id,
		was: [own.id, recovery.id],
		unlockers: [other, recovery],
		record: createHash('sha256').update(registrationRecord).digest('base64url'),
	};
	const body = { registrationRecord, signed: signed(maya.identity, 'sotto/unlockers/v1', text) };
	expect((await maya.call('POST', '/api/password/finish', body)).status).toBe(204);
	const device = newDevice();
	const old = await logIn(address, { email, password: maya.password, device });
	expect(old.body.error).toBe('login-failed');
	const now = await logIn(address, { email, password, device });
	// The rest of the account is not the password's to replace.
	expect(now.body.account).toEqual({ ...before, unlockers: [other, recovery] });
});

test('the OPAQUE setup is nobody else’s to read, and its loss is said', async () => {
	const first = await localPractice();
	const path = join(first.dataDir, 'opaque.setup');
	const { stat, rm } = await import('node:fs/promises');
	expect((await stat(path)).mode & 0o777).toBe(0o600);
	const before = await readFile(path, 'utf8');
	await first.close();
	const second = await localServer({ dataDir: first.dataDir });
	expect(await readFile(path, 'utf8')).toBe(before);
	await second.close();
	await rm(path);
	await expect(localServer({ dataDir: first.dataDir })).rejects.toThrow('restore it');
	await rm(first.dataDir, { recursive: true });
});
