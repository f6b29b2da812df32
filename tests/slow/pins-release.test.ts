import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Hostile, evil, startHostile } from '../extension/hostile.ts';
import { type PinningBrowser, launchPinning, soon } from '../extension/pinned.ts';
import { type Site, copySite, makeReleaseKey } from '../extension/site.ts';

const key = makeReleaseKey();
const day = 24 * 60 * 60 * 1000;
const issued = 1_800_000_000_000;
const unsigned = { error: 'release-unsigned' };

let browser: PinningBrowser;
let site: Site;
let server: Hostile;
beforeAll(async () => {
	browser = await launchPinning(key);
});
afterAll(() => browser.close());
// Each has a site of its own: what was seen of one is not forgotten.
beforeEach(async () => {
	site = await copySite();
	await site.publish(key, issued);
	server = await startHostile(site.folder);
});
afterEach(async () => {
	await server.close();
	await site.remove();
});

const label = () => browser.label(server.origin);
const mode = () => browser.mode(server.origin);
const check = () => browser.ask('code-check', server.origin);
const pin = () => browser.pin(server.origin);

async function visit(path = '/sign-in'): Promise<Page> {
	const page = await browser.context.newPage();
	await page.goto(`${server.origin}${path}`);
	return page;
}
const started = (page: Page) => page.getByRole('button', { name: 'Sign in' }).waitFor();

test('a release of another key is not pinned', async () => {
	await site.publish(makeReleaseKey(), issued);
	expect(await pin()).toEqual(unsigned);
	expect(await mode()).toBe('not-verified');
	expect(await browser.ask('code-state', server.origin)).toMatchObject({ pinned: false });
});

test('a release that was altered after it was signed is not pinned, nor one that is none', async () => {
	const file = join(site.folder, 'release.json');
	const text = await readFile(file, 'utf8');
	await writeFile(file, text.replace("'wasm-unsafe-eval'", "'unsafe-inline'"));
	expect(await pin()).toEqual(unsigned);
	for (const other of ['', '{}', '{"payload":"{}","signature":""}', '<html>']) {
		await writeFile(file, other);
		expect(await pin()).toEqual(unsigned);
	}
	server.behave((_, path) =>
		path === '/release.json' ? { body: '', status: 302, headers: { location: '/x' } } : undefined,
	);
	expect(await pin()).toEqual({ error: 'release-unreachable' });
	expect(await mode()).toBe('not-verified');
});

test('a site that was pinned and names a release of another key is called blocked, and stays pinned', async () => {
	await pin();
	await site.publish(makeReleaseKey(), issued + day);
	expect(await check()).toMatchObject({ pinned: true, problem: 'unsigned' });
	expect(await mode()).toBe('blocked');
	server.behave((_, path) =>
		path === '/' ? { body: `<script>${evil('unsigned')}</script>` } : undefined,
	);
	const page = await visit('/');
	await soon(() => server.asked).toContain('/');
	expect(server.beacons).toEqual([]);
	await page.close();
});

test('an older release is refused, also after the pin was taken off, and another of the same moment too', async () => {
	await pin();
	await site.publish(key, issued - day, '1.4.1');
	const refused = { pinned: true, problem: 'rollback' };
	expect(await check()).toMatchObject(refused);
	expect(await label()).toMatchObject({ mode: 'blocked', version: '1.4.2' });
	await site.publish(key, issued, '1.4.1');
	expect(await check()).toMatchObject(refused);
	await browser.ask('code-unpin', server.origin);
	await site.publish(key, issued - day, '1.4.1');
	expect(await pin()).toEqual({ error: 'release-rollback' });
	await site.publish(key, issued);
	expect(await pin()).toMatchObject({ pinned: true, problem: null });
});

test('a newer release is taken when the page of it comes, and the page is loaded again', async () => {
	await pin();
	const page = await visit();
	await started(page);
	await soon(mode).toBe('pinned');
	// The next version of the app: its pages start it another way.
	const file = join(site.folder, 'sign-in.html');
	const html = await readFile(file, 'utf8');
	const metaless = html.replace(/<meta http-equiv="content-security-policy"[^>]*>/, '');
	await writeFile(file, metaless.replace('<script>', '<script>/* 1.5.0 */'));
	await site.publish(key, issued + day, '1.5.0');
	await page.reload();
	await started(page);
	await soon(mode).toBe('pinned');
	expect(await label()).toMatchObject({ mode: 'pinned', version: '1.5.0' });
	await page.close();
});

test('a page that was open before the newest release is not said to be of it', async () => {
	await pin();
	const page = await visit();
	await started(page);
	await soon(mode).toBe('pinned');
	await site.publish(key, issued + day, '1.5.0');
	expect(await check()).toMatchObject({
		problem: null,
		view: { mode: 'pinned', version: '1.4.2' },
	});
	await page.reload();
	await started(page);
	await soon(label).toMatchObject({ mode: 'pinned', version: '1.5.0' });
	await page.close();
});

