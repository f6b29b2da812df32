import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { waitAt } from '../line.ts';
import { type TestServer, startServer } from '../server.ts';
import { type Staff, signUp } from '../staff.ts';
import { newId } from '../wire.ts';
import { type ExtensionBrowser, launchExtension } from '../extension/browser.ts';
import { Desktop, hasDesktop } from '../extension/notifications.ts';
import { pairByHand } from '../extension/paired.ts';

/** An alarm comes every half minute, and the worker has to start and connect. */
const soon = { timeout: 60_000, interval: 200 };

let desktop: Desktop | undefined;
let server: TestServer;
let maya: Staff;
let browser: ExtensionBrowser;
let device: string;

/** Whether the server has a socket of the extension. */
async function isConnected(): Promise<boolean> {
	const { body } = await maya.call('GET', '/api/presence/devices');
	const devices: { id: string; seenAt: number | null }[] = body.devices;
	return devices.find(({ id }) => id === device)?.seenAt === null;
}
const connected = (is: boolean) =>
	vi.waitFor(async () => expect(await isConnected()).toBe(is), soon);

beforeAll(async () => {
	[desktop, server] = await Promise.all([hasDesktop ? Desktop.start() : undefined, startServer()]);
	maya = await signUp(server.address, server.setupUrl);
	browser = await launchExtension();
	({ device } = await pairByHand(browser, maya));
});
afterAll(async () => {
	await browser?.close();
	await Promise.all([server?.stop(), desktop?.stop()]);
});

test('a worker that was ended is back by its alarm, although nobody wakes it, and tells once of who came meanwhile', async () => {
	await connected(true);
	await browser.killWorker();
	await connected(false);
	const { places } = await maya.session();
	const { line } = await waitAt(server.address, places[0] ?? '');
	await connected(true);
	// Without a desktop there is nobody to hear it.
	await desktop?.count(1);
	await line.ask({ type: 'leave', id: newId() });
	await desktop?.showing(0);
	expect(desktop?.told.length ?? 1).toBe(1);
});
