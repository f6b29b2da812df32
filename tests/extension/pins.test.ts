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
const published = {
	html: await read('index.html'),
	entry: `/${code.find((path) => path.includes('/entry/start.'))}`,
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

test('what a site serves is not called verified before somebody pins it', async () => {
	const page = await visit(browser, '/');
	await page.getByRole('heading', { level: 1 }).waitFor();
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
	// Its icons and its service worker are what it does without.
	expect(wrong.filter((line) => !/\.(?:png|svg)'|service-worker\.js'|404/.test(line))).toEqual([]);
	await page.close();
});

const all = attacks(published);

describe('where nothing is pinned, what the server made', () => {
	test.each(all.filter(({ harmless }) => !harmless))(
		'runs: $name',
		async ({ path = '/', behave }) => {
			server.behave(behave);
			const page = await visit(unpinned, path);
			await soon(() => server.beacons).not.toEqual([]);
			expect(server.beacons[0]).toMatch(/^[a-z-]+$/);
			await page.close();
		},
	);
});

describe('under the pin nothing of it runs, and the label says what happened', () => {
	test.each(all)('$name: $label', async ({ label, path = '/', until = path, behave }) => {
		await soon(mode).toBe('pinned');
		server.behave(behave);
		const page = await visit(browser, path);
		await soon(() => server.asked).toContain(until);
		await soon(mode).toBe(label);
		expect(server.beacons).toEqual([]);
		await page.close();
	});
});
