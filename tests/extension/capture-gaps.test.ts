import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { decodeErrors, mediaOf } from '../e2e/analyse.ts';
import { Stage, clickAction, pressInPopup } from './captured.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
beforeAll(async () => {
	stage = await Stage.open();
});
afterEach(async () => {
	if (await stage.state()) await stage.stop();
});
afterAll(() => stage?.close());

/** The captured tab is loaded again, and shows its page. */
async function reload(): Promise<void> {
	const worker = await stage.browser.worker();
	await worker.evaluate(async () => {
		const { 'capture-running': running } = await chrome.storage.session.get('capture-running');
		const loaded = new Promise<void>((resolve) => {
			chrome.tabs.onUpdated.addListener((id, { status }) => {
				if (id === Object(running).tab && status === 'complete') resolve();
			});
		});
		await chrome.tabs.reload(Object(running).tab);
		await loaded;
	});
}

/** A click on the button in the toolbar, with the captured tab in front, which is no page of the test any more. */
async function clickTab(): Promise<void> {
	const worker = await stage.browser.worker();
	const url = await worker.evaluate(async () => {
		const { 'capture-running': running } = await chrome.storage.session.get('capture-running');
		const tab = await chrome.tabs.update(Object(running).tab, { active: true });
		return tab?.url ?? '';
	});
	await clickAction(stage.browser, url || `${stage.site.address}/`);
}

test('a tab that crashes is a gap within five seconds, and goes on when it is there again', async () => {
	const tab = await stage.openTab();
	await stage.start(tab, 'Crashed');
	await stage.recorded(3000);
	const cdp = await stage.context.newCDPSession(tab);
	// It never answers.
	void cdp.send('Page.crash').catch(() => {});
	await stage.is('gap', 5000);
	// The browser takes back its leave for the tab with its process: a click on the button gives it again.
	await reload();
	await clickTab();
	await stage.is('recording');
	const { startedAt } = await stage.state();
	await stage.recorded(Date.now() - startedAt + 3000);
	await stage.stop();
	await stage.watch('Crashed');
	const gaps = stage.app
		.getByRole('list', { name: 'Times in which nothing was kept' })
		.getByRole('listitem');
	expect(await gaps.count()).toBe(1);
	expect(decodeErrors(await mediaOf(stage.app, 'Crashed'))).toBe('');
});

test('the tab of a call without its recorder is refused, and one that becomes one is not recorded', async () => {
	const tab = await stage.openTab();
	const mark = (value: string) =>
		tab.evaluate((is) => void (document.documentElement.dataset['sottoCall'] = is), value);
	await mark('unrecorded');
	await stage.press(tab);
	await stage.refused('This tab shows a call without a recorder');
	expect(await stage.state()).toBeNull();
	await mark('recorded');
	await stage.start(tab, 'In a call', async () => {
		await pressInPopup(stage.browser, 'Record this tab');
	});
	await mark('unrecorded');
	await stage.is('gap');
	await mark('recorded');
	await stage.is('recording');
	await stage.stop();
	await tab.close();
});
