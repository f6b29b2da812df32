import { beforeAll, expect, test, vi } from 'vitest';
import { sweepRotations } from '../../signaling/account/waiting.ts';
import { loginFinish, loginStart } from '#crypto/account/opaque.ts';
import { type App, join, openApp, password } from '../app.ts';
import { recorded } from '../apprecorded.ts';
import { Line } from '../line.ts';
import { localServer } from '../local.ts';
import { founded } from '../practices.ts';
import { type Answer, call, newId, newKey } from '../wire.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// What the server itself refuses while a member replaces her keys.
const here = founded();
const email = 'tom@alderstreet.example';
const next = 'a-lantern-for-the-stairs';
const last = 'one-more-quiet-evening';

async function renewing(app: App) {
	const [rotation, unlockers, roll, change] = await Promise.all([
		import('../../pwa/src/lib/vault/rotation.ts'),
		import('../../pwa/src/lib/vault/unlockers.ts'),
		import('../../pwa/src/lib/sessions/roll.ts'),
		import('../../pwa/src/lib/schedule/change.ts'),
	]);
	return { ...app, ...rotation, ...unlockers, ...roll, ...change };
}
type Renewing = Awaited<ReturnType<typeof renewing>>;

let tom: Renewing;
/** The password that he has by now. */
let now = password;

beforeAll(async () => {
	tom = await renewing((await join(here.maya, { email, role: 'clinician' })).app);
});

/** He asks for new keys with this password, in the browser that he has open. */
async function ask(to: string) {
	await tom.account.prove({ password: now });
	const prepared = await tom.prepareKeys(to);
	expect(await tom.useKeys(prepared)).toBe('waiting');
	return prepared;
}

async function enter(secret: string): Promise<Renewing> {
	const app = await openApp(here.local.address);
	await app.account.signIn(email, secret);
	return renewing(app);
}

/** Begins a login with this password, and gives what finishes it. */
async function begin(secret: string): Promise<() => Promise<Answer>> {
	const { address } = here.local;
	const { startLoginRequest, state } = await loginStart(secret);
	const body = { email, startLoginRequest };
	const { login, loginResponse } = (await call(address, 'POST', '/api/login/start', { body })).body;
	const { finishLoginRequest } = await loginFinish({ password: secret, state, loginResponse });
	const device = { publicKey: newKey().publicKey, name: 'Another browser' };
	const finish = { login, finishLoginRequest, device };
	return () => call(address, 'POST', '/api/login/finish', { body: finish });
}

test('a login that was begun with the old password does not end after it was replaced', async () => {
	const another = 'seven-boats-at-anchor';
	const first = await begin(now);
	await tom.account.prove({ password: now });
	await tom.account.changePassword(another);
	expect((await first()).body).toMatchObject({ error: 'login-failed' });
	now = another;
	expect((await (await begin(now))()).status).toBe(200);

	const { rotation } = await ask(next);
	const second = await begin(now);
	await here.maya.confirmRotation({ member: tom.account.member.id, rotation });
	expect((await second()).body).toMatchObject({ error: 'login-failed' });
	now = next;
	tom = await enter(now);
});

const path = '/api/account/rotation';

async function acts(): Promise<string[]> {
	const { rows } = await (await here.maya.request({ path: '/api/history?practice=true' })).json();
	return rows.map(({ act }: { act: string }) => act);
}

test('what waits is replaced by nothing, is told with its browser, and ends with every change of a way in', async () => {
	const member = tom.account.member.id;
	const first = await ask('nobody-should-get-in');
	const own = await (await tom.request({ path })).json();
	expect(own).toMatchObject({ askedAt: here.local.clock.now(), browser: expect.any(String) });
	expect((await acts())[0]).toBe('keys-asked');

	// Somebody with another way in puts no other in its place.
	const other = await enter(now);
	const { rotation, account, registrationRecord } = await other.prepareKeys('another-one-of-hers');
	const body = { rotation, account, registrationRecord };
	await expect(other.request({ method: 'POST', path, body })).rejects.toThrow('conflict');
	expect((await here.maya.fetchPeople()).rotations).toMatchObject([{ rotation: first.rotation }]);

	const third = await enter(now);
	const changes = {
		password: async () => {
			await tom.account.prove({ password: now });
			await tom.account.changePassword((now = 'seven-boats-in-the-fog'));
		},
		recovery: async () => {
			await tom.account.prove({ password: now });
			await tom.newRecoveryKey().confirm();
		},
		device: async () => {
			const { devices } = await (await tom.request({ path: '/api/account/devices' })).json();
			const away = devices.find(({ current }: { current: boolean }) => !current);
			await tom.removeDevice(away.id);
		},
		back: () => third.takeBack(),
	};
	let waiting = first;
	for (const change of Object.values(changes)) {
		await change();
		expect(await tom.waitsUntil()).toBeNull();
		await expect(here.maya.confirmRotation({ member, rotation: waiting.rotation })).rejects.toThrow(
			'not-found',
		);
		expect((await acts())[0]).toBe('keys-taken-back');
		waiting = await ask('nobody-should-get-in');
	}
	await tom.takeBack();
	// With nothing that waits, a change says nothing of it.
	await changes.recovery();
	expect((await acts())[0]).toBe('keys-taken-back');
});