test('a server that is away changes nothing of what is pinned', async () => {
	await pin();
	const { origin } = server;
	await server.close();
	expect(await check()).toMatchObject({ pinned: true, problem: 'unreachable' });
	expect(await mode()).toBe('pinned');
	server = await startHostile(site.folder, Number(new URL(origin).port));
	expect(await check()).toMatchObject({ pinned: true, problem: null });
});

test('a pin survives the end of the service worker, and can be taken off', async () => {
	await pin();
	await browser.killWorker();
	const page = await visit();
	await started(page);
	await soon(mode).toBe('pinned');
	expect(await browser.ask('code-unpin', server.origin)).toMatchObject({ pinned: false });
	expect(await mode()).toBe('not-verified');
	await page.reload();
	await started(page);
	expect(await mode()).toBe('not-verified');
	await page.close();
});

test('a service worker from before the pin is taken away, and no other can come', async () => {
	const worker = `self.addEventListener('fetch', (event) => {
		if (event.request.mode !== 'navigate') return;
		const headers = { 'content-type': 'text/html' };
		event.respondWith(new Response("<script>${evil('worker')}</script>", { headers }));
	});
	self.addEventListener('install', () => self.skipWaiting());
	self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));`;
	const plant = `navigator.serviceWorker.register('/evil-worker.js').then(() => navigator.serviceWorker.ready).then(() => {${evil('planted')}})`;
	server.behave((_, path) => {
		if (path === '/evil-worker.js') return { body: worker, type: 'text/javascript' };
		return path === '/plant' ? { body: `<script>${plant}</script>` } : undefined;
	});
	const page = await visit('/plant');
	await soon(() => server.beacons).toContain('planted');
	await page.goto(`${server.origin}/sign-in`);
	await soon(() => server.beacons).toContain('worker');

	server.beacons.length = 0;
	await pin();
	// The tab that it held was loaded again, from the site.
	await started(page);
	await soon(mode).toBe('pinned');
	await page.goto(`${server.origin}/plant`);
	await soon(mode).toBe('blocked');
	await page.goto(`${server.origin}/sign-in`);
	await started(page);
	await soon(mode).toBe('pinned');
	expect(server.beacons).toEqual([]);
	await page.close();
});

test('a page that the browser kept from before the pin is not shown from its cache', async () => {
	const script = `<script>${evil('cached')}</script>`;
	const headers = { 'cache-control': 'max-age=31536000, immutable' };
	server.behave((_, path) => (path === '/sign-in' ? { body: script, headers } : undefined));
	const page = await visit();
	await soon(() => server.beacons).toContain('cached');
	await page.goto('about:blank');
	server.behave(() => undefined);
	server.beacons.length = 0;
	await pin();
	await page.goto(`${server.origin}/sign-in`);
	await started(page);
	await soon(mode).toBe('pinned');
	expect(server.beacons).toEqual([]);
	await page.close();
});

test('a package without a release key pins nothing, and does not offer it', async () => {
	const { folder, launchExtension, pageOf } = await import('../extension/browser.ts');
	await expect(readFile(join(folder, 'release-key.json'))).rejects.toThrow('ENOENT');
	const plain = await launchExtension();
	const page = await plain.context.newPage();
	await page.goto(pageOf('popup/popup.html'));
	const answer = await page.evaluate(
		(origin) => chrome.runtime.sendMessage({ type: 'code-pin', origin }),
		server.origin,
	);
	expect(answer).toEqual(unsigned);
	await plain.close();
});

test('where the user lets the extension see a site on click only, nothing is called pinned', async () => {
	await pin();
	expect(await mode()).toBe('pinned');
	await browser.reach('ON_CLICK');
	expect(await mode()).toBe('not-verified');
	await browser.reach('ON_ALL_SITES');
	expect(await mode()).toBe('pinned');
});

test('without its rule, or without the permission to see the pages, nothing is called pinned', async () => {
	await pin();
	expect(await mode()).toBe('pinned');
	const worker = await browser.worker();
	const without = (change: 'rule' | 'permission') =>
		worker.evaluate(async (what) => {
			const rules = await chrome.declarativeNetRequest.getDynamicRules();
			if (what === 'permission') await chrome.permissions.remove({ permissions: ['webRequest'] });
			else
				await chrome.declarativeNetRequest.updateDynamicRules({
					removeRuleIds: rules.map(({ id }) => id),
				});
		}, change);
	await without('rule');
	expect(await mode()).toBe('not-verified');
	await pin();
	expect(await mode()).toBe('pinned');
	await without('rule');
	expect(await check()).toMatchObject({ view: { mode: 'pinned' } });
	await without('permission');
	expect(await mode()).toBe('not-verified');
});
