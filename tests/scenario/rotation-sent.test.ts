import { expect, test, vi } from 'vitest';
import { join, password } from '../app.ts';
import { founded } from '../practices.ts';
import { browser, renewing } from '../rotating.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// New keys are sent over a line that breaks.
const here = founded();
const email = 'maya@alderstreet.example';
const next = 'a-lantern-for-the-stairs';

/** The server gets these requests, and their answers are lost. */
async function losing<T>(lost: (request: string) => boolean, run: () => Promise<T>): Promise<T> {
	const stubbed = globalThis.fetch;
	vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
		const answer = await stubbed(url, init);
		if (!lost(`${init.method ?? 'GET'} ${new URL(url, 'http://x').pathname}`)) return answer;
		throw new TypeError('failed to fetch');
	});
	try {
		return await run();
	} finally {
		vi.stubGlobal('fetch', stubbed);
	}
}

test('new keys whose answer was lost are known to wait, and sent again they go on', async () => {
	const joined = await join(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	const tom = await renewing(joined.app);
	await tom.account.prove({ password });
	const prepared = await tom.prepareKeys(next);
	expect(await tom.sentAfterAll(prepared)).toBe('nothing');
	const sending = () => tom.useKeys(prepared);
	// Nothing comes through: nobody can know.
	await expect(losing((one) => one.endsWith('/account/rotation'), sending)).rejects.toThrow(
		'offline',
	);
	const asking = () => tom.sentAfterAll(prepared);
	expect(await losing((one) => one.startsWith('GET'), asking)).toBe('unsure');
	expect(await tom.sentAfterAll(prepared)).toBe('waiting');
	// Pressed once more: the proof is spent, and they wait already.
	expect(await tom.useKeys(prepared)).toBe('waiting');
	// Other ones wait, not these.
	await tom.takeBack();
	expect(await tom.sentAfterAll(prepared)).toBe('nothing');
	await expect(tom.useKeys(prepared)).rejects.toThrow('locked');
	await tom.account.prove({ password });
	expect(await tom.waitsUntil()).toBeNull();
	const post = 'POST /api/account/rotation';
	expect(await losing((one) => one === post, sending)).toBe('waiting');
});

test('an administrator whose confirming failed goes on with the same keys', async () => {
	const maya = await browser(here.local.address);
	await maya.account.signIn(email, password);
	await maya.account.prove({ password });
	const prepared = await maya.prepareKeys(next);
	const sending = () => maya.useKeys(prepared);
	const people = 'GET /api/people';
	await expect(losing((one) => one === people, sending)).rejects.toThrow('offline');
	expect(await maya.sentAfterAll(prepared)).toBe('waiting');
	expect(await maya.useKeys(prepared)).toBe('renewed');
	expect(maya.account.former).toHaveLength(1);
});
