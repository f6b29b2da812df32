import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Ask } from '../../pwa/src/lib/account/ask.ts';
import { type App, found, join, openApp, password } from '../app.ts';
import { type LocalServer, TestClock, localServer } from '../local.ts';
import { bytesOf, newKey } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// Both browsers run the app's own code; between them is the real server, or one that lies.
let local: LocalServer;
let maya: App;
let answering: typeof import('../../pwa/src/lib/vault/answer.ts');

beforeAll(async () => {
	local = await localServer({ clock: new TestClock(Date.now()) });
	maya = await found(local);
	answering = await import('../../pwa/src/lib/vault/answer.ts');
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
	vi.unstubAllGlobals();
	await local.stop();
});

type Body = Record<string, unknown>;
/** What the server makes of a request on its way in, and of an answer on its way out. */
interface Lies {
	readonly asked?: (path: string, body: Body) => Body;
	readonly told?: (path: string, body: Body) => Body;
}

/** From here on the server lies to everybody. */
function lying({ asked, told }: Lies): void {
	const honest = globalThis.fetch;
	vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
		const request = new Request(url, init);
		const path = `${request.method} ${new URL(request.url).pathname}`;
		const { body } = init ?? {};
		const sent = asked && typeof body === 'string' ? asked(path, JSON.parse(body)) : undefined;
		const answer = await honest(url, { ...init, ...(sent && { body: JSON.stringify(sent) }) });
		if (!told || answer.status !== 200) return answer;
		return Response.json(told(path, await answer.json()));
	});
}

/** A new browser that asks, and the open one that has its code. */
async function meet() {
	const app = await openApp(local.address);
	const { Ask: Asks } = await import('../../pwa/src/lib/account/ask.ts');
	await maya.account.prove({ password });
	return {
		app,
		begin: async () => {
			const ask = await Asks.begin();
			const typed = ` ${answering.formatCode(ask.code).toLowerCase()}`;
			return { ask, answer: await answering.Answer.begin(typed) };
		},
	};
}

type Answer = Awaited<ReturnType<typeof answering.Answer.begin>>;

/** The digits of both; undefined where there are none. */
async function digits(ask: Ask, answer: Answer) {
	const here = (await ask.look()).digits;
	const seen = await answer.look();
	return { here, there: seen.state === 'shown' ? seen.digits : undefined };
}

test('an open browser lets another one in, which gets what a sign-in gives', async () => {
	const { app, begin } = await meet();
	const { ask, answer } = await begin();
	const { here, there } = await digits(ask, answer);
	expect(here).toMatch(/^\d{3} \d{3} \d{3}$/);
	expect(here).toBe(there);
	await expect(ask.enter()).rejects.toThrow('no-key');
	await answer.letIn();
	expect((await ask.look()).state).toBe('let-in');
	await app.account.signInFrom(await ask.enter());
	expect(app.account.state).toBe('unlocked');
	expect(app.account.member).toEqual(maya.account.member);
	expect(app.account.practice.publicKey).toEqual(maya.account.practice.publicKey);
	expect((await answer.look()).state).toBe('entered');
	const sealed = await maya.account.seal('a thing', Uint8Array.of(1, 2, 3));
	expect(await app.account.open('a thing', sealed)).toEqual(Uint8Array.of(1, 2, 3));
	// Locked, it is opened by the password like every other.
	await app.account.lock();
	await app.account.signIn('maya@alderstreet.example', password);
	expect(app.account.state).toBe('unlocked');
});

test('a server that puts a key of its own in the place of the new browser’s shows other digits', async () => {
	const { begin } = await meet();
	const { askAs, commitmentTo } = await import('../../crypto/account/browser.ts');
	const { deviceName } = await import('../../pwa/src/lib/account/device.ts');
	const thief = await askAs({
		publicKey: new Uint8Array(Buffer.from(newKey().publicKey, 'base64url')),
		// It gives itself out as the other one.
		name: deviceName(),
	});
	const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
	const commitment = text(await commitmentTo(thief.asking));
	const { xwing, publicKey, name, nonce } = thief.asking;
	const asking = {
		xwing: text(xwing),
		publicKey: text(publicKey),
		name,
		nonce: text(nonce),
	};
	lying({
		asked: (path, body) => {
			if (path === 'POST /api/browsers') return { ...body, commitment };
			return path.endsWith('/show') ? { ...body, asking } : body;
		},
	});
	const { ask, answer } = await begin();
	const { here, there } = await digits(ask, answer);
	expect([here, there]).toEqual([expect.stringMatching(/^\d/), expect.stringMatching(/^\d/)]);
	expect(here).not.toBe(there);
});

test('a server that swaps the key after it knows what the digits hang on is refused', async () => {
	const { begin } = await meet();
	lying({
		told: (path, body) =>
			path.startsWith('GET /api/account/browsers/') && body['state'] === 'shown'
				? { ...body, asking: { ...Object(body['asking']), publicKey: newKey().publicKey } }
				: body,
	});
	const { ask, answer } = await begin();
	await ask.look();
	await expect(answer.look()).rejects.toThrow('bad-signature');
	await expect(answer.letIn()).rejects.toThrow('no-key');
});

test('a server that names another member, or answers a second time, changes the digits or nothing', async () => {
	const { begin } = await meet();
	const identity = newKey().publicKey;
	lying({ told: (_, body) => (body['state'] === 'met' ? { ...body, identity } : body) });
	const first = await begin();
	const told = await digits(first.ask, first.answer);
	expect(told.here).not.toBe(told.there);
	vi.restoreAllMocks();
	await maya.account.prove({ password });
	const { ask, answer } = await begin();
	const { here } = await digits(ask, answer);
	const { id: practice } = maya.account.practice;
	const met = { state: 'met', member: maya.account.member.id, practice, identity };
	lying({ told: (path, body) => (path.endsWith('/look') ? { ...met, nonce: bytesOf(32) } : body) });
	await expect(ask.look()).rejects.toThrow('conflict');
	vi.restoreAllMocks();
	expect((await ask.look()).digits).toBe(here);
});

test('what was let in is another’s word, or of an earlier day of the practice: it is refused', async () => {
	const { app, begin } = await meet();
	const me = await maya.request({ path: '/api/me' });
	const { practice, account: kept } = await me.json();
	await join(maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	await maya.account.refresh();
	const { ask, answer } = await begin();
	await digits(ask, answer);
	await answer.letIn();
	const forged = { text: '{}', signature: bytesOf(64) };
	lying({ told: (path, body) => (path.endsWith('/look') ? { ...body, signed: forged } : body) });
	await ask.look();
	await expect(ask.enter()).rejects.toThrow('bad-signature');
	vi.restoreAllMocks();
	await ask.look();
	lying({
		told: (path, body) =>
			path.endsWith('/enter')
				? { ...body, practice, account: { ...Object(body['account']), practice: kept.practice } }
				: body,
	});
	await expect(app.account.signInFrom(await ask.enter())).rejects.toThrow('stale');
	expect(app.account.state).not.toBe('unlocked');
});
