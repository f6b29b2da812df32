import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Unlocker } from '../../signaling/protocol/account.ts';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { logIn, type Staff } from '../staff.ts';
import { type Answer, bytesOf, call, type Key, newId, newKey, signed, signWith } from '../wire.ts';

let local: LocalServer & { maya: Staff };
let maya: Staff;
const passkeyKey = newKey();

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
});
afterAll(() => local.stop());

const unlockersOf = async (staff: Staff): Promise<Unlocker[]> =>
	(await staff.call('GET', '/api/me')).body.account.unlockers;

const passkey = (key: Key = newKey()): Unlocker => ({
	id: newId(),
	kind: 'passkey',
	wrapped: bytesOf(81),
	publicKey: key.publicKey,
	passkey: { credential: bytesOf(32), name: 'This laptop', createdAt: 1 },
});

/** Changes a way in; enters again where the server wants that first. */
async function change(staff: Staff, ask: () => Promise<Answer>): Promise<Answer> {
	const answer = await ask();
	if (answer.body?.error !== 'locked') return answer;
	await staff.unlock();
	return ask();
}

async function put(
	staff: Staff,
	was: readonly Unlocker[],
	next: readonly Unlocker[],
	key?: Key,
): Promise<Answer> {
	const text = { member: staff.signedIn.member.id, was: was.map(({ id }) => id), unlockers: next };
	const body = { signed: signed(key ?? staff.identity, 'sotto/unlockers/v1', text) };
	return change(staff, () => staff.call('PUT', '/api/account/unlockers', body));
}

async function enter(key: Key, member: string): Promise<Answer> {
	const { address } = local;
	const { body } = await call(address, 'POST', '/api/passkey/start', { body: { member } });
	const message = Buffer.concat([Buffer.from(body.nonce, 'base64url'), Buffer.from(member)]);
	return call(address, 'POST', '/api/passkey/finish', {
		body: {
			login: body.login,
			signature: signWith(key, 'sotto/passkey/v1', message),
			device: { publicKey: newKey().publicKey, name: 'Another browser' },
		},
	});
}

test('a passkey is a way in from the moment it is added until it is removed', async () => {
	const member = maya.signedIn.member.id;
	expect((await enter(passkeyKey, member)).body.error).toBe('login-failed');
	const before = await unlockersOf(maya);
	const added = passkey(passkeyKey);
	expect((await put(maya, before, [...before, added])).status).toBe(204);
	const { status, body } = await enter(passkeyKey, member);
	expect([status, body.member.id]).toEqual([200, member]);
	expect(body.account.unlockers).toContainEqual(added);
	expect((await enter(newKey(), member)).body.error).toBe('login-failed');
	expect((await enter(passkeyKey, newId())).body.error).toBe('login-failed');
	expect((await put(maya, [...before, added], before)).status).toBe(204);
	expect((await enter(passkeyKey, member)).body.error).toBe('login-failed');
});

test('no change leaves an account without a password and a recovery key, or with a password nobody registered', async () => {
	const before = await unlockersOf(maya);
	const [password, recovery] = before;
	if (!password || !recovery) throw new Error('no unlockers');
	const bad: Unlocker[][] = [
		[password],
		[recovery, passkey()],
		[passkey()],
		[{ ...password, wrapped: bytesOf(64) }, recovery],
		[password, recovery, { ...recovery, id: newId() }],
		[password, { ...recovery, publicKey: undefined }],
		[password, recovery, { ...passkey(), publicKey: undefined }],
		[password, recovery, { ...passkey(), passkey: undefined }],
		[password, recovery, ...Array.from({ length: 6 }, () => passkey())],
	].map((list) => JSON.parse(JSON.stringify(list)));
	for (const next of bad)
		expect([(await put(maya, before, next)).body.error, next.length]).toEqual([
			'bad-request',
			next.length,
		]);
	expect(await unlockersOf(maya)).toEqual(before);
});

test('a token alone changes nothing, and who was second has to look again', async () => {
	const before = await unlockersOf(maya);
	const next = [...before, passkey()];
	expect((await put(maya, before, next, newKey())).body.error).toBe('bad-request');
	const other = await colleague(maya);
	expect((await put(other, await unlockersOf(other), next, maya.identity)).body.error).toBe(
		'bad-request',
	);
	expect((await put(maya, next, next)).body.error).toBe('conflict');
	expect(await unlockersOf(maya)).toEqual(before);
});

test('a browser that was left open changes no way in: each change wants the password or a passkey again', async () => {
	const before = await unlockersOf(maya);
	const once = (was: readonly Unlocker[], next: readonly Unlocker[]) => {
		const text = { member: maya.signedIn.member.id, was: was.map(({ id }) => id), unlockers: next };
		const body = { signed: signed(maya.identity, 'sotto/unlockers/v1', text) };
		return maya.call('PUT', '/api/account/unlockers', body);
	};
	const more = [...before, passkey()];
	await maya.unlock();
	expect((await once(before, more)).status).toBe(204);
	expect((await once(more, before)).body.error).toBe('locked');
	const registrationRecord = bytesOf(192);
	const body = { registrationRecord, signed: signed(maya.identity, 'sotto/unlockers/v1', {}) };
	expect((await maya.call('POST', '/api/password/finish', body)).body.error).toBe('locked');
	expect(await unlockersOf(maya)).toEqual(more);
	// What she proves at another browser is not good here.
	const { email } = maya;
	const device = { publicKey: newKey().publicKey, name: 'Another browser' };
	await logIn(local.address, { email, password: maya.password, device });
	expect((await once(more, before)).body.error).toBe('locked');
	await maya.unlock();
	expect((await once(more, before)).status).toBe(204);
});

