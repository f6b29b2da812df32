import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { maya, signIn } from '../e2e/practice.ts';
import { pageOf } from './browser.ts';
import { Stage, clickAction, inPopup, orSay } from './captured.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
beforeAll(async () => {
	stage = await Stage.open();
	stage.context.setDefaultTimeout(30_000);
});
afterAll(() => stage?.close());

/** The command of the keyboard, without its key: a click gives the leave for the tab. */
async function command(): Promise<void> {
	const worker = await stage.browser.worker();
	// Not in its types: it calls the listeners as the browser does.
	await worker.evaluate(() => {
		const { onCommand } = chrome.commands;
		Reflect.get(onCommand, 'dispatch').call(onCommand, 'capture-tab');
	});
}

/** Requests of this page to a path fail. In the page itself: what a service worker passes on, no tool outside of it sees. */
const cutOff = (page: Page, path: string | undefined): Promise<void> =>
	page.evaluate((cut) => {
		const kept = Reflect.get(globalThis, 'reach');
		const reach: typeof fetch = kept ?? globalThis.fetch;
		Reflect.set(globalThis, 'reach', reach);
		globalThis.fetch = (input, init) =>
			cut !== undefined && new Request(input).url.endsWith(cut)
				? Promise.reject(new TypeError('cut off'))
				: reach(input, init);
	}, path);

/** Until the popup has this title, or is not open. */
const popupIs = (title: string | undefined) =>
	expect.poll(() => inPopup(stage.browser, 'document.title'), { timeout: 10_000 }).toBe(title);

test('whoever has locked the app opens it first, and is asked what she asked for; a failure can be tried again', async () => {
	const { app } = stage;
	await app.getByRole('button', { name: 'Lock' }).click();
	await app.getByRole('button', { name: 'Unlock' }).waitFor();
	const tab = await stage.openTab();
	const page = await stage.ask(tab);
	await cutOff(page, '/api/presence/devices');
	await page.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await page.getByRole('button', { name: 'Unlock' }).click();
	await orSay(page, page.getByRole('alert').getByText('offline').waitFor());
	await cutOff(page, undefined);
	await page.getByRole('button', { name: 'Try again' }).click();
	expect(await page.getByRole('textbox', { name: 'Title' }).inputValue()).toBe('Weekly meeting');
	await page.getByRole('button', { name: 'Cancel' }).click();
	await tab.close();
});

test('the command of the keyboard begins it too, and the banner in the tab ends it', async () => {
	const tab = await stage.openTab();
	// No key is pressed here: the leave for the tab comes from a click.
	await stage.start(tab, 'By command', async () => {
		await tab.bringToFront();
		await clickAction(stage.browser, tab.url());
		await command();
	});
	const [box] = await tab.locator('sotto-capture').all();
	expect(box).toBeDefined();
	const size = tab.viewportSize() ?? { width: 1280, height: 720 };
	await stage.recorded(1500);
	await tab.mouse.click(size.width - 60, size.height - 40);
	await stage.over();
	expect(await tab.locator('sotto-capture').count()).toBe(0);
	await tab.close();
});

test('where the command is refused the popup opens and says why', async () => {
	const tab = await stage.context.newPage();
	await tab.goto('chrome://version');
	await tab.bringToFront();
	await popupIs(undefined);
	await command();
	await popupIs('Sotto');
	await stage.refused('The browser lets nobody record this tab');
	expect(await stage.state()).toBeNull();
	await tab.close();
});

test('when the browser is given its leave it goes on, also where the popup is gone', async () => {
	const worker = await stage.browser.worker();
	const tab = await stage.openTab();
	await worker.evaluate(() => {
		const { contains } = chrome.permissions;
		Object.assign(globalThis, { contains });
		chrome.permissions.contains = () => Promise.resolve(false);
	});
	await stage.press(tab);
	const asked = () =>
		worker.evaluate(async () => Object.keys(await chrome.storage.session.get('capture-asked')));
	await expect.poll(asked, { timeout: 10_000 }).toEqual(['capture-asked']);
	const page = await stage.ask(tab, () =>
		worker.evaluate(() => {
			chrome.permissions.contains = Reflect.get(globalThis, 'contains');
			const { onAdded } = chrome.permissions;
			Reflect.get(onAdded, 'dispatch').call(onAdded, { permissions: ['tabCapture'] });
		}),
	);
	await page.getByRole('button', { name: 'Cancel' }).click();
	expect(await asked()).toEqual([]);
	await tab.close();
});

test('keys that live in the packaged app are asked for there', async () => {
	const { app, context, server } = stage;
	await app.goto(`${server.address}/practice/extension`);
	const opened = context.waitForEvent('page');
	await app.getByRole('button', { name: 'Move to the extension' }).click();
	const packaged = await opened;
	await packaged.getByRole('link', { name: 'Sign in' }).click();
	await signIn(packaged);
	await packaged.getByRole('heading', { name: 'Today' }).waitFor();
	const tab = await stage.openTab();
	const from: string[] = [];
	context.on('page', (page) => from.push(page.url()));
	await stage.start(tab, 'From the package');
	expect(from.filter((url) => url.startsWith(server.address))).toEqual([]);
	await stage.stop();
	await packaged.goto(pageOf('app/recordings'));
	await packaged.getByRole('row').filter({ hasText: 'From the package' }).waitFor();
	await tab.close();
});

test('with several practices the command asks which', async () => {
	const page = await stage.context.newPage();
	await page.goto(pageOf('popup/popup.html'));
	await page.evaluate(async () => {
		const opening = indexedDB.open('pairing');
		await new Promise((resolve) => opening.addEventListener('success', resolve));
		const rows = opening.result.transaction('pairings', 'readwrite').objectStore('pairings');
		const all = rows.getAll();
		await new Promise((resolve) => all.addEventListener('success', resolve));
		rows.put({ ...Object(all.result[0]), practice: `${'B'.repeat(21)}A` });
		opening.result.close();
	});
	await page.close();
	const tab = await stage.openTab();
	await popupIs(undefined);
	await command();
	await popupIs('Sotto');
	expect(await stage.state()).toBeNull();
	await tab.close();
});
