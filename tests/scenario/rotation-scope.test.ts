import { afterEach, expect, test, vi } from 'vitest';
import { type App, join, openApp, password } from '../app.ts';
import { founded } from '../practices.ts';
import { PresenceDevice } from '../presence.ts';
import { type Renewing, browser, renewing } from '../rotating.ts';
import { bytesOf, call, newId, newKey, signWith } from '../wire.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// What new keys end, and until when and by whom they can be confirmed.
const here = founded();
const email = 'maya@alderstreet.example';
const next = 'a-lantern-for-the-stairs';
const dayMs = 24 * 60 * 60_000;
afterEach(() => vi.useRealTimers());

const answers = globalThis.fetch;
/** Requests of an extension, which carry its origin and not that of a page. */
async function outside<T>(run: () => Promise<T>): Promise<T> {
	const stubbed = globalThis.fetch;
	vi.stubGlobal('fetch', answers);
	try {
		return await run();
	} finally {
		vi.stubGlobal('fetch', stubbed);
	}
}

/** A browser of hers with an offline copy in its database. */
async function withCopy() {
	const app = await openApp(here.local.address);
	const { db } = await import('../../pwa/src/lib/db/db.ts');
	await app.account.signIn(email, password);
	const id = newId();
	const bytes = new Uint8Array(1);
	const times = { keptAt: Date.now(), expiresAt: Date.now() + dayMs };
	const row = { recording: id, member: app.account.member.id, sealed: bytes, bytes: 1, ...times };
	await db.copies.put(row);
	return { app, has: async () => (await db.copies.get(id)) !== undefined };
}

/** An extension and a passkey of this member, as the server keeps them. */
async function more(app: App) {
	const { store } = here.local.server.context;
	const { address } = here.local;
	const { id: member } = app.account.member;
	const [key, passkey, id] = [newKey(), newKey(), newId()];
	const seen = { created_at: here.local.clock.now(), seen_at: here.local.clock.now() };
	const paired = { public_key: key.publicKey, presence_key: bytesOf(32), certificate: bytesOf(64) };
	await store
		.insertInto('presence_devices')
		.values({ id, member, name: 'Chrome', ...paired, ...seen })
		.execute();
	const { account: text } = await store
		.selectFrom('members')
		.select('account')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	const account = JSON.parse(text ?? '');
	account.unlockers.push({
		id: newId(),
		kind: 'passkey',
		wrapped: bytesOf(81),
		publicKey: passkey.publicKey,
		passkey: { credential: bytesOf(32), name: 'This laptop', createdAt: 1 },
	});
	const change = { account: JSON.stringify(account) };
	await store.updateTable('members').set(change).where('id', '=', member).execute();
	const enter = async () => {
		const { body } = await call(address, 'POST', '/api/passkey/start', { body: { member } });
		const message = Buffer.concat([Buffer.from(body.nonce, 'base64url'), Buffer.from(member)]);
		const signature = signWith(passkey, 'sotto/passkey/v1', message);
		const device = { publicKey: newKey().publicKey, name: 'Another browser' };
		const entering = { login: body.login, signature, device };
		return (await call(address, 'POST', '/api/passkey/finish', { body: entering })).status;
	};
	const extension = new PresenceDevice({ address, id, key });
	const token = async () => (await outside(() => extension.token())).status;
	return { enter, token, line: () => outside(() => extension.line()) };
}

test('copies, passkeys and paired extensions end with the old keys; another browser forgets its copies when it reaches the server', async () => {
	const other = await withCopy();
	const own = await withCopy();
	const maya = await renewing(own.app);
	const { enter, token, line } = await more(maya);
	expect(await enter()).toBe(200);
	expect(await token()).toBe(200);
	const socket = await line();
	await maya.account.prove({ password });
	const prepared = await maya.prepareKeys(next);
	expect([await own.has(), await other.has()]).toEqual([true, true]);
	expect(await maya.useKeys(prepared)).toBe('renewed');
	expect([await own.has(), await other.has()]).toEqual([false, true]);
	expect(await enter()).not.toBe(200);
	expect(await token()).not.toBe(200);
	await socket.closed;
	await expect(other.app.fetchPeople()).rejects.toThrow('token');
	await vi.waitFor(async () => expect(await other.has()).toBe(false));
	here.maya = maya;
});

/** A clinician whose new keys wait. */
async function asking(name: string) {
	const who = `${name}@alderstreet.example`;
	const joined = await join(here.maya, { email: who, role: 'clinician' });
	const app = await renewing(joined.app);
	const ask = async () => {
		await app.account.prove({ password });
		expect(await app.useKeys(await app.prepareKeys(next))).toBe('waiting');
	};
	await ask();
	return { app, ask, id: joined.id, email: who };
}

/** What waits for this administrator. */
async function waiting(admin: App) {
	const { rotations } = await admin.fetchPeople();
	const [first] = rotations;
	if (!first) throw new Error('nobody waits');
	return first;
}

test('two administrators’ browsers confirm at once: the list changes once, and her new keys are in force', async () => {
	const rosa = await join(here.maya, { email: 'rosa@alderstreet.example', role: 'admin' });
	await here.maya.account.refresh();
	const una = await asking('una');
	await rosa.app.account.refresh();
	const admins: App[] = [here.maya, rosa.app];
	const { version } = una.app.account.members;
	const seen = await Promise.all(
		admins.map(async (admin) => ({ admin, people: await admin.fetchPeople() })),
	);
	for (const { people } of seen) expect(people.rotations).toHaveLength(1);
	const bad = await Promise.all(seen.map(({ admin, people }) => admin.confirmWaiting(people)));
	expect(bad).toEqual([[], []]);
	const app: Renewing = await browser(here.local.address);
	await app.account.signIn(una.email, next);
	expect(app.account.members.version).toBe(version + 1);
	for (const admin of admins) {
		await admin.account.refresh();
		expect(admin.account.members.version).toBe(version + 1);
	}
});

test('only what an administrator’s browser has looked at is confirmed, and nothing after its end by either clock', async () => {
	const tom = await asking('tom');
	const before = await waiting(here.maya);
	await tom.app.takeBack();
	await tom.ask();
	await expect(here.maya.confirmRotation(before)).rejects.toThrow('conflict');

	// By the clock of her browser, whatever the server goes on telling.
	const now = await waiting(here.maya);
	vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * dayMs });
	await expect(here.maya.confirmRotation(now)).rejects.toThrow('bad-signature');
	vi.useRealTimers();
	// And by the server's, whatever her browser believes.
	here.local.clock.forward(8 * dayMs);
	const admin = await browser(here.local.address);
	await admin.account.signIn(email, next);
	expect((await admin.fetchPeople()).rotations).toEqual([]);
	await expect(admin.confirmRotation(now)).rejects.toThrow('not-found');
	const again = await browser(here.local.address);
	await again.account.signIn(tom.email, password);
	expect(await again.waitsUntil()).toBeNull();
	here.maya = admin;
});
