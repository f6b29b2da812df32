import { hsalsa } from '@noble/ciphers/salsa.js';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import nacl from 'tweetnacl';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fromBase64url } from '#crypto/bytes.ts';
import { maya, newSession, setUp, signIn } from '../e2e/practice.ts';
import { complaints } from '../e2e/browsers.ts';
import { startServer, type TestServer } from '../server.ts';
import { bytesOf, newId } from '../wire.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from './browser.ts';
import { steal } from './stolen.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

let server: TestServer;
let browser: ExtensionBrowser;
let context: BrowserContext;
let page: Page;
let wrong: string[];

beforeAll(async () => {
	server = await startServer();
	browser = await launchExtension();
	({ context } = browser);
	await context.addInitScript(noteFirst);
	page = await context.newPage();
	wrong = complaints(page);
	await setUp(page, server);
	await page.goto(`${server.address}/practice/extension`);
});
afterAll(async () => {
	await browser?.close();
	await server?.stop();
});

/** The key of a NaCl box of an X25519 secret. */
function boxKeyOf(secret: Uint8Array): Uint8Array {
	const words = (bytes: Uint8Array) => new Uint32Array(Uint8Array.from(bytes).buffer);
	const out = new Uint32Array(8);
	hsalsa(words(Buffer.from('expand 32-byte k')), words(secret), new Uint32Array(4), out);
	return new Uint8Array(out.buffer);
}

const patience = { timeout: 20_000 };
const text = (on: Locator) => expect.poll(async () => (await on.textContent())?.trim(), patience);
const count = (of: Locator) => expect.poll(() => of.count(), patience);

const codeOf = (on: Page) => on.getByRole('region', { name: 'Pairing code' });
const rows = () => page.getByRole('listitem').filter({ hasText: 'Paired on' });

/** Notes in a page whether the button that pairs took a click when it came up. */
function noteFirst(): void {
	const look = (): void => {
		const [button] = document.querySelectorAll<HTMLButtonElement>('.digits ~ .row .main');
		if (button) document.documentElement.dataset['first'] ??= button.disabled ? 'rests' : 'takes';
	};
	new MutationObserver(look).observe(document, { childList: true, subtree: true });
}

/** Begins to pair; gives the window that the extension opens. */
async function begin(button: string | RegExp = /^Pair this browser/): Promise<Page> {
	const opened = context.waitForEvent('page');
	await page.getByRole('button', { name: button }).click();
	const window = await opened;
	await window.waitForLoadState();
	return window;
}

test('both show the same code, and it is paired once the user says so in the extension', async () => {
	await page.getByText('None is paired.').waitFor();
	const window = await begin();
	expect(window.url()).toMatch(pageOf('pairing/pair.html'));
	await text(window.getByRole('heading')).toBe(`Pair this browser with ${maya.practice}?`);
	await text(window.getByRole('definition').first()).toBe(server.address);
	await text(codeOf(page)).toMatch(/^\d{3} \d{3} \d{3}$/);
	await text(codeOf(window)).toBe((await codeOf(page).textContent()) ?? '');
	// Before that nobody is on the list.
	await count(rows()).toBe(0);
	await window.getByRole('button', { name: 'Same code, pair' }).click();
	await text(window.getByRole('heading')).toBe(`Paired with ${maya.practice}`);
	// A click that was meant for what was there before is none.
	expect(await window.evaluate(() => document.documentElement.dataset['first'])).toBe('rests');
	await count(rows()).toBe(1);
	await text(rows()).toContain('this browser');
	await text(rows()).toContain('connected now');
	await window.getByRole('button', { name: 'Close this window' }).click();
	expect(wrong).toEqual([]);
});

test('who says that the codes differ, closes the window or cancels is not paired', async () => {
	const first = await begin();
	await first.getByRole('button', { name: 'They differ' }).click();
	await text(first.getByRole('heading')).toBe('Not paired');
	await text(page.getByRole('alert')).toContain('Not paired');
	await first.close();
	const closedByHand = await begin();
	await text(codeOf(page)).toMatch(/\d/);
	await closedByHand.close();
	await text(page.getByRole('alert')).toContain('Not paired');
	const second = await begin();
	await text(codeOf(page)).toMatch(/\d/);
	const closed = second.waitForEvent('close');
	await page.getByRole('button', { name: 'Cancel pairing' }).click();
	await closed;
	await page.getByRole('button', { name: 'Pair this browser again' }).waitFor();
	expect(await rows().count()).toBe(1);
});

