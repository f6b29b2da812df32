import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { Staff } from '../staff.ts';
import { type Answer, bytesOf, call, type Key, newId, newKey, signed } from '../wire.ts';

let local: LocalServer & { maya: Staff };
let maya: Staff;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
});
beforeEach(() => {
	// Tries are counted for a quarter of an hour.
	local.clock.forward(16 * 60_000);
	return maya.unlock();
});
afterAll(() => local.stop());

/** A browser that is nobody's yet. */
class Fresh {
	readonly key = newKey();
	request = '';
	code = '';
	secret = '';

	static async asks(): Promise<Fresh> {
		const fresh = new Fresh();
		const { body } = await fresh.#post('', { commitment: bytesOf(32) });
		const { request, code, secret } = body;
		return Object.assign(fresh, { request, code, secret });
	}

	get asking() {
		const { publicKey } = this.key;
		return { xwing: bytesOf(1216), publicKey, name: 'Firefox, Linux', nonce: bytesOf(32) };
	}

	look = (secret = this.secret) => this.#post(`/${this.request}/look`, { secret });
	enter = (secret = this.secret) => this.#post(`/${this.request}/enter`, { secret });
	cancel = (secret = this.secret) => this.#post(`/${this.request}/cancel`, { secret });
	show = (secret = this.secret) =>
		this.#post(`/${this.request}/show`, { secret, asking: this.asking });

	#post(path: string, body: object): Promise<Answer> {
		return call(local.address, 'POST', `/api/browsers${path}`, { body });
	}
}

const find = (staff: Staff, { code }: Fresh) =>
	staff.call('POST', '/api/account/browsers', { code });
const answer = (staff: Staff, { request }: Fresh, path = '', body?: object, method = 'POST') =>
	staff.call(method, `/api/account/browsers/${request}${path}`, body);
const meet = (staff: Staff, fresh: Fresh) => answer(staff, fresh, '/meet', { nonce: bytesOf(32) });
const see = (staff: Staff, fresh: Fresh) => answer(staff, fresh, '', undefined, 'GET');
const refuse = (staff: Staff, fresh: Fresh) => answer(staff, fresh, '', undefined, 'DELETE');

/** Lets it in, with what she signs changed or signed by another key. */
function letIn(staff: Staff, fresh: Fresh, change: object = {}, by: Key = staff.identity) {
	const sealed = bytesOf(600);
	const value = {
		v: 1,
		member: staff.signedIn.member.id,
		request: fresh.request,
		publicKey: fresh.key.publicKey,
		meeting: bytesOf(32),
		sealed: createHash('sha256').update(Buffer.from(sealed, 'base64url')).digest('base64url'),
		...change,
	};
	const body = { sealed, signed: signed(by, 'sotto/browser/v1', value) };
	return answer(staff, fresh, '/let-in', body);
}

/** A browser that Maya's has met, and that has shown its keys. */
async function shown(): Promise<Fresh> {
	const fresh = await Fresh.asks();
	expect((await find(maya, fresh)).status).toBe(200);
	expect((await meet(maya, fresh)).status).toBe(204);
	expect((await fresh.show()).status).toBe(204);
	return fresh;
}

const devices = async () => (await maya.call('GET', '/api/account/devices')).body.devices;
const errorOf = ({ body }: Answer): string | undefined => body?.error;

test('a browser that was let in is one of the member’s, listed with how it came in, and history tells', async () => {
	const fresh = await Fresh.asks();
	expect((await fresh.look()).body).toEqual({ state: 'waiting' });
	expect(errorOf(await fresh.enter())).toBe('conflict');
	await find(maya, fresh);
	await meet(maya, fresh);
	const { member, practice } = maya.signedIn;
	expect((await fresh.look()).body).toEqual({
		state: 'met',
		member: member.id,
		practice: practice.id,
		identity: maya.identity.publicKey,
		nonce: expect.any(String),
	});
	expect((await see(maya, fresh)).body).toEqual({ state: 'met' });
	await fresh.show();
	expect((await see(maya, fresh)).body.asking.publicKey).toBe(fresh.key.publicKey);
	expect(errorOf(await fresh.enter())).toBe('conflict');
	expect((await letIn(maya, fresh)).status).toBe(204);
	expect((await fresh.look()).body.state).toBe('let-in');
	const { status, body } = await fresh.enter();
	expect([status, body.member.id]).toEqual([200, member.id]);
	expect(await devices()).toContainEqual(
		expect.objectContaining({ id: body.device, name: 'Firefox, Linux', way: 'browser' }),
	);
	expect((await see(maya, fresh)).body).toEqual({ state: 'entered' });
	const { store } = local.server.context;
	const acts = store
		.selectFrom('history')
		.select(['act', 'who'])
		.where('act', '=', 'browser-added');
	expect(await acts.execute()).toEqual([{ act: 'browser-added', who: member.id }]);
	// Used once: nothing is left to look at or to enter with.
	expect(errorOf(await fresh.enter())).toBe('conflict');
	expect(errorOf(await fresh.look())).toBe('gone');
});