test('a new recovery key takes the place of the old one', async () => {
	const before = await unlockersOf(maya);
	const fresh: Unlocker = {
		id: newId(),
		kind: 'recovery',
		wrapped: bytesOf(64),
		publicKey: newKey().publicKey,
	};
	const next = before.map((one) => (one.kind === 'recovery' ? fresh : one));
	expect((await put(maya, before, next)).status).toBe(204);
	expect(await unlockersOf(maya)).toEqual(next);
});

test('a device is signed out by another one of the same member, and by nobody else', async () => {
	const { address } = local;
	const { email } = maya;
	const device = { publicKey: newKey().publicKey, name: 'Old laptop' };
	const { body } = await logIn(address, { email, password: maya.password, device });
	const list = async () => (await maya.call('GET', '/api/account/devices')).body.devices;
	expect(await list()).toContainEqual(
		expect.objectContaining({ id: body.device, name: 'Old laptop', current: false }),
	);
	const other = await colleague(maya);
	const path = `/api/account/devices/${body.device}`;
	const out = (staff: Staff, { removed = body.device, by = staff.identity } = {}) =>
		staff.call('DELETE', path, {
			signed: signed(by, 'sotto/unlockers/v1', { member: staff.signedIn.member.id, removed }),
		});
	expect((await out(other)).body.error).toBe('not-found');
	expect((await maya.call('DELETE', path)).body.error).toBe('bad-request');
	expect((await out(maya, { by: newKey() })).body.error).toBe('bad-request');
	expect((await out(maya, { removed: maya.signedIn.device })).body.error).toBe('bad-request');
	expect(await list()).toContainEqual(expect.objectContaining({ id: body.device }));
	expect((await out(maya)).status).toBe(204);
	expect((await list()).map(({ id }: { id: string }) => id)).not.toContain(body.device);
	expect((await out(maya)).body.error).toBe('not-found');
});

/** Asks for another password, with what `by` signed about it. */
async function changePassword(wish: {
	next: (before: Unlocker[]) => Unlocker[];
	by?: Key;
	record?: string;
	was?: string[];
}): Promise<Answer> {
	const before = await unlockersOf(maya);
	const registrationRecord = bytesOf(192);
	const text = {
		member: maya.signedIn.member.id,
		was: wish.was ?? before.map(({ id }) => id),
		unlockers: wish.next(before),
		record: createHash('sha256')
			.update(wish.record ?? registrationRecord)
			.digest('base64url'),
	};
	const by = wish.by ?? maya.identity;
	const body = { registrationRecord, signed: signed(by, 'sotto/unlockers/v1', text) };
	return change(maya, () => maya.call('POST', '/api/password/finish', body));
}

const newPassword = (): Unlocker => ({ id: newId(), kind: 'password', wrapped: bytesOf(64) });
const withPassword = (before: Unlocker[]): Unlocker[] =>
	before.map((one) => (one.kind === 'password' ? newPassword() : one));

test('a password is changed by its owner’s signature over the new record, and nothing else with it', async () => {
	const before = await unlockersOf(maya);
	const stolen: Unlocker = { ...passkey(), kind: 'recovery' };
	const refused = async (wish: Parameters<typeof changePassword>[0]) =>
		(await changePassword(wish)).body.error;
	expect(await refused({ next: withPassword, by: newKey() })).toBe('bad-request');
	expect(await refused({ next: withPassword, record: 'another' })).toBe('bad-request');
	expect(await refused({ next: withPassword, was: [newId()] })).toBe('conflict');
	const more: ((before: Unlocker[]) => Unlocker[])[] = [
		(kept) => [...withPassword(kept), passkey()],
		(kept) => [...withPassword(kept), newPassword()],
		(kept) => kept.filter(({ kind }) => kind !== 'password'),
		(kept) => withPassword(kept).map((one) => (one.kind === 'recovery' ? stolen : one)),
		// An id of before: what was signed once would be good again.
		(kept) => kept.map((one) => (one.kind === 'password' ? { ...newPassword(), id: one.id } : one)),
	];
	for (const next of more) expect(await refused({ next })).toBe('bad-request');
	expect(await unlockersOf(maya)).toEqual(before);
	// Nor is what she signs for a password good where the others are changed.
	const text = {
		member: maya.signedIn.member.id,
		was: before.map(({ id }) => id),
		unlockers: [...before, passkey()],
		record: bytesOf(32),
	};
	const body = { signed: signed(maya.identity, 'sotto/unlockers/v1', text) };
	expect((await maya.call('PUT', '/api/account/unlockers', body)).body.error).toBe('bad-request');
	const next = withPassword(before);
	expect((await changePassword({ next: () => next })).status).toBe(204);
	expect(await unlockersOf(maya)).toEqual(next);
});