test('an offer that the service worker forgot nothing of is finished after it was ended', async () => {
	const window = await begin();
	await text(codeOf(window)).toMatch(/\d/);
	await browser.killWorker();
	await window.getByRole('button', { name: 'Same code, pair' }).click();
	await text(window.getByRole('heading')).toBe(`Paired with ${maya.practice}`);
	// The pairing before was replaced.
	await page.getByRole('button', { name: 'Pair this browser again' }).waitFor();
	expect(await rows().count()).toBe(1);
	await window.close();
});

test('the window waits for no page that failed, and for none longer than its user does', async () => {
	const list = '**/api/presence/devices';
	await page.route(list, (route) => {
		if (route.request().method() !== 'POST') return route.continue();
		return route.fulfill({ status: 409, json: { error: 'over-limit' } });
	});
	const failed = await begin();
	const closed = failed.waitForEvent('close');
	await failed.getByRole('button', { name: 'Same code, pair' }).click();
	await closed;
	await count(page.getByRole('alert')).toBe(1);
	expect(wrong.splice(0)).toHaveLength(1);
	const held = Promise.withResolvers<void>();
	await page.route(list, async (route) => {
		if (route.request().method() === 'POST') await held.promise;
		await route.continue();
	});
	const window = await begin();
	await window.getByRole('button', { name: 'Same code, pair' }).click();
	const finishing = window.getByText('Now the page finishes the pairing.');
	await count(finishing).toBe(1);
	// Another practice was paired or removed: that is not this one.
	await window.evaluate(async () => {
		const { pairings } = await chrome.storage.local.get('pairings');
		const heard = new Promise((resolve) => chrome.storage.local.onChanged.addListener(resolve));
		await chrome.storage.local.set({ pairings: [...(Array.isArray(pairings) ? pairings : []), 1] });
		await heard;
	});
	expect(await finishing.isVisible()).toBe(true);
	await window.getByRole('button', { name: 'Cancel pairing' }).click();
	await text(window.getByRole('heading')).toBe('This request is not open any more');
	held.resolve();
	// The page takes the keys that nobody holds off the list.
	await text(page.getByRole('alert')).toContain('Not paired');
	await count(rows()).toBe(1);
	await page.unroute(list);
});

/** Says something to the extension as a page does. */
const say = (on: Page, message: object) =>
	on.evaluate(
		async ([id, said]) => {
			try {
				return (await chrome.runtime.sendMessage(id, said)) ?? 'no answer';
			} catch {
				return 'no answer';
			}
		},
		[new URL(pageOf('')).host, message] as const,
	);

test('a page speaks for its own address, and hears of its own pairings only', async () => {
	const ask = (on: Page, named: string) => say(on, { type: 'hello', server: named });
	const answered = await ask(page, server.address);
	expect(answered.paired).toHaveLength(1);
	expect(await ask(page, 'https://visit.example.org')).toBe('no answer');
	const other = await context.newPage();
	await other.goto(server.address.replace('localhost', '127.0.0.1'));
	const { paired } = await ask(other, new URL(other.url()).origin);
	expect(paired).toEqual([]);
	expect(await ask(other, server.address)).toBe('no answer');
	await other.close();
});

test('a page cannot finish what the user has not confirmed', async () => {
	const about = { server: server.address };
	const hello = await say(page, { type: 'hello', ...about });
	const [{ practice, member }] = hello.paired;
	const opened = context.waitForEvent('page');
	const { offer } = await say(page, {
		type: 'offer',
		...about,
		practice: { id: practice, name: 'Another name' },
		member: { id: member, name: maya.name },
		identity: bytesOf(32),
	});
	const window = await opened;
	await text(codeOf(window)).toMatch(/\d/);
	const device = newId();
	expect(await say(page, { type: 'finish', ...about, offer, device })).toEqual({ state: 'asking' });
	expect(await say(page, { type: 'hello', ...about })).toEqual(hello);
	await window.getByRole('button', { name: 'They differ' }).click();
	await text(window.getByRole('heading')).toBe('Not paired');
	expect(await say(page, { type: 'finish', ...about, offer, device })).toEqual({ state: 'gone' });
	await window.close();
});

