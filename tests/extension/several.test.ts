import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseState } from '../../extension/shared/stored.ts';
import { waitAt } from '../line.ts';
import { TestClock, localPractice } from '../local.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from './browser.ts';
import { pairByHand } from './paired.ts';

// Two practices in one worker.
const soon = { timeout: 20_000, interval: 50 };
type Local = Awaited<ReturnType<typeof localPractice>>;
let alder: Local;
let birch: Local;
let browser: ExtensionBrowser;

beforeAll(async () => {
	const start = () => localPractice({ clock: new TestClock(Date.now()) });
	[alder, birch, browser] = await Promise.all([start(), start(), launchExtension()]);
	await browser.worker();
});
afterAll(async () => {
	await browser?.close();
	await Promise.all([alder?.stop(), birch?.stop()]);
});

async function state() {
	const worker = await browser.worker();
	return parseState((await worker.evaluate(() => chrome.storage.session.get('state')))['state']);
}
const links = async () => (await state()).practices.map(({ link }) => link);
const told = async () => {
	const worker = await browser.worker();
	return Object.keys(await worker.evaluate(() => chrome.notifications.getAll())).length;
};

async function arrive({ maya, address, clock }: Local) {
	const { places } = await maya.session({ startsAt: clock.now() });
	await waitAt(address, places[0] ?? '');
}

test('a practice that is paired or removed changes nothing at the others', async () => {
	await pairByHand(browser, alder.maya);
	await vi.waitFor(async () => expect(await links()).toEqual(['connected']), soon);
	const { linkSince } = (await state()).practices[0] ?? {};
	const { practice } = birch.maya.signedIn;
	await pairByHand(browser, birch.maya);
	await vi.waitFor(async () => expect(await links()).toEqual(['connected', 'connected']), soon);
	expect((await state()).practices[0]?.linkSince).toBe(linkSince);
	await Promise.all([alder, birch].map(arrive));
	await vi.waitFor(async () => expect(await told()).toBe(2), soon);
	const page = await browser.context.newPage();
	await page.goto(pageOf('settings/settings.html'));
	const unpair = (id: string) => chrome.runtime.sendMessage({ type: 'unpair', practice: id });
	await page.evaluate(unpair, practice.id);
	await vi.waitFor(async () => expect(await told()).toBe(1), soon);
	await vi.waitFor(async () => expect(await links()).toEqual(['connected']), soon);
	expect((await state()).practices[0]?.waiting.length).toBe(1);
});
