import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseState } from '../../extension/shared/stored.ts';
import { Proxy } from '../e2e/proxy.ts';
import { waitAt } from '../line.ts';
import { type TestServer, startServer } from '../server.ts';
import { type Staff, signUp } from '../staff.ts';
import { newId } from '../wire.ts';
import { type ExtensionBrowser, launchExtension } from './browser.ts';
import { Desktop, hasDesktop } from './notifications.ts';
import { pairByHand } from './paired.ts';

const soon = { timeout: 20_000, interval: 50 };

let desktop: Desktop;
let server: TestServer;
let proxy: Proxy;
let maya: Staff;
let browser: ExtensionBrowser;

async function state() {
	const worker = await browser.worker();
	return parseState((await worker.evaluate(() => chrome.storage.session.get('state')))['state']);
}
const badge = async () => (await browser.worker()).evaluate(() => chrome.action.getBadgeText({}));

/** Until the extension is connected, and was connected anew after `since`. */
const connected = (since = 0) =>
	vi.waitFor(async () => {
		const [practice] = (await state()).practices;
		expect(practice?.link).toBe('connected');
		expect(practice?.linkSince).toBeGreaterThan(since);
	}, soon);

/** Somebody knocks at a session of her own. */
async function arrive() {
	const { id: session, places } = await maya.session();
	const guest = await waitAt(server.address, places[0] ?? '');
	const leave = () => guest.line.ask({ type: 'leave', id: newId() });
	return { ...guest, session, leave };
}

beforeAll(async () => {
	if (!hasDesktop) return;
	[desktop, server, proxy] = await Promise.all([Desktop.start(), startServer(), Proxy.start()]);
	proxy.target = Number(new URL(server.address).port);
	maya = await signUp(server.address, server.setupUrl);
	browser = await launchExtension();
	await browser.worker();
	await pairByHand(browser, maya, proxy.origin);
	await connected();
});
afterAll(async () => {
	await browser?.close();
	await Promise.all([server?.stop(), proxy?.stop(), desktop?.stop()]);
});

describe.skipIf(!hasDesktop)('what the desktop is told (needs python3-dbus and python3-gi)', () => {
	test('somebody arrives while no page of ours is open: one notification that names nobody', async () => {
		const before = desktop.told.length;
		const guest = await arrive();
		const told = await desktop.count(before + 1);
		expect(told.title).toBe('Somebody is waiting');
		// It stays until somebody acts.
		expect(told.timeout).toBe(0);
		expect(Object.values(told.actions)).toEqual(expect.arrayContaining(['Connect', 'Not now']));
		await vi.waitFor(async () => expect(await badge()).toBe('1'), soon);
		await guest.leave();
		await desktop.showing(0);
		await vi.waitFor(async () => expect(await badge()).toBe(''), soon);
	});
});
