import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage, clickAction, inPopup, pressInPopup } from '../extension/captured.ts';

const run = promisify(execFile);
const [xvfb, xdotool] = ['/usr/bin/Xvfb', '/usr/bin/xdotool'];
const there = existsSync(xvfb) && existsSync(xdotool);

/** A screen that nobody sees; gives what takes it away. `DISPLAY` is it from then on. */
async function screen(): Promise<() => void> {
	const options = ['-displayfd', '3', '-screen', '0', '1400x1000x24'];
	const server = spawn(xvfb, options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
	const said = server.stdio[3];
	if (!said) throw new Error('no number of the screen');
	const [number] = await once(said, 'data');
	process.env['DISPLAY'] = `:${String(number).trim()}`;
	return () => server.kill();
}

const keys = (...names: string[]) => run(xdotool, ['key', '--delay', '100', ...names]);

let stage: Stage;
let off: () => void;
beforeAll(async () => {
	if (!there) return;
	off = await screen();
	stage = await Stage.open({ real: true });
});
afterAll(async () => {
	await stage?.close();
	off?.();
});

const leave = async (): Promise<unknown> =>
	(await stage.browser.worker()).evaluate(() =>
		chrome.permissions.contains({ permissions: ['scripting', 'tabCapture'] }),
	);

test.runIf(there)('the browser asks for its leave, the popup is gone, and it goes on', async () => {
	const tab = await stage.openTab();
	expect(await leave()).toBe(false);
	const page = await stage.ask(tab, async () => {
		await clickAction(stage.browser, tab.url());
		await expect
			.poll(() => pressInPopup(stage.browser, 'Record this tab'), {
				timeout: 20_000,
				interval: 2000,
			})
			.toBe(true);
		await expect.poll(() => inPopup(stage.browser, '1'), { timeout: 10_000 }).toBeUndefined();
		const allow = async (): Promise<unknown> => {
			// From Deny, where it begins, to Allow; before the question is there they do nothing.
			await keys('Tab', 'Return');
			return leave();
		};
		await expect.poll(allow, { timeout: 30_000, interval: 1500 }).toBe(true);
	});
	await page.getByRole('button', { name: 'Cancel' }).click();
	await tab.close();
});

test.runIf(there)(
	'the keys themselves record the tab in front, and nothing else gave leave for it',
	async () => {
		const tab = await stage.openTab();
		await stage.start(tab, 'By its keys', async () => {
			await tab.bringToFront();
			await keys('ctrl+shift+9');
		});
		await stage.recorded(3000);
		await stage.stop();
		await stage.watch('By its keys');
		expect(stage.wrong).toEqual([]);
	},
);
