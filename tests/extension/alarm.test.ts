import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { type Staff, signUp } from '../staff.ts';
import { type ExtensionBrowser, launchExtension } from './browser.ts';
import { pairByHand } from './paired.ts';

/** An alarm comes every half minute, and the worker has to start and connect. */
const soon = { timeout: 60_000, interval: 200 };

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

beforeAll(async () => {
	server = await startServer();
	maya = await signUp(server.address, server.setupUrl);
	browser = await launchExtension();
	({ device } = await pairByHand(browser, maya));
});
afterAll(async () => {
	await browser?.close();
	await server?.stop();
});

test('a worker that was ended is back by its alarm, although nobody wakes it', async () => {
	await vi.waitFor(async () => expect(await isConnected()).toBe(true), soon);
	await browser.killWorker();
	await vi.waitFor(async () => expect(await isConnected()).toBe(false), soon);
	await vi.waitFor(async () => expect(await isConnected()).toBe(true), soon);
});
