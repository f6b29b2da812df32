import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultChoices } from '../../extension/shared/state.ts';
import { complaints } from '../e2e/browsers.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from './browser.ts';
import { practice, stateOf } from './states.ts';

let browser: ExtensionBrowser;
let page: Page;
let wrong: string[];
const soon = { timeout: 20_000, interval: 50 };

beforeAll(async () => {
	browser = await launchExtension();
	await browser.worker();
	page = await browser.context.newPage();
	wrong = complaints(page);
	await page.goto(pageOf('settings/settings.html'));
	await page.getByRole('group', { name: 'Whom the notification names' }).waitFor();
});
afterAll(() => browser.close());

const stored = () =>
	page.evaluate(async () => (await chrome.storage.local.get('choices'))['choices']);
const show = (state: unknown) =>
	page.evaluate((written) => chrome.storage.session.set({ state: written }), state);

test('nobody is named until somebody chooses so', async () => {
	expect(await page.getByRole('radio', { name: 'Nobody' }).isChecked()).toBe(true);
	expect(defaultChoices.names).toBe('nobody');
	await page.getByRole('radio', { name: 'Initials' }).check();
	await expect.poll(stored, soon).toEqual({ ...defaultChoices, names: 'initials' });
	await page.getByText('Saved').waitFor();
});

test('every choice is stored at once, and is there again when the page is', async () => {
	await page.getByRole('radio', { name: 'The name' }).check();
	await page.getByRole('checkbox', { name: 'Quiet hours' }).check();
	await page.getByLabel('From').fill('21:30');
	await page.getByLabel('From').blur();
	await page.getByRole('checkbox', { name: 'Sound' }).uncheck();
	await page.getByLabel('Say it again while nobody has answered').selectOption('After a minute');
	await page.getByLabel('Play the sound although it is off').selectOption('From repeat 2 on');
	const chosen = {
		names: 'name',
		sound: false,
		quiet: { from: 21 * 60 + 30, to: 8 * 60 },
		repeatMinutes: 1,
		escalateAfter: 2,
	};
	await expect.poll(stored, soon).toEqual(chosen);
	await page.reload();
	await page.getByLabel('From').waitFor();
	expect(await page.getByLabel('From').inputValue()).toBe('21:30');
	expect(await page.getByRole('radio', { name: 'The name' }).isChecked()).toBe(true);
	expect(await page.getByRole('checkbox', { name: 'Sound' }).isChecked()).toBe(false);
	await page.getByRole('checkbox', { name: 'Quiet hours' }).uncheck();
	await expect.poll(stored, soon).toEqual({ ...chosen, quiet: null });
});

test('a practice is removed only after a question', async () => {
	await show(stateOf(practice(), practice({ id: 'p2', name: 'Harbor Clinic', link: 'offline' })));
	const other = await browser.context.newPage();
	await other.goto(pageOf('panel/panel.html'));
	await other.evaluate(() => {
		const list: unknown[] = [];
		Object.assign(globalThis, { list });
		chrome.runtime.onMessage.addListener((message) => {
			if (message.type !== 'version') list.push(message);
		});
	});
	await page.bringToFront();
	await page.getByRole('button', { name: 'Remove Harbor Clinic' }).click();
	const dialog = page.getByRole('dialog', { name: 'Remove Harbor Clinic?' });
	await dialog.getByRole('button', { name: 'Cancel' }).click();
	expect(await other.evaluate('list.length')).toBe(0);
	await page.getByRole('button', { name: 'Remove Harbor Clinic' }).click();
	await dialog.getByRole('button', { name: 'Remove Harbor Clinic' }).click();
	await expect
		.poll(() => other.evaluate('list'), soon)
		.toEqual([{ type: 'unpair', practice: 'p2' }]);
	await other.close();
});

test('every permission that the browser gave is listed with what it is for', async () => {
	const { permissions = [], origins = [] } = await page.evaluate(() => chrome.permissions.getAll());
	const list = page.getByRole('region', { name: 'Permissions' });
	const names = await list.getByRole('term').allInnerTexts();
	expect(names.toSorted()).toEqual([...permissions, ...origins].toSorted());
	const texts = await list.getByRole('definition').allInnerTexts();
	expect(texts.filter((text) => text.trim() === '')).toEqual([]);
});

test('axe finds nothing, light and dark, and nothing is cut off on a narrow screen', async () => {
	for (const colorScheme of ['light', 'dark'] as const) {
		await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		const { violations } = await new AxeBuilder({ page }).analyze();
		expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
	}
	await page.setViewportSize({ width: 320, height: 700 });
	expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
	expect(wrong).toEqual([]);
});
