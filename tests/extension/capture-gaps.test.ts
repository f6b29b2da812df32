import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { colours, decodeErrors, duration, mediaOf } from '../e2e/analyse.ts';
import { looks } from '../e2e/media.ts';
import { isColour } from '../e2e/people.ts';
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

test('a tab whose process hangs is a gap, and goes on when it answers again', async () => {
	const tab = await stage.openTab();
	await stage.start(tab, 'Hung');
	const hung = tab.evaluate(() => {
		const until = performance.now() + 12_000;
		while (performance.now() < until);
	});
	await stage.is('gap', 12_000);
	await hung;
	await stage.is('recording');
	await stage.stop();
	await tab.close();
	expect(stage.wrong).toEqual([]);
});

test('another site in the same tab is not recorded; the service worker may end, and the tab be closed', async () => {
	const tab = await stage.openTab();
	await stage.start(tab, 'Elsewhere');
	await stage.recorded(2500);
	await stage.browser.killWorker();
	await tab.goto(`${stage.site.address.replace('meeting', 'other')}/blue`);
	await stage.is('gap');
	const { startedAt } = await stage.state();
	await stage.recorded(Date.now() - startedAt + 2500);
	expect(await stage.badge()).toBe('REC');
	await tab.close();
	await stage.over();
	await stage.watch('Elsewhere');
	const file = await mediaOf(stage.app, 'Elsewhere');
	const shown = colours(file);
	expect(shown.some((one) => isColour(one, looks.dana) || isColour(one, looks.maya))).toBe(true);
	expect(shown.some((colour) => isColour(colour, looks.tom))).toBe(false);
	expect(decodeErrors(file)).toBe('');
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

test('what a crash leaves in this browser is brought to the server, and can be recovered', async () => {
	const tab = await stage.openTab();
	await stage.start(tab, 'Cut off');
	await stage.recorded(3000);
	await stage.server.kill('SIGKILL');
	const { startedAt } = await stage.state();
	await stage.recorded(Date.now() - startedAt + 5000);
	// The recorder is gone in the middle of it, as with a browser that dies.
	const worker = await stage.browser.worker();
	const { startedAt: began } = await stage.state();
	const madeMs = Date.now() - began;
	await worker.evaluate(async () => {
		await chrome.offscreen.closeDocument();
		// Somebody arrives: for the sound there is such a page again, which records nothing.
		const url = 'offscreen/offscreen.html';
		const { AUDIO_PLAYBACK, USER_MEDIA } = chrome.offscreen.Reason;
		const reasons = [AUDIO_PLAYBACK, USER_MEDIA];
		await chrome.offscreen.createDocument({ url, reasons, justification: 'sound' });
	});
	// The tab goes on saying what became of it.
	const size = tab.viewportSize() ?? { width: 1280, height: 720 };
	const banner = tab.locator('sotto-capture');
	expect(await banner.count()).toBe(1);
	const close = async () => {
		await tab.mouse.click(size.width - 65, size.height - 55);
		expect(await banner.count()).toBe(0);
	};
	await vi.waitFor(close, { timeout: 20_000 });
	await tab.close();
	expect(await stage.leftHere()).toBeGreaterThan(0);
	await stage.server.restart();
	await stage.browser.killWorker();
	await stage.app.goto(`${stage.server.address}/recordings`);
	await stage.seen();
	await vi.waitFor(async () => expect(await stage.leftHere()).toBe(0), {
		timeout: 40_000,
		interval: 500,
	});
	const row = stage.app.getByRole('row').filter({ hasText: 'Cut off' });
	await row.getByRole('button', { name: 'Recover' }).click({ timeout: 30_000 });
	await row.getByText('recording stopped unexpectedly at').waitFor({ timeout: 60_000 });
	await stage.watch('Cut off');
	const file = await mediaOf(stage.app, 'Cut off');
	expect(decodeErrors(file)).toBe('');
	// Nothing is lost but the last second, and one on its way, though for five no server was there.
	expect(duration(file)).toBeGreaterThan(madeMs / 1000 - 2);
	expect(await stage.badge()).toBe('');
});
