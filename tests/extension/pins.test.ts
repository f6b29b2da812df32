import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CodeView } from '../../extension/shared/state.ts';
import { filesIn } from '../../scripts/integrity.js';
import { complaints } from '../e2e/browsers.ts';
import { attacks } from './attacks.ts';
import { type ExtensionBrowser, launchExtension } from './browser.ts';
import { type Hostile, honest, startHostile } from './hostile.ts';
import { type PinningBrowser, launchPinning, soon } from './pinned.ts';
import { copySite, makeReleaseKey } from './site.ts';

const key = makeReleaseKey();
const site = await copySite();
await site.publish(key, 1_800_000_000_000);
const read = (path: string): Promise<string> => readFile(join(site.folder, path), 'utf8');
const code = filesIn(site.folder).filter((path) => /^code\/immutable\/.*\.js$/.test(path));
const texts = await Promise.all(code.map(async (path) => ({ path, text: await read(path) })));
const entry = code.find((path) => path.includes('/entry/start.')) ?? '';
const published = {
	html: await read('index.html'),
	entry: `/${entry}`,
	part: `/code/immutable${/from"\.\.(\/[^"]+)"/.exec(await read(entry))?.[1]}`,
	// The web app imports it when it has started, to keep itself up to date.
	later: `/${texts.find(({ text }) => text.includes('messageSkipWaiting=function('))?.path}`,
};

let server: Hostile;
let browser: PinningBrowser;
let unpinned: ExtensionBrowser;

beforeAll(async () => {
	server = await startHostile(site.folder);
	browser = await launchPinning(key);
	unpinned = await launchExtension();
});
afterAll(async () => {
	await browser.close();
	await unpinned.close();
	await server.close();
	await site.remove();
});
beforeEach(() => {
	server.behave(honest);
	server.beacons.length = 0;
	server.asked.length = 0;
});

const mode = (): Promise<CodeView['mode']> => browser.mode(server.origin);
/** Opens a page, whatever becomes of it. */
async function visit(from: ExtensionBrowser, path: string): Promise<Page> {
	const page = await from.context.newPage();
	await page.goto(`${server.origin}${path}`).catch(() => null);
	return page;
}

/** How the page to sign in looks. */
const look = (page: Page): Promise<string[]> =>
	page.getByRole('button', { name: 'Sign in' }).evaluate((button) => {
		const { backgroundColor, borderRadius, fontFamily } = getComputedStyle(button);
		return [backgroundColor, borderRadius, fontFamily, getComputedStyle(document.body).color];
	});
/** How it looked before it was pinned. */
let before: string[];

test('what a site serves is not called verified before somebody pins it', async () => {
	const page = await visit(browser, '/sign-in');
	await page.getByRole('button', { name: 'Sign in' }).waitFor();
	before = await look(page);
	const unknown = { mode: 'not-verified', version: null, files: 0, checkedAt: null };
	expect(await browser.label(server.origin)).toEqual(unknown);
	await page.close();
});

test('the published app starts under the pin, and is called pinned when it runs', async () => {
	expect(await browser.pin(server.origin)).toMatchObject({ pinned: true, problem: null });
	const page = await browser.context.newPage();
	const wrong = complaints(page);
	await page.goto(`${server.origin}/sign-in`);
	await page.getByRole('button', { name: 'Sign in' }).waitFor();
	await soon(mode).toBe('pinned');
	expect(await browser.label(server.origin)).toMatchObject({ version: '1.4.2' });
	await page.goto(`${server.origin}/schedule`);
	await page.getByRole('heading', { level: 1 }).waitFor();
	await soon(mode).toBe('pinned');
	// Its style sheets come in a module instead, and its service worker is what it does without.
	const expected = /style-src|service-worker\.js'|404/;
	expect(wrong.filter((line) => !expected.test(line))).toEqual([]);
	await page.close();
});

test('the app looks as published whatever style sheets and text the server sends', async () => {
	const html = await read('sign-in.html');
	server.behave((_, path) => {
		if (path.endsWith('.css')) return { body: 'button { opacity: 0 }', type: 'text/css' };
		const more = '<style>button { opacity: 0 }</style><h1>Call this number</h1>';
		return path === '/sign-in' ? { body: html.replace('<body>', `<body>${more}`) } : undefined;
	});
	const page = await visit(browser, '/sign-in');
	const button = page.getByRole('button', { name: 'Sign in' });
	await button.waitFor();
	expect(await look(page)).toEqual(before);
	expect(await button.evaluate((one) => getComputedStyle(one).opacity)).toBe('1');
	expect(await page.getByText('Call this number').count()).toBe(0);
	await page.close();
});

const all = attacks(published);

describe('where nothing is pinned, what the server made', () => {
	test.each(all.filter(({ harmless }) => !harmless))(
		'runs: $name',
		async ({ path = '/', behave, click }) => {
			server.behave(behave);
			const page = await visit(unpinned, path);
			if (click) await page.getByText('Go on').click({ noWaitAfter: true });
			await soon(() => server.beacons).not.toEqual([]);
			expect(server.beacons[0]).toMatch(/^[a-z-]+$/);
			await page.close();
		},
	);
});

describe('under the pin nothing of it runs, and the label says what happened', () => {
	test.each(all)('$name: $label', async ({ label, path = '/', until = path, behave, click }) => {
		await soon(mode).toBe('pinned');
		server.behave(behave);
		const page = await visit(browser, path);
		// A form that is refused leaves a navigation that never ends.
		if (click) await page.getByText('Go on').click({ noWaitAfter: true });
		await soon(() => server.asked).toContain(until);
		await soon(mode).toBe(label);
		expect(server.beacons).toEqual([]);
		await page.close();
	});
});
