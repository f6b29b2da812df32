import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseState } from '../../extension/shared/stored.ts';
import { waitAt } from '../line.ts';
import { TestClock, localPractice } from '../local.ts';
import { newId } from '../wire.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from './browser.ts';
import { Desktop, hasDesktop } from './notifications.ts';
import { pairByHand } from './paired.ts';

const hourMs = 60 * 60_000;
const soon = { timeout: 20_000, interval: 50 };

/** Somebody sets it: what has passed is not what it says. */
class SetClock extends TestClock {
	offMs = 0;

	override now(): number {
		return super.now() + this.offMs;
	}
}
const clock = new SetClock(Date.now());

let desktop: Desktop;
let local: Awaited<ReturnType<typeof localPractice>>;
let browser: ExtensionBrowser;

async function practice() {
	const worker = await browser.worker();
	const stored = await worker.evaluate(() => chrome.storage.session.get('state'));
	return parseState(stored['state']).practices[0];
}

const connected = () =>
	vi.waitFor(async () => expect((await practice())?.link).toBe('connected'), soon);

beforeAll(async () => {
	if (!hasDesktop) return;
	desktop = await Desktop.start();
	local = await localPractice({ clock });
	browser = await launchExtension();
	await browser.worker();
	await pairByHand(browser, local.maya);
	await connected();
});
afterAll(async () => {
	await browser?.close();
	await Promise.all([local?.stop(), desktop?.stop()]);
});

/** Somebody knocks at a session of her own; gives what leaves again. */
async function arrive() {
	const { places } = await local.maya.session({ startsAt: clock.now() });
	const { line } = await waitAt(local.address, places[0] ?? '');
	return () => line.ask({ type: 'leave', id: newId() });
}

describe.skipIf(!hasDesktop)('a server whose clock is moved (needs python3-dbus)', () => {
	test('tells of every arrival once, and how long somebody waits is not what its clock says', async () => {
		const leave = [await arrive()];
		await desktop.count(1);
		clock.offMs = 3 * hourMs;
		await local.maya.unlock();
		leave.push(await arrive());
		await desktop.count(2);
		await browser.killWorker();
		const killed = Date.now();
		const page = await browser.context.newPage();
		await page.goto(pageOf('popup/popup.html'));
		await page.evaluate(() => chrome.runtime.sendMessage({ type: 'version' }));
		// The new worker has looked who is there.
		await vi.waitFor(async () => {
			expect((await practice())?.waiting[0]?.asOf).toBeGreaterThan(killed);
		}, soon);
		clock.offMs = -2 * hourMs;
		leave.push(await arrive());
		await desktop.count(3);
		await vi.waitFor(async () => expect((await practice())?.waiting.length).toBe(3), soon);
		const waited = (await practice())?.waiting.map(({ waitedMs }) => waitedMs) ?? [];
		for (const ms of waited) {
			expect(ms).toBeGreaterThanOrEqual(0);
			expect(ms).toBeLessThan(hourMs);
		}
		for (const one of leave) await one();
		await desktop.showing(0);
		expect(desktop.told.length).toBe(3);
	});
});
