import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pageOf } from '../extension/browser.ts';
import { Stage, followSound } from '../extension/captured.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
beforeAll(async () => {
	stage = await Stage.open();
});
afterAll(() => stage?.close());

/** Until a page of the extension says how much waits that no server takes. */
const unsent = async (words: string) => {
	const page = await stage.context.newPage();
	await page.goto(pageOf('popup/popup.html'));
	await page.getByText(words).waitFor({ timeout: 45_000 });
	return page;
};

const left = (folders: number) =>
	vi.waitFor(async () => expect(await stage.leftHere()).toBe(folders), {
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
	// It waits until this browser is paired again.
	await (await unsent('A recorded tab cannot be uploaded whole')).close();
	await stage.pair();
	await left(0);
	await tab.close();
});

test('removed in the settings of the extension, it stops at once too', async () => {
	const tab = await stage.openTab();
	await stage.start(tab, 'Removed here');
	const settings = await stage.context.newPage();
	await settings.goto(pageOf('settings/settings.html'));
	await settings.getByRole('button', { name: 'Remove Alder Street Counseling' }).click();
	const dialog = settings.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Remove Alder Street Counseling' }).click();
	await stage.seen();
	expect(await stage.badge()).toBe('');
	await settings.close();
	const page = await unsent('A recorded tab cannot be uploaded whole');
	expect(await stage.leftHere()).toBe(1);
	await page.getByRole('button', { name: 'Delete the rest' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete the rest' }).click();
	await left(0);
	await page.close();
	await tab.close();
});

test('neither a full screen nor a dialog of the page covers the banner, and its Stop can be clicked', async () => {
	await stage.pair();
	const tab = await stage.openTab();
	await stage.start(tab, 'Covered');
	const stop = () =>
		tab.evaluate(() => {
			const [x, y] = [innerWidth - 65, innerHeight - 45];
			return { x, y, found: document.elementFromPoint(x, y)?.localName };
		});
	const onTop = () =>
		vi.waitFor(async () => expect((await stop()).found).toBe('sotto-capture'), 3000);
	await onTop();
	await tab.evaluate(() => {
		const fill = () => document.body.requestFullscreen();
		addEventListener('click', fill, { once: true });
	});
	await tab.mouse.click(100, 100);
	await tab.waitForFunction(() => document.fullscreenElement !== null);
	await onTop();
	await tab.evaluate(() => document.exitFullscreen());
	const open = () =>
		tab.evaluate(() => {
			const dialog = document.createElement('dialog');
			document.body.append(dialog);
			dialog.showModal();
		});
	await open();
	await onTop();
	await tab.evaluate(() => document.querySelector('dialog')?.remove());
	await onTop();
	await open();
	await onTop();
	const { x, y } = await stop();
	await tab.mouse.click(x, y);
	await stage.over();
	await tab.close();
});

test('what is captured stays audible: its sound goes on to the loudspeaker', async () => {
	const connected = await followSound(stage.browser);
	const tab = await stage.openTab();
	await stage.start(tab, 'Heard');
	const audible = 'MediaStreamAudioSource to AudioDestination';
	await vi.waitFor(() => expect(connected()).toContain(audible), 5000);
	await stage.stop();
	await tab.close();
});

test('a page whose answer was lost asks again, and deletes nothing that is being recorded', async () => {
	const tab = await stage.openTab();
	await stage.start(tab, 'Asked again', async () => {
		const opened = stage.context.waitForEvent('page', (page) => page.url().includes('capture'));
		await stage.press(tab);
		await (
			await opened
		).evaluate(() => {
			const { runtime } = chrome;
			const send: unknown = runtime.sendMessage;
			if (typeof send !== 'function') return;
			let lost = false;
			const sending = async (id: unknown, message: object) => {
				const answer = await Reflect.apply(send, runtime, [id, message]);
				if (Object(message).type !== 'capture-begin' || lost) return answer;
				lost = true;
				throw new Error('the service worker ended');
			};
			Object.assign(runtime, { sendMessage: sending });
		});
	});
	await stage.recorded(4000);
	await stage.stop();
	await stage.watch('Asked again');
	await tab.close();
	expect(stage.wrong).toEqual([]);
});
