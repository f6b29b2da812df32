import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { colours, decodeErrors, mediaOf, tones } from '../e2e/analyse.ts';
import { complaints } from '../e2e/browsers.ts';
import { looks } from '../e2e/media.ts';
import { isColour } from '../e2e/people.ts';
import { setUp } from '../e2e/practice.ts';
import { startServer, type TestServer } from '../server.ts';
import { type ExtensionBrowser, launchExtension } from './browser.ts';
import { clickAction, permitted, pressInPopup, startSite } from './captured.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const flags = [
	'--autoplay-policy=no-user-gesture-required',
	'--host-resolver-rules=MAP meeting.example 127.0.0.1',
];

/** With them the browser looks for a camera instead of the tab. */
const fakes = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];

let server: TestServer;
let extension: Awaited<ReturnType<typeof permitted>>;
let site: Awaited<ReturnType<typeof startSite>>;
let browser: ExtensionBrowser;
let context: BrowserContext;
let app: Page;
let wrong: string[];

beforeAll(async () => {
	[server, site, extension] = await Promise.all([startServer(), startSite(), permitted()]);
	browser = await launchExtension(flags, extension.folder, fakes);
	({ context } = browser);
	app = await context.newPage();
	wrong = complaints(app);
	await setUp(app, server);
	await app.goto(`${server.address}/practice/extension`);
	const opened = context.waitForEvent('page');
	await app.getByRole('button', { name: /^Pair this browser/ }).click();
	const window = await opened;
	await window.getByRole('button', { name: 'Same code, pair' }).click();
	await app.getByRole('listitem').filter({ hasText: 'this browser' }).waitFor();
});
afterAll(async () => {
	await browser?.close();
	await Promise.all([server?.stop(), site?.stop(), extension?.remove()]);
});

const state = async () => {
	const worker = await browser.worker();
	const { state: all } = await worker.evaluate(() => chrome.storage.session.get('state'));
	return Object(all).capture;
};
const badge = async () => (await browser.worker()).evaluate(() => chrome.action.getBadgeText({}));

/** A tab of the other site, with sound. */
async function openTab(): Promise<Page> {
	const tab = await context.newPage();
	await tab.goto(site.address);
	await tab.mouse.click(100, 100);
	return tab;
}

/** From the click on the button to the page that asks. */
async function ask(tab: Page): Promise<Page> {
	const opened = context.waitForEvent('page', (page) => page.url().includes('/capture'));
	await clickAction(browser, tab);
	await vi.waitFor(async () => expect(await pressInPopup(browser, 'Record this tab')).toBe(true), {
		timeout: 15_000,
		interval: 200,
	});
	return opened;
}

async function start(tab: Page, title: string): Promise<void> {
	const page = await ask(tab);
	await page.getByRole('textbox', { name: 'Title' }).fill(title);
	await page.getByRole('radio', { name: 'Everybody in it has agreed to be recorded' }).check();
	await page.getByRole('button', { name: 'Start recording' }).click();
	await expect.poll(state, { timeout: 20_000 }).toMatchObject({ title: 'Weekly meeting' });
}

const recorded = (ms: number) =>
	vi.waitFor(async () => {
		const { startedAt } = await state();
		expect(Date.now() - startedAt).toBeGreaterThan(ms);
	}, 30_000);

async function stop(): Promise<void> {
	const worker = await browser.worker();
	const page = await context.newPage();
	await page.goto(new URL('/popup/popup.html', worker.url()).href);
	await page.getByRole('button', { name: 'Stop recording' }).click();
	await expect.poll(state, { timeout: 30_000 }).toBeNull();
	await page.close();
}

test('a click on the button, a statement, and the tab is recorded: its moving picture and its tone', async () => {
	const tab = await openTab();
	await start(tab, 'Case conference');
	expect(await badge()).toBe('REC');
	await recorded(8000);
	await stop();
	expect(await badge()).toBe('');
	await app.goto(`${server.address}/recordings`);
	const row = app.getByRole('row').filter({ hasText: 'Case conference' });
	await expect.poll(() => row.textContent()).toContain('Captured tab');
	await row.getByRole('link').click();
	await app.getByText('signed before it began').waitFor();
	await app.locator('video').waitFor();
	const file = await mediaOf(app, 'Case conference');
	expect(decodeErrors(file)).toBe('');
	const shown = colours(file);
	expect(shown.length).toBeGreaterThan(10);
	for (const look of [looks.maya, looks.dana])
		expect(shown.filter((colour) => isColour(colour, look)).length).toBeGreaterThan(2);
	const heard = tones(file);
	expect(heard.dana.led).toBeGreaterThan(10);
	expect(heard.dana.strength).toBeGreaterThan(0.05);
	expect(wrong).toEqual([]);
	await tab.close();
});

test('the server has nothing of what was said before, and nobody else gets a key', async () => {
	const { stdout } = await promisify(execFile)('grep', [
		'-rlaE',
		'Case conference|Weekly meeting|agreed to be recorded|Supervision of the',
		server.dataDir,
	]).catch(({ code }) => ({ stdout: code === 1 ? '' : 'not searched' }));
	expect(stdout).toBe('');
	const listed = app.waitForResponse((response) => /recordings\?from/.test(response.url()));
	await app.goto(`${server.address}/recordings`);
	const { recordings } = await (await listed).json();
	expect(recordings).toHaveLength(1);
	const [{ source, state: is, session, host, recipients }] = recordings;
	expect({ source, is, session }).toEqual({ source: 'tab', is: 'finished', session: null });
	// Herself and "Practice records key": the extension’s own grant never went there.
	expect(recipients).toHaveLength(2);
	expect(recipients).toContain(host);
});
