import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Person, callFlags, newSession, person, sees, wait, watch } from '../e2e/people.ts';
import { maya, setUp, signIn } from '../e2e/practice.ts';
import { type TestServer, startServer } from '../server.ts';
import {
	type ExtensionBrowser,
	extensionId,
	launchExtension,
	pageOf,
} from '../extension/browser.ts';

let server: TestServer;
let browser: ExtensionBrowser;
let context: BrowserContext;
let dana: Person;
/** A tab of the web app, and one of the packaged app. */
let web: Page;
let app: Page;
let complaints: string[];

beforeAll(async () => {
	server = await startServer();
	[browser, dana] = await Promise.all([launchExtension(callFlags), person()]);
	({ context } = browser);
	context.setDefaultTimeout(20_000);
	web = await context.newPage();
	complaints = watch(web);
	await setUp(web, server);
});

afterAll(async () => {
	await Promise.all([browser?.close(), dana?.close()]);
	await server?.stop();
});

/** How many accounts the page's origin keeps keys of. */
async function accountsHere(name: string): Promise<number> {
	const opening = indexedDB.open(name);
	const open = await new Promise<IDBDatabase>((resolve, reject) => {
		opening.addEventListener('success', () => resolve(opening.result));
		opening.addEventListener('error', () => reject(opening.error ?? new Error('no database')));
	});
	const counting = open.transaction('devices').objectStore('devices').count();
	return new Promise((resolve) =>
		counting.addEventListener('success', () => resolve(counting.result)),
	);
}

/** What a page of the practice hears from the extension. */
const ask = (page: Page, message: object): Promise<unknown> =>
	page.evaluate(
		([id, said]) =>
			Promise.race([
				chrome.runtime.sendMessage(id, said).catch(() => 'refused'),
				new Promise((resolve) => setTimeout(() => resolve('nothing'), 2_000)),
			]),
		[extensionId, message] as const,
	);

/** What axe finds on the page of the web app. */
async function faults(): Promise<unknown[]> {
	const { violations } = await new AxeBuilder({ page: web }).analyze();
	return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}

const tabs = () => context.pages().filter((page) => page.url() !== 'about:blank').length;

test('keys move to the extension: none stay with the web app, and what opens, opens there', async () => {
	expect(await web.evaluate(accountsHere, 'sotto')).toBe(1);
	await web.goto(`${server.address}/practice/extension`);
	const choice = web.getByRole('region', { name: 'Where your keys live' });
	await choice.waitFor();
	expect(await faults()).toEqual([]);
	const opened = context.waitForEvent('page');
	await choice.getByRole('button', { name: 'Move to the extension' }).click();
	app = await opened;
	complaints.push(...watch(app));
	await web.getByRole('button', { name: 'Sign in' }).waitFor();
	expect(await web.evaluate(accountsHere, 'sotto')).toBe(0);
	await app.getByRole('link', { name: 'Sign in' }).click();
	await app
		.getByText(`All code of this page comes from the extension, none from ${server.address}.`)
		.waitFor();
	await signIn(app);
	await app.getByRole('heading', { name: 'Today' }).waitFor();
	expect(app.url()).toBe(pageOf('app/'));
	expect(await app.evaluate(accountsHere, `sotto ${server.address}`)).toBe(1);
	expect(await web.evaluate(accountsHere, 'sotto')).toBe(0);
});

test('the web app leads there from its sign-in, into the tab that is open', async () => {
	const before = tabs();
	await web.goto(`${server.address}/sessions/new`);
	await web.getByText('You chose the packaged app in this browser').waitFor();
	expect(await faults()).toEqual([]);
	await web.getByRole('button', { name: 'Open in the extension' }).click();
	await app.waitForURL(pageOf('app/sessions/new'));
	await app.getByRole('button', { name: 'Create session' }).waitFor();
	expect(tabs()).toBe(before);
	await web.bringToFront();
	// A form that is being filled in is left alone: another tab is opened beside it.
	const opened = context.waitForEvent('page');
	await web.getByRole('button', { name: 'Open in the extension' }).click();
	await (await opened).close();
});