test('another address takes neither the place of a practice nor of the window that asks', async () => {
	const [paired] = (await say(page, { type: 'hello', server: server.address })).paired;
	const other = await context.newPage();
	await other.goto(server.address.replace('localhost', '127.0.0.1'));
	const about = { server: new URL(other.url()).origin };
	const offer = (practice: string) =>
		say(other, {
			type: 'offer',
			...about,
			practice: { id: practice, name: maya.practice },
			member: { id: paired.member, name: maya.name },
			identity: bytesOf(32),
		});
	expect(await offer(paired.practice)).toEqual({ refused: 'elsewhere' });
	const window = await begin();
	await text(codeOf(window)).toMatch(/\d/);
	expect(await offer(newId())).toEqual({ refused: 'busy' });
	expect(window.isClosed()).toBe(false);
	const closed = window.waitForEvent('close');
	await page.getByRole('button', { name: 'Cancel pairing' }).click();
	await closed;
	const opened = context.waitForEvent('page');
	const { offer: id } = await offer(newId());
	await opened;
	await page.getByRole('button', { name: 'Pair this browser again' }).click();
	await text(page.getByRole('alert')).toContain('asking about another practice right now');
	expect(await say(other, { type: 'cancel', ...about, offer: id })).toEqual({ state: 'gone' });
	// It brings up no window after window that nobody wants.
	for (let windows = 1; windows < 5; windows += 1)
		await say(other, { type: 'cancel', ...about, offer: (await offer(newId())).offer });
	expect(await offer(newId())).toEqual({ refused: 'later' });
	await other.close();
});

test('a script in a page reads nothing that is stored, and unpairs nothing', async () => {
	const session = await context.newCDPSession(page);
	const worlds: { id: number; origin: string }[] = [];
	session.on('Runtime.executionContextCreated', (event) => worlds.push(event.context));
	await session.send('Runtime.enable');
	// The world of the extension's content script, as a page sees it that broke into its process.
	const world = worlds.find(({ origin }) => origin === pageOf('').slice(0, -1));
	const run = async (expression: string): Promise<string> => {
		const asked = { expression, contextId: world?.id ?? 0, awaitPromise: true };
		const { result } = await session.send('Runtime.evaluate', asked);
		return result.value;
	};
	expect(await run(`chrome.storage.local.get().then(() => 'read', String)`)).toContain(
		'Access to storage is not allowed from this context',
	);
	const about = { type: 'hello', server: server.address };
	const before = await say(page, about);
	const asked = JSON.stringify({ type: 'unpair', practice: before.paired[0].practice });
	await run(`chrome.runtime.sendMessage(${asked}).then(() => 'heard', String)`);
	expect(await say(page, about)).toEqual(before);
	await session.detach();
});

test('everything that the extension stored opens names and nothing else', async () => {
	await page.getByRole('link', { name: 'Today' }).click();
	const published = page.waitForRequest('**/api/presence/names');
	await newSession(page, { names: ['Dana Whitfield'] });
	expect((await published).method()).toBe('PUT');
	const thief = await context.newPage();
	await thief.goto(pageOf('popup/popup.html'));
	const found = await steal(thief, server.address);
	expect(found.keys.toSorted()).toEqual([
		'Ed25519 private sign InvalidAccessError',
		'X25519 private deriveBits InvalidAccessError',
	]);
	expect(found.answers).toEqual({
		'token staff': 401,
		'token presence': 200,
		'GET /api/me': 403,
		'GET /api/sessions': 403,
		'GET /api/recordings': 403,
		'GET /api/people': 403,
		'GET /api/ice': 403,
		'GET /api/presence/devices': 403,
		'GET /api/presence/day': 200,
	});
	const sealed = fromBase64url(found.names);
	const box = { nonce: sealed.slice(33, 57), bytes: sealed.slice(57) };
	const key = boxKeyOf(Uint8Array.from(found.secret));
	const opened = nacl.secretbox.open(box.bytes, box.nonce, key);
	expect(Buffer.from(opened ?? []).toString()).toContain('Dana Whitfield');
	// What lies there says nobody’s name, and has no token.
	expect(found.texts).toContain(maya.practice);
	expect(found.texts).not.toMatch(/Dana|Whitfield|token/i);
	await thief.close();
});