/** A planned session of his, as the server has it. */
async function plan(): Promise<string> {
	await recorded(tom);
	const { sessions } = await (await tom.request({ path: '/api/sessions' })).json();
	return sessions.find(({ state }: { state: string }) => state === 'planned').id;
}

test('no call and no recording is cut by new keys, and a session that they broke off can be cancelled', async () => {
	const member = tom.account.member.id;
	const session = await plan();
	const { rotation } = await ask(last);
	const line = await Line.greeted(here.local.address, await tom.account.token());
	const seat = newId();
	await line.ask({ type: 'enter', id: newId(), session, seat });
	await expect(here.maya.confirmRotation({ member, rotation })).rejects.toThrow('conflict');
	// Her page goes on, and tries it again later.
	expect(await here.maya.confirmWaiting(await here.maya.fetchPeople())).toEqual([]);
	expect(await tom.waitsUntil()).not.toBeNull();
	await expect(
		tom.request({ method: 'POST', path: `/api/sessions/${session}/cancel` }),
	).rejects.toThrow('conflict');
	await line.close();
	const { store } = here.local.server.context;
	const live = (state: 'live' | 'finished') =>
		store.updateTable('recordings').set({ state }).where('host', '=', member).execute();
	await live('live');
	await vi.waitFor(() => expect(here.local.server.context.hub.isSeated(member)).toBe(false));
	await expect(here.maya.confirmRotation({ member, rotation })).rejects.toThrow('conflict');
	// With the keys that its links are for it goes on, so nobody cancels it.
	await expect(
		tom.request({ method: 'POST', path: `/api/sessions/${session}/cancel` }),
	).rejects.toThrow('conflict');
	await live('finished');
	await here.maya.confirmRotation({ member, rotation });
	now = last;
	tom = await enter(now);
	const open = await tom.openSession(await tom.fetchOne(session));
	expect(open).toMatchObject({ state: 'open', hostIs: 'renewed' });
	expect(tom.mayCancel(open)).toBe(true);
	await tom.cancelSession(session);
	expect(await tom.fetchOne(session)).toMatchObject({ state: 'ended', cancelled: true });
});

const kept = () =>
	here.local.server.context.store.selectFrom('rotations').select('member').execute();

test('what nobody confirmed in time is confirmed by nobody and erased', async () => {
	const member = tom.account.member.id;
	const { rotation } = await ask('nobody-should-get-in');
	const { context } = here.local.server;
	await sweepRotations(context);
	expect(await kept()).toHaveLength(1);
	here.local.clock.forward(7 * 24 * 60 * 60_000 + 60_000);
	// The token of before is over as well.
	await tom.account.signIn(email, now);
	await here.maya.account.signIn('maya@alderstreet.example', password);
	expect(await tom.waitsUntil()).toBeNull();
	expect((await here.maya.fetchPeople()).rotations).toEqual([]);
	// Also where an administrator's browser has another clock.
	await expect(here.maya.confirmRotation({ member, rotation })).rejects.toThrow('not-found');
	expect(await kept()).toHaveLength(1);
	await sweepRotations(context);
	expect(await kept()).toEqual([]);
});

test('what ended while the server was away is erased when it starts', async () => {
	const before = await localServer();
	const { dataDir, clock } = before;
	const times = { expires_at: clock.now() + 1, asked_at: clock.now(), browser: null };
	const words = { rotation: '{}', registration_record: '', account: '{}' };
	const row = { member: newId(), ...words, ...times };
	await before.server.context.store.insertInto('rotations').values(row).execute();
	await before.close();
	clock.forward(2);
	const again = await localServer({ dataDir, clock });
	expect(await again.server.context.store.selectFrom('rotations').selectAll().execute()).toEqual(
		[],
	);
	await again.stop();
});
