import { afterEach, expect, test, vi } from 'vitest';
import type { Answering } from '../../pwa/src/lib/vault/answering.svelte.ts';
import { openApp, password } from '../app.ts';
import { founded } from '../practices.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// She presses at the open browser first, and compares only then.
const here = founded();
const email = 'maya@alderstreet.example';
let answering: Answering;
afterEach(() => answering?.stop());

/** An open browser and a new one that show digits. */
async function comparing() {
	const maya = await openApp(here.local.address);
	await maya.account.signIn(email, password);
	await maya.account.prove({ password });
	const { Answering: Answers } = await import('../../pwa/src/lib/vault/answering.svelte.ts');
	await openApp(here.local.address);
	const { Ask } = await import('../../pwa/src/lib/account/ask.ts');
	const ask = await Ask.begin();
	answering = new Answers();
	void answering.enter(ask.code);
	await vi.waitFor(async () => expect((await ask.look()).digits).toBeDefined(), 10_000);
	await stage('comparing');
	return ask;
}

const stage = (wanted: Answering['stage']) =>
	vi.waitFor(() => expect(answering.stage).toBe(wanted), 10_000);

test('an open browser that has handed the keys over does not say that the other one was not let in', async () => {
	const ask = await comparing();
	await answering.letIn();
	expect(answering.stage).toBe('waiting');
	// At the new browser she sees that they differ.
	await ask.cancel();
	await stage('handed');
	await answering.stop();
	expect(answering.stage).toBe('code');

	// Nor when she stops here herself.
	await comparing();
	await answering.letIn();
	await answering.differ();
	expect(answering.stage).toBe('handed');

	// Before the press nothing was handed over.
	const early = await comparing();
	await early.cancel();
	await stage('over');
});

/** What becomes of handing over, once the real server has answered or instead of that. */
function handing(answer: (real: () => Promise<Response>) => Promise<Response>): void {
	const stubbed = globalThis.fetch;
	vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
		const real = () => stubbed(url, init);
		return url.endsWith('/let-in') ? answer(real) : real();
	});
}

test('keys whose sending failed were handed over, unless the server refused them', async () => {
	await comparing();
	handing(async (real) => {
		await real();
		throw new TypeError('failed to fetch');
	});
	await answering.letIn();
	expect(answering.stage).toBe('handed');
	await comparing();
	handing(async () => Response.json({ error: 'locked' }, { status: 423 }));
	await answering.letIn();
	expect(answering.stage).toBe('failed');
});
