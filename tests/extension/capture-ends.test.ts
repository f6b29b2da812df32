import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pageOf } from './browser.ts';
import { Stage } from './captured.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
beforeAll(async () => {
	stage = await Stage.open();
});
afterAll(() => stage?.close());

/** Nothing of it can go anywhere any more, so nothing is kept. */
const nothingLeft = () =>
	vi.waitFor(async () => expect(await stage.leftHere()).toBe(0), {
		timeout: 45_000,
		interval: 300,
	});

test('taken off the practice’s list, it stops at once and says so in the tab and the popup', async () => {
	const { app } = stage;
	const tab = await stage.openTab();
	await stage.start(tab, 'Taken off');
	await stage.recorded(2500);
	await app.getByRole('button', { name: /^Remove / }).click();
	await app
		.getByRole('dialog')
		.getByRole('button', { name: /^Remove / })
		.click();
	await stage.is('failed');
	expect(await tab.locator('sotto-capture').count()).toBe(1);
	await stage.seen();
	expect(await stage.badge()).toBe('');
	await nothingLeft();
	await tab.close();
});

test('removed in the settings of the extension, it stops at once too', async () => {
	await stage.pair();
	const tab = await stage.openTab();
	await stage.start(tab, 'Removed here');
	const settings = await stage.context.newPage();
	await settings.goto(pageOf('settings/settings.html'));
	await settings.getByRole('button', { name: 'Remove Alder Street Counseling' }).click();
	const dialog = settings.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Remove Alder Street Counseling' }).click();
	await stage.seen();
	expect(await stage.badge()).toBe('');
	await nothingLeft();
	await settings.close();
	await tab.close();
});
