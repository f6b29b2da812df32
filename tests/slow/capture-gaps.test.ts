import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { colours, decodeErrors, duration, mediaOf } from '../e2e/analyse.ts';
import { looks } from '../e2e/media.ts';
import { isColour } from '../e2e/people.ts';
import { Stage } from '../extension/captured.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
beforeAll(async () => {
	stage = await Stage.open();
});
afterEach(async () => {
	if (await stage.state()) await stage.stop();
});
afterAll(() => stage?.close());

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
