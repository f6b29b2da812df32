import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ExtensionBrowser, launchExtension } from '../extension/browser.ts';
import { Desktop, hasDesktop } from '../extension/notifications.ts';
import { pairByHand } from '../extension/paired.ts';
import { waitAt } from '../line.ts';
import { type TestServer, startServer } from '../server.ts';
import { type Staff, signUp } from '../staff.ts';
import { newId } from '../wire.ts';

/** An alarm comes every half minute, and the worker has to start and connect. */
const backMs = 45_000;
const soon = { timeout: backMs, interval: 200 };

let desktop: Desktop;
let server: TestServer;
let maya: Staff;
let browser: ExtensionBrowser;
let device: string;

async function isConnected(): Promise<boolean> {
	const { body } = await maya.call('GET', '/api/presence/devices');
	const devices: { id: string; seenAt: number | null }[] = body.devices;
	return devices.find(({ id }) => id === device)?.seenAt === null;
}

beforeAll(async () => {
	if (!hasDesktop) return;
	[desktop, server] = await Promise.all([Desktop.start(), startServer()]);
	maya = await signUp(server.address, server.setupUrl);
	browser = await launchExtension();
	({ device } = await pairByHand(browser, maya));
});
afterAll(async () => {
	await browser?.close();
	await Promise.all([server?.stop(), desktop?.stop()]);
});

describe.skipIf(!hasDesktop)('nobody wakes the worker (needs python3-dbus and python3-gi)', () => {
	test('a worker that was ended is back by its alarm, and tells once of who came meanwhile', async () => {
		await vi.waitFor(async () => expect(await isConnected()).toBe(true), soon);
		await browser.killWorker();
		await vi.waitFor(async () => expect(await isConnected()).toBe(false), soon);
		const { places } = await maya.session();
		const { line } = await waitAt(server.address, places[0] ?? '');
		await vi.waitFor(() => expect(desktop.told.length).toBe(1), soon);
		await line.ask({ type: 'leave', id: newId() });
		await desktop.showing(0);
		expect(desktop.told.length).toBe(1);
	});
});