test('a page speaks for its own server only, and talks nobody out of the extension', async () => {
	const own = { type: 'app-state', server: server.address };
	expect(await ask(web, own)).toEqual({ chosen: true });
	const others = server.address.replace('localhost', '127.0.0.1');
	const silent: unknown[] = [null, undefined, 'refused', 'nothing'];
	expect(silent).toContain(await ask(web, { ...own, server: others }));
	const open = { type: 'app-open', server: server.address };
	const before = tabs();
	// Nor does it open a call.
	const call = `/call/${'A'.repeat(22)}`;
	for (const path of ['//evil.example', '/\\evil', 'https://evil.example', '/a#b', call])
		expect(silent).toContain(await ask(web, { ...open, path }));
	expect(silent).toContain(await ask(web, { ...open, path: '/', home: 'web' }));
	expect(tabs()).toBe(before);
});

test('pairing and Connect work from it, and a call that runs there is not disturbed', async () => {
	await app.goto(pageOf('app/practice/extension'));
	const opening = context.waitForEvent('page');
	await app.getByRole('button', { name: /^Pair this browser/ }).click();
	const confirm = await opening;
	await confirm.getByRole('button', { name: 'Same code, pair' }).click();
	await confirm.getByRole('heading', { name: `Paired with ${maya.practice}` }).waitFor();
	await confirm.close();
	await app.goto(pageOf('app/'));
	const { id, links } = await newSession(app, ['Dana Whitfield']);
	await wait(dana.page, links[0] ?? '');
	await app.goto(pageOf('app/'));
	const popup = await context.newPage();
	await popup.goto(pageOf('panel/panel.html'));
	const before = tabs();
	await popup
		.getByRole('button', { name: /^Connect/ })
		.first()
		.click();
	await app.waitForURL(new RegExp(`/app/call/${id}`));
	await app.getByRole('region', { name: 'Who can see and hear this call' }).waitFor();
	expect(tabs()).toBe(before);
	// The page let her in: it asked the extension whether that was clicked.
	await sees(dana.page, maya.name);
	// Elsewhere in another tab, while the call goes on in this one.
	const opened = context.waitForEvent('page');
	await popup.getByRole('button', { name: 'Open the dashboard' }).click();
	const second = await opened;
	await second.getByRole('heading', { name: 'Today' }).waitFor();
	expect(second.url()).toBe(pageOf('app/'));
	expect(app.url()).toContain(`/app/call/${id}`);
	await second.close();
	await app.getByRole('button', { name: 'Leave' }).click();
	await popup.close();
});

test('of two dashboards the one that goes to the call comes to the front', async () => {
	await app.goto(pageOf('app/'));
	const { links } = await newSession(app, ['Dana Whitfield']);
	await wait(dana.page, links[0] ?? '');
	const dashboards = [app, await context.newPage(), await context.newPage()];
	const shell = new URL(pageOf('app/index.html'));
	shell.search = new URLSearchParams({ server: server.address, path: '/' }).toString();
	for (const page of dashboards) {
		await page.goto(shell.href);
		await page.getByRole('heading', { name: 'Today' }).waitFor();
	}
	const panel = await context.newPage();
	await panel.goto(pageOf('panel/panel.html'));
	await panel
		.getByRole('button', { name: /^Connect/ })
		.first()
		.click();
	const calls = () => dashboards.filter((page) => page.url().includes('/app/call/'));
	await expect.poll(() => calls().length, { timeout: 20_000 }).toBe(1);
	const front = await panel.evaluate(() =>
		chrome.tabs.query({ active: true, lastFocusedWindow: true }),
	);
	expect(front.map(({ url }) => url)).toEqual(calls().map((page) => page.url()));
	const others = dashboards.filter((page) => page !== app);
	await Promise.all([panel, ...others].map((page) => page.close()));
});

test('in the settings the web app can be chosen again', async () => {
	const settings = await context.newPage();
	await settings.goto(pageOf('settings/settings.html'));
	const group = settings.getByRole('group', { name: `Where ${maya.practice} opens` });
	await group
		.getByRole('radio', { name: 'In the extension' })
		.and(settings.locator(':checked'))
		.waitFor();
	await group.getByRole('radio', { name: 'In the web app' }).check();
	expect(await ask(web, { type: 'app-state', server: server.address })).toEqual({ chosen: false });
	await settings.goto(pageOf('panel/panel.html'));
	const opened = context.waitForEvent('page');
	await settings.getByRole('button', { name: 'Open the dashboard' }).click();
	expect((await opened).url()).toContain(server.address);
	// Whoever signs in there again does not change what was chosen.
	await app.goto(pageOf('app/'));
	await app.getByRole('heading', { name: 'Today' }).waitFor();
	expect(await ask(web, { type: 'app-state', server: server.address })).toEqual({ chosen: false });
	expect(complaints).toEqual([]);
});
