import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Person, callFlags, connect, newSession, person, sees, wait } from '../e2e/people.ts';
import { maya, setUp } from '../e2e/practice.ts';
import { complaints } from '../e2e/browsers.ts';
import { looks } from '../e2e/media.ts';
import { type TestServer, startServer } from '../server.ts';
import { pageOf } from '../extension/browser.ts';
import { type PinningBrowser, launchPinning, soon } from '../extension/pinned.ts';
import { type Site, copySite, makeReleaseKey } from '../extension/site.ts';

vi.setConfig({ hookTimeout: 120_000 });

const key = makeReleaseKey();
let site: Site;
let server: TestServer;
let browser: PinningBrowser;
let dana: Person;
let page: Page;

beforeAll(async () => {
	site = await copySite({ compressed: true });
	await site.publish(key, 1_800_000_000_000);
	server = await startServer({ env: { PAGES_DIR: site.folder } });
	browser = await launchPinning(key, callFlags);
	dana = await person({ looks: looks.dana });
	page = await browser.context.newPage();
});
afterAll(async () => {
	await Promise.all([browser?.close(), dana?.close()]);
	await server?.stop();
	await site?.remove();
});

test('a practice is paired, its code is pinned in the settings, and its pages are loaded again', async () => {
	await setUp(page, server);
	await page.goto(`${server.address}/practice/extension`);
	const opened = browser.context.waitForEvent('page');
	await page.getByRole('button', { name: /^Pair this browser/ }).click();
	const pairing = await opened;
	await pairing.getByRole('button', { name: 'Same code, pair' }).click();
	await pairing.getByRole('heading', { name: `Paired with ${maya.practice}` }).waitFor();
	await pairing.close();

	const settings = await browser.context.newPage();
	await settings.goto(pageOf('settings/settings.html'));
	await settings.getByRole('button', { name: `Pin the code of ${maya.practice}` }).click();
	await settings.getByText(`The code of ${maya.practice} is pinned.`).waitFor();
	const program = settings.getByRole('region', { name: `The program of ${maya.practice}` });
	await program.getByText('Pinned', { exact: true }).waitFor({ timeout: 60_000 });
	await settings.close();
	expect(await browser.mode(server.address)).toBe('pinned');
});

test('a visit goes as ever under the pin: sealed in workers, with nothing that the policy refused', async () => {
	const wrong = complaints(page);
	await page.goto(server.address);
	const { links } = await newSession(page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await page.goto(server.address);
	await connect(page, 'Dana Whitfield');
	await Promise.all([sees(page, 'Dana Whitfield'), sees(dana.page, maya.name)]);
	await soon(() => browser.mode(server.address)).toBe('pinned');
	await page.getByRole('button', { name: 'Start recording' }).click();
	await page.getByText(/^00:0[4-9]$/).waitFor();
	await page.getByRole('button', { name: 'Stop recording' }).click();
	const recording = page.getByRole('link', { name: 'Open the recording' });
	await recording.waitFor({ timeout: 60_000 });
	const policy = wrong.filter((line) => /Content Security Policy|integrity/i.test(line));
	expect(policy.filter((line) => !/style-src|service-worker\.js'/.test(line))).toEqual([]);
	expect(dana.complaints).toEqual([]);

	await recording.click();
	await page.getByText('playing takes a part that the browser cannot check').waitFor();
	const { pathname } = new URL(page.url());
	const opened = browser.context.waitForEvent('page');
	await page.getByRole('button', { name: 'Open in the extension' }).click();
	const packaged = await opened;
	expect(packaged.url()).toContain(pageOf('app/'));
	expect(decodeURIComponent(packaged.url())).toContain(pathname);
	await packaged.close();
});

/** The settings, at the program of the practice. */
async function openSettings() {
	const settings = await browser.context.newPage();
	await settings.goto(pageOf('settings/settings.html'));
	const program = settings.getByRole('region', { name: `The program of ${maya.practice}` });
	return { settings, program };
}

test('who takes a permission back is told that nothing is known any more, and can give it again', async () => {
	await page.goto(server.address);
	const { settings, program } = await openSettings();
	await program.getByText('Pinned', { exact: true }).waitFor();
	await settings.getByRole('button', { name: /webRequest/ }).click();
	await settings.getByText('no longer has the permissions').waitFor();
	await program.getByText('Not verified', { exact: true }).waitFor();
	await settings.getByRole('button', { name: `Pin the code of ${maya.practice}` }).click();
	await settings.getByText(`The code of ${maya.practice} is pinned.`).waitFor();
	await program.getByText('Pinned', { exact: true }).waitFor();
	expect(await browser.mode(server.address)).toBe('pinned');
	await settings.close();
});

test('a practice that is removed is not held to anything any more', async () => {
	const { settings } = await openSettings();
	await settings.getByRole('button', { name: `Remove ${maya.practice}` }).click();
	const dialog = settings.getByRole('dialog');
	await dialog.getByRole('button', { name: `Remove ${maya.practice}` }).click();
	const rules = () => settings.evaluate(() => chrome.declarativeNetRequest.getDynamicRules());
	await soon(rules).toEqual([]);
	expect(await browser.ask('code-state', server.address)).toMatchObject({ pinned: false });
});
