import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type App, found } from '../app.ts';
import { type LocalServer, TestClock, localServer } from '../local.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// Whoever writes into the database cannot keep a client from saying so: what makes no sense spoils no other answer.
let local: LocalServer;
let maya: App;

beforeEach(async () => {
	local = await localServer({ clock: new TestClock(Date.now()) });
	maya = await found(local);
	const { history, store } = local.server.context;
	for (let n = 0; n < 8; n++)
		await history.add(store, { act: 'role-changed', who: maya.account.member.id });
});
afterEach(async () => {
	vi.unstubAllGlobals();
	await local.stop();
});

const change = (n: number, values: object) =>
	local.server.context.store.updateTable('history').set(values).where('n', '=', n).execute();

/** What the page says of the history when she signs in. */
async function said() {
	const { proof } = await import('../../pwa/src/lib/proof/proof.svelte.ts');
	await proof.start();
	return proof.findings;
}

const blank = { who: null, salt: null };

test.for([
	['a time before all time', { ...blank, at: -1 }],
	['no name of an act', { ...blank, act: 'x'.repeat(300) }],
	['no hash', { ...blank, of: 'x'.repeat(300) }],
] as const)('an emptied row with %s is named, and the others are checked', async ([, values]) => {
	await change(3, values);
	await change(5, { who: null });
	expect(await said()).toEqual([
		{ is: 'altered', n: 3 },
		{ is: 'altered', n: 5 },
	]);
});

test('an emptied row is named beside an erasing that makes no sense', async () => {
	await change(3, blank);
	await change(6, { act: 'erased', signed: 'x' });
	expect(await said()).toEqual([
		{ is: 'blanked', n: 3 },
		{ is: 'altered', n: 6 },
	]);
});

test('a row whose node in the tree makes no sense is named', async () => {
	const { store } = local.server.context;
	await store.updateTable('log_nodes').set({ hashes: 'AA' }).where('n', '=', 4).execute();
	expect(await said()).toContainEqual({ is: 'altered', n: 4 });
});

test.for([
	['erasures', { is: 'blanked', n: 3 }],
	['blocks', { is: 'unproved' }],
] as const)('an answer about %s that makes no sense explains nothing', async ([what, finding]) => {
	const before = globalThis.fetch;
	vi.stubGlobal('fetch', (url: string, init?: RequestInit) =>
		url.includes(`/log/${what}`) ? Promise.resolve(Response.json({})) : before(url, init),
	);
	await change(3, blank);
	expect(await said()).toEqual([finding]);
});