test('an extension that the account did not sign is marked, and gets no names', async () => {
	const forged = newId();
	await page.route('**/api/presence/devices', async (route) => {
		const response = await route.fetch();
		const { devices } = await response.json();
		const [own] = devices;
		// A server that wants the names lists a key of its own.
		devices.push({ ...own, id: forged, presenceKey: bytesOf(32), seenAt: null });
		await route.fulfill({ response, json: { devices } });
	});
	const sent: string[] = [];
	page.on('request', (request) => {
		if (request.url().endsWith('/api/presence/names')) sent.push(request.postData() ?? '');
	});
	await page.goto(`${server.address}/practice/extension`);
	await text(page.getByRole('alert')).toMatch(new RegExp(`${maya.name} did not pair this one`));
	await expect.poll(() => sent.length).toBeGreaterThan(0);
	expect(sent.join('\n')).toContain('"sealed"');
	expect(sent.join('\n')).not.toContain(forged);
	await page.unroute('**/api/presence/devices');
});

test('removing it in the list ends it, and it can be paired again', async () => {
	await page.goto(`${server.address}/practice/extension`);
	await count(rows()).toBe(1);
	await page.getByRole('button', { name: /^Remove / }).click();
	const dialog = page.getByRole('dialog');
	await text(dialog).toContain('It is cut off at once');
	await dialog.getByRole('button', { name: /^Remove / }).click();
	await page.getByText('None is paired.').waitFor();
	const thief = await context.newPage();
	await thief.goto(pageOf('popup/popup.html'));
	const { answers } = await steal(thief, server.address);
	expect(answers).toMatchObject({ 'token presence': 404 });
	await thief.close();
	const window = await begin();
	await window.getByRole('button', { name: 'Same code, pair' }).click();
	await count(rows()).toBe(1);
	await window.close();
});

test('who unpairs in the extension is off the list, and has no keys any more', async () => {
	const extension = await context.newPage();
	await extension.goto(pageOf('popup/popup.html'));
	await extension.evaluate(async (origin) => {
		const { pairings } = await chrome.storage.local.get('pairings');
		if (!Array.isArray(pairings)) throw new Error(`nothing is paired with ${origin}`);
		await chrome.runtime.sendMessage({ type: 'unpair', practice: pairings[0].practice });
	}, server.address);
	const { keys } = await steal(extension, server.address);
	expect(keys).toEqual([]);
	await page.reload();
	await page.getByText('None is paired.').waitFor();
	await extension.close();
});

test('the app out of the package pairs the same way, and its account key is gone when it is locked', async () => {
	const app = await context.newPage();
	const asked = new URLSearchParams({ server: server.address, path: '/practice/extension' });
	await app.goto(`${pageOf('app/index.html')}?${asked.toString()}`);
	await signIn(app);
	const opened = context.waitForEvent('page');
	await app.getByRole('button', { name: 'Pair this browser' }).click();
	const window = await opened;
	await text(window.getByRole('definition').first()).toBe(server.address);
	await text(codeOf(app)).toMatch(/\d/);
	await text(codeOf(window)).toBe((await codeOf(app).textContent()) ?? '');
	await window.getByRole('button', { name: 'Same code, pair' }).click();
	await text(window.getByRole('heading')).toBe(`Paired with ${maya.practice}`);
	await text(app.getByRole('listitem').filter({ hasText: 'Paired on' })).toContain('this browser');
	await window.close();
	// One origin keeps the keys of both: the account's are as safe there as in any browser where she signed in.
	const thief = await context.newPage();
	await thief.goto(pageOf('popup/popup.html'));
	const exports = [
		'Ed25519 private sign InvalidAccessError',
		'Ed25519 private sign InvalidAccessError',
		'X25519 private deriveBits InvalidAccessError',
	];
	const unlocked = await steal(thief, server.address);
	expect(unlocked.keys.toSorted()).toEqual(exports);
	expect(unlocked.texts).toContain('"wrapped":');
	await app.getByRole('button', { name: 'Lock' }).click();
	await app.getByRole('button', { name: 'Unlock' }).waitFor();
	const locked = await steal(thief, server.address);
	expect(locked.keys.toSorted()).toEqual(exports);
	expect(locked.texts).not.toContain('"wrapped":');
	await thief.close();
	await app.close();
	expect(wrong).toEqual([]);
});

test('who removes a practice that cannot be reached is told that it still lists this browser', async () => {
	await server.stop();
	await page.goto(pageOf('settings/settings.html'));
	await page.getByRole('button', { name: /^Remove / }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: /^Remove / }).click();
	await text(page.getByRole('alert')).toContain(`${maya.practice} could not be told`);
	expect(await page.getByText('None is paired.').isVisible()).toBe(true);
});