test('a browser lets another in only where she has just shown that it is she, once for each', async () => {
	const first = await shown();
	expect((await letIn(maya, first)).status).toBe(204);
	const second = await Fresh.asks();
	expect(errorOf(await find(maya, second))).toBe('locked');
	await maya.unlock();
	expect((await find(maya, second)).status).toBe(200);
	await meet(maya, second);
	await second.show();
	// Her proof is spent on another change meanwhile.
	const before = (await maya.call('GET', '/api/me')).body.account.unlockers;
	const text = {
		member: maya.signedIn.member.id,
		was: before.map(({ id }: { id: string }) => id),
		unlockers: before,
	};
	const body = { signed: signed(maya.identity, 'sotto/unlockers/v1', text) };
	expect((await maya.call('PUT', '/api/account/unlockers', body)).status).toBe(204);
	expect(errorOf(await letIn(maya, second))).toBe('locked');
	expect(errorOf(await second.enter())).toBe('conflict');
});

test('a token alone lets nobody in: her identity signs these bytes, this request and this key', async () => {
	const fresh = await shown();
	const changes = [
		{ member: newId() },
		{ request: newId() },
		{ publicKey: newKey().publicKey },
		{ sealed: bytesOf(32) },
		{ more: 1 },
	];
	for (const change of changes)
		expect([errorOf(await letIn(maya, fresh, change)), change]).toEqual(['bad-request', change]);
	expect(errorOf(await letIn(maya, fresh, {}, newKey()))).toBe('bad-request');
	expect((await fresh.look()).body).toEqual({ state: 'waiting' });
	expect(errorOf(await fresh.enter())).toBe('conflict');
});

test('a code is good once and for five minutes, and codes are not tried for long', async () => {
	const other = await colleague(maya);
	await other.unlock();
	const fresh = await Fresh.asks();
	expect((await find(maya, fresh)).status).toBe(200);
	expect(errorOf(await find(other, fresh))).toBe('not-found');
	const late = await Fresh.asks();
	local.clock.forward(5 * 60_000);
	expect(errorOf(await find(maya, late))).toBe('not-found');
	expect(errorOf(await late.look())).toBe('gone');
	expect(errorOf(await meet(maya, fresh))).toBe('gone');
	const unknown = Object.assign(new Fresh(), { code: '00000000' });
	for (let at = 0; at < 8; at++) expect(errorOf(await find(maya, unknown))).toBe('not-found');
	expect(errorOf(await find(maya, await Fresh.asks()))).toBe('too-many-tries');
});

test('what was let in and not entered in time is over', async () => {
	const fresh = await shown();
	await letIn(maya, fresh);
	local.clock.forward(5 * 60_000);
	expect(errorOf(await fresh.enter())).toBe('gone');
});

test('nobody answers, looks or enters in another’s place', async () => {
	const other = await colleague(maya);
	await other.unlock();
	const fresh = await shown();
	for (const secret of [bytesOf(32)])
		for (const ask of [fresh.look, fresh.enter, fresh.cancel, fresh.show])
			expect(errorOf(await ask(secret))).toBe('gone');
	for (const ask of [see, meet, letIn, refuse])
		expect(errorOf(await ask(other, fresh))).toBe('gone');
	// Nor does she where nobody has entered the code.
	const unmet = await Fresh.asks();
	for (const ask of [see, meet, letIn, refuse])
		expect(errorOf(await ask(maya, unmet))).toBe('gone');
	expect((await letIn(maya, fresh)).status).toBe(204);
});

test('each step is taken once, and a no is final', async () => {
	const fresh = await shown();
	expect(errorOf(await meet(maya, fresh))).toBe('conflict');
	expect(errorOf(await fresh.show())).toBe('conflict');
	expect((await refuse(maya, fresh)).status).toBe(204);
	expect((await fresh.look()).body).toEqual({ state: 'refused' });
	expect(errorOf(await letIn(maya, fresh))).toBe('conflict');
	expect(errorOf(await fresh.enter())).toBe('conflict');
	// A new one ends what she had answered before.
	const [before, after] = [await shown(), await shown()];
	expect(errorOf(await before.look())).toBe('gone');
	expect((await after.cancel()).status).toBe(204);
	expect(errorOf(await letIn(maya, after))).toBe('gone');
});

test('a browser that was signed out meanwhile has let nobody in', async () => {
	const other = await colleague(maya);
	await other.unlock();
	const fresh = await Fresh.asks();
	await find(other, fresh);
	await meet(other, fresh);
	await fresh.show();
	expect((await letIn(other, fresh)).status).toBe(204);
	expect((await other.call('POST', '/api/device/sign-out')).status).toBe(204);
	expect(errorOf(await fresh.enter())).toBe('gone');
	expect(errorOf(await fresh.enter())).toBe('conflict');
});

test('who was let in by another browser has walked no way in, so changes none', async () => {
	const fresh = await shown();
	await letIn(maya, fresh);
	const { body } = await fresh.enter();
	const { address, email, password, recovery, identity } = maya;
	const credentials = { address, email, password, recovery, identity, deviceKey: fresh.key };
	const there = new Staff({ ...credentials, signedIn: body });
	expect((await there.call('GET', '/api/me')).status).toBe(200);
	expect(errorOf(await find(there, await Fresh.asks()))).toBe('locked');
});

test('one address asks a few times, not for ever', async () => {
	for (let at = 0; at < 20; at++) await Fresh.asks();
	const body = { commitment: bytesOf(32) };
	const refused = await call(local.address, 'POST', '/api/browsers', { body });
	expect([refused.status, errorOf(refused)]).toEqual([429, 'too-many-tries']);
});
