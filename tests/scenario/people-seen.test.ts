import { expect, test, vi } from 'vitest';
import { invited, join, openApp, password } from '../app.ts';
import { founded } from '../practices.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// What an account has seen of the practice, in whichever browser.
const email = 'maya@alderstreet.example';
const here = founded();

/** Until the answer is called, answers of this path are what `change` makes of them. */
function meddle(path: string, change: (ask: () => Promise<Response>) => Promise<Response>) {
	const plain = globalThis.fetch;
	vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
		const ask = () => plain(url, init);
		return new URL(url).pathname === path ? change(ask) : ask();
	});
	return () => void vi.stubGlobal('fetch', plain);
}

test('a new browser refuses a list that is older than what the account saw elsewhere', async () => {
	const { memberList: old } = await here.maya.fetchPeople();
	const { id } = await join(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	const other = await openApp(here.local.address);
	const end = meddle('/api/login/finish', async (ask) => {
		const { practice, ...rest } = await (await ask()).json();
		return Response.json({ ...rest, practice: { ...practice, memberList: old } });
	});
	await expect(other.account.signIn(email, password)).rejects.toThrow('stale');
	expect(other.account.state).not.toBe('unlocked');
	end();
	await other.account.signIn(email, password);
	expect(other.account.members.members.some((member) => member.id === id)).toBe(true);
});

test('two refreshes at once end with the newest list, whichever answer comes last', async () => {
	const { version } = here.maya.account.members;
	const other = await openApp(here.local.address);
	await other.account.signIn(email, password);
	const joined = Promise.withResolvers<void>();
	let asked = 0;
	const end = meddle('/api/me', async (ask) => {
		asked += 1;
		// The second is answered when there is a newer list.
		if (asked === 2) await joined.promise;
		return ask();
	});
	const first = here.maya.account.refresh();
	const second = here.maya.account.refresh();
	await first;
	await vi.waitFor(() => expect(asked).toBe(2));
	expect(here.maya.account.members.version).toBe(version);
	const link = await other.invite({ email: 'una@alderstreet.example', role: 'clinician' });
	end();
	const una = await openApp(here.local.address);
	await invited(una, link, { name: 'Una' });
	expect(await other.confirmWaiting(await other.fetchPeople())).toEqual([]);
	joined.resolve();
	await second;
	expect(here.maya.account.members.version).toBe(version + 1);
});

test('whose keys changed is told in every browser until somebody has seen it, however often it is opened', async () => {
	const una = (await here.maya.fetchPeople()).members.find(({ name }) => name === 'Una');
	if (!una) throw new Error('no Una');
	const tom = await openApp(here.local.address);
	await tom.account.signIn('tom@alderstreet.example', password);
	expect(tom.account.keyChanges).toEqual([]);
	await join(here.maya, { email: una.email, role: 'clinician', member: una.id });
	expect(here.maya.account.keyChanges).toEqual([una.id]);
	await tom.account.refresh();
	expect(tom.account.keyChanges).toEqual([una.id]);
	await tom.account.refresh();
	expect(tom.account.keyChanges).toEqual([una.id]);
	// Signed out, and in a browser that never saw the old keys.
	const again = await openApp(here.local.address);
	await again.account.signIn('tom@alderstreet.example', password);
	expect(again.account.keyChanges).toEqual([una.id]);
	await again.account.seenKeyChanges();
	const third = await openApp(here.local.address);
	await third.account.signIn('tom@alderstreet.example', password);
	expect(third.account.keyChanges).toEqual([]);
	// Where it was not seen it stays.
	await tom.account.refresh();
	expect(tom.account.keyChanges).toEqual([una.id]);
});
