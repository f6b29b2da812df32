import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Signed } from '#crypto/identity/signed.ts';
import { type App, found, join, openApp, password } from '../app.ts';
import { type LocalServer, TestClock, localServer } from '../local.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 90_000 });

// What a browser believes of the settings, and what a server can make of them.
type Settings = (typeof import('../../pwa/src/lib/people/settings.svelte.ts'))['settings'];
interface Browser {
	readonly app: App;
	readonly settings: Settings;
}

let local: LocalServer;
let maya: Browser;

/** The settings of the app that was opened last. */
const withSettings = async (app: App): Promise<Browser> => ({
	app,
	settings: (await import('../../pwa/src/lib/people/settings.svelte.ts')).settings,
});

beforeAll(async () => {
	local = await localServer({ clock: new TestClock(Date.now()) });
	maya = await withSettings(await found(local));
});
afterAll(async () => {
	vi.unstubAllGlobals();
	await local.stop();
});

interface Kept {
	[name: string]: unknown;
	policy: Signed | null;
}

/** What is stored, changed as only a server can. */
async function tamper(change: Partial<Kept>): Promise<Kept> {
	const { store } = local.server.context;
	const { settings } = await store
		.selectFrom('practice')
		.select('settings')
		.executeTakeFirstOrThrow();
	const before: Kept = JSON.parse(settings ?? '');
	await store
		.updateTable('practice')
		.set({ settings: JSON.stringify({ ...before, ...change }) })
		.execute();
	return before;
}

test('a new practice has signed settings, and what an admin changes holds in every browser', async () => {
	const { settings } = maya;
	// Before anything is known nothing is recorded.
	expect([settings.recording, settings.loaded]).toEqual([false, false]);
	await settings.load();
	expect(settings).toMatchObject({ recording: true, recordAll: false, doubt: undefined });
	await settings.save({ ...settings.value, recordAll: true, idleMs: 5 * 60_000 });
	expect(settings).toMatchObject({ recordAll: true, doubt: undefined });
	const tom = await join(maya.app, { email: 'tom@alderstreet.example', role: 'clinician' });
	const his = await withSettings(tom.app);
	const lockAfter = vi.spyOn(tom.app.account, 'lockAfter');
	await his.settings.load();
	expect(lockAfter).toHaveBeenCalledWith(5 * 60_000);
	expect(his.settings).toMatchObject({ recordAll: true, doubt: undefined });
	expect(his.settings.value.idleMs).toBe(5 * 60_000);
});

test('dates to whoever is invited are written as the practice wishes', async () => {
	// The app that was opened last: a clinician's.
	const { settings } = await import('../../pwa/src/lib/people/settings.svelte.ts');
	const { prepareSessions, sendSession } = await import('../../pwa/src/lib/schedule/make.ts');
	const { invitations } = await import('../../pwa/src/lib/schedule/invitations.svelte.ts');
	const { account } = await import('../../pwa/src/lib/account/account.svelte.ts');
	await maya.settings.save({ ...maya.settings.value, recordAll: false, languages: ['es', 'en'] });
	await settings.load();
	const [prepared] = await prepareSessions({
		host: account.member.id,
		people: [{ name: 'Noor', email: 'noor@example.org' }],
		purpose: null,
		startsAt: Date.now() + 60 * 60_000,
		minutes: 50,
	});
	if (!prepared) throw new Error('nothing prepared');
	await sendSession(prepared);
	await invitations.sendNew([prepared]);
	expect([...invitations.failed]).toEqual([]);
	const rows = await local.server.context.store.selectFrom('contacts').selectAll().execute();
	expect(rows).toMatchObject([{ email: 'noor@example.org', language: 'es' }]);
	await maya.settings.save({ ...maya.settings.value, recordAll: true });
});

test('a server changes nothing of them, and brings back nothing older', async () => {
	const { settings } = maya;
	const older = await tamper({ recordAll: false, supervisorsOpen: true });
	await settings.load();
	expect(settings).toMatchObject({ recordAll: true, supervisorsOpen: false, doubt: undefined });
	await settings.save({ ...settings.value, recording: false });
	const newest = await tamper({ recording: true, policy: older.policy });
	await settings.load();
	expect(settings).toMatchObject({ recording: false, doubt: 'refused' });
	await tamper({ policy: null });
	await settings.load();
	expect(settings).toMatchObject({ recording: false, doubt: 'refused' });
	// A browser that has seen none believes nobody, and takes the strictest.
	const email = 'tom@alderstreet.example';
	const fresh = await withSettings(await openApp(local.address));
	await fresh.app.account.signIn(email, password);
	await fresh.settings.load();
	expect(fresh.settings).toMatchObject({
		recording: false,
		supervisorsOpen: false,
		share: { mail: false },
		doubt: 'unsigned',
	});
	await tamper(newest);
	await settings.load();
	await fresh.settings.load();
	for (const one of [settings, fresh.settings])
		expect(one).toMatchObject({ recording: false, doubt: undefined });
});

test('a server that makes up the highest version keeps nobody from changing them afterwards', async () => {
	const { settings } = maya;
	await settings.load();
	const { policy } = await tamper({});
	if (!policy) throw new Error('no policy');
	const { version, ...said }: { version: number } = JSON.parse(policy.text);
	const text = JSON.stringify({ ...said, version: Number.MAX_SAFE_INTEGER - 1 });
	const honest = await tamper({ policy: { ...policy, text } });
	await settings.load();
	expect(settings.doubt).toBe('refused');
	await tamper(honest);
	await settings.save(settings.value);
	expect(settings.doubt).toBeUndefined();
	const kept: { version: number } = JSON.parse((await tamper({})).policy?.text ?? '');
	expect(kept.version).toBeGreaterThan(version);
	expect(kept.version).toBeLessThan(version + 2000);
	await settings.save(settings.value);
	expect(settings.doubt).toBeUndefined();
});

test('who is no admin signs nothing, and what somebody signed who was one is signed again', async () => {
	const una = await join(maya.app, {
		email: 'una@alderstreet.example',
		role: 'admin',
		name: 'Una Brandt',
	});
	const hers = await withSettings(una.app);
	await hers.settings.load();
	await hers.settings.save({ ...hers.settings.value, recording: true, recordAll: false });
	await maya.settings.load();
	expect(maya.settings).toMatchObject({ recording: true, doubt: undefined });
	await maya.app.changeMember(una.id, { role: 'clinician', active: true });
	await expect(hers.settings.save(hers.settings.value)).rejects.toThrow();
	const signer = async () => {
		const { policy } = await tamper({});
		const { author }: { author: string } = JSON.parse(policy?.text ?? '');
		return author;
	};
	expect(await signer()).toBe(una.id);
	// The next admin's browser that opens stands in for her; nobody has to do anything.
	await maya.settings.load();
	expect(maya.settings).toMatchObject({ recording: true, doubt: undefined });
	expect(await signer()).toBe(maya.app.account.member.id);
	const fresh = await withSettings(await openApp(local.address));
	await fresh.app.account.signIn('tom@alderstreet.example', password);
	await fresh.settings.load();
	expect(fresh.settings).toMatchObject({ recording: true, doubt: undefined });
});
