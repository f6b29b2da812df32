import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { browserArgs, executablePath } from '../browser.ts';
import { folder } from '../extension/browser.ts';
import { Desktop, hasDesktop } from '../extension/notifications.ts';
import { pairByHand } from '../extension/paired.ts';
import { waitAt } from '../line.ts';
import { type TestServer, startServer } from '../server.ts';
import { type Staff, signUp } from '../staff.ts';
import { newId } from '../wire.ts';

const minuteMs = 60_000;
const idleMs = 3 * minuteMs;
vi.setConfig({ testTimeout: 5 * minuteMs });

const args = [
	'--headless=new',
	...browserArgs,
	`--disable-extensions-except=${folder}`,
	`--load-extension=${folder}`,
];

let desktop: Desktop;
let server: TestServer;
let maya: Staff;
let profile: string;
let browser: ChildProcess;
let device: string;
const beats: NodeJS.Timeout[] = [];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether the server has a connection of the extension: nobody asks the browser, which a debugger would keep awake. */
async function isConnected(): Promise<boolean> {
	const { body } = await maya.call('GET', '/api/presence/devices');
	const devices: { id: string; seenAt: number | null }[] = body.devices;
	return devices.find(({ id }) => id === device)?.seenAt === null;
}
const connected = () =>
	vi.waitFor(async () => expect(await isConnected()).toBe(true), {
		timeout: 90_000,
		interval: 500,
	});

/** Somebody who waits for minutes, as a page does. */
async function arrive() {
	const { places } = await maya.session();
	const { line } = await waitAt(server.address, places[0] ?? '');
	beats.push(setInterval(() => line.send({ type: 'ping' }), 15_000));
	return { leave: () => line.ask({ type: 'leave', id: newId() }) };
}

/** The browser with all its processes. */
function tree(): number[] {
	const parents = new Map<number, number>();
	for (const name of readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		try {
			const [, parent = ''] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
			parents.set(Number(name), Number(parent));
		} catch {
			// It ended in between.
		}
	}
	const all = [browser.pid ?? 0];
	for (let at = 0; at < all.length; at++)
		for (const [pid, parent] of parents) if (parent === all[at]) all.push(pid);
	return all;
}
const signal = (name: NodeJS.Signals): void => {
	for (const pid of tree()) process.kill(pid, name);
};

beforeAll(async () => {
	if (!hasDesktop) return;
	[desktop, server] = await Promise.all([Desktop.start(), startServer()]);
	maya = await signUp(server.address, server.setupUrl);
	profile = await mkdtemp(join(tmpdir(), 'sotto-idle-'));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: executablePath(),
		headless: false,
		ignoreDefaultArgs: ['--disable-extensions'],
		args,
	});
	({ device } = await pairByHand({ context }, maya));
	await connected();
	await context.close();
	browser = spawn(executablePath(), [...args, `--user-data-dir=${profile}`, 'about:blank'], {
		stdio: 'ignore',
	});
	await connected();
});
afterAll(async () => {
	for (const beat of beats) clearInterval(beat);
	if (browser) signal('SIGKILL');
	await Promise.all([server?.stop(), desktop?.stop()]);
	if (profile) await rm(profile, { recursive: true, force: true, maxRetries: 5 });
});

describe.skipIf(!hasDesktop)('without a debugger (needs python3-dbus and python3-gi)', () => {
	test('after three minutes in which nothing happened an arrival is told of within two seconds, once', async () => {
		const until = Date.now() + idleMs;
		while (Date.now() < until) {
			await pause(10_000);
			expect(await isConnected()).toBe(true);
		}
		const arrivedAt = Date.now();
		const guest = await arrive();
		const told = await desktop.count(1);
		expect(told.at - arrivedAt).toBeLessThan(2000);
		await guest.leave();
		await desktop.showing(0);
		expect(desktop.told.length).toBe(1);
	});

	test('a browser that stood still for three minutes tells once of who came before and once of who came meanwhile', async () => {
		const before = desktop.told.length;
		const first = await arrive();
		await desktop.count(before + 1);
		signal('SIGSTOP');
		const second = await arrive();
		await pause(idleMs);
		expect(await isConnected()).toBe(false);
		expect(desktop.told.length).toBe(before + 1);
		signal('SIGCONT');
		await desktop.count(before + 2);
		await desktop.showing(2);
		await connected();
		await Promise.all([first.leave(), second.leave()]);
		await desktop.showing(0);
		expect(desktop.told.length).toBe(before + 2);
	});
});
