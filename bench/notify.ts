/** How long after somebody knocks the desktop is asked to show that she waits, with no page of ours open. */
import { parseState } from '../extension/shared/stored.ts';
import { type ExtensionBrowser, launchExtension } from '../tests/extension/browser.ts';
import { Desktop, hasDesktop } from '../tests/extension/notifications.ts';
import { pairByHand } from '../tests/extension/paired.ts';
import { Line, claimPlace } from '../tests/line.ts';
import { startServer } from '../tests/server.ts';
import { type Staff, signUp } from '../tests/staff.ts';
import { bytesOf, newId } from '../tests/wire.ts';
import type { Figures, Options } from './tools/options.ts';
import { median, round, table } from './tools/table.ts';

/** Between two arrivals: the worker idles as it does all day. */
const pauseMs = 500;
const connectMs = 20_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function untilConnected(browser: ExtensionBrowser): Promise<void> {
	const worker = await browser.worker();
	const until = Date.now() + connectMs;
	while (Date.now() < until) {
		const stored = await worker.evaluate(() => chrome.storage.session.get('state'));
		const [practice] = stored['state'] ? parseState(stored['state']).practices : [];
		if (practice?.link === 'connected') return;
		await pause(100);
	}
	throw new Error('the extension is not connected');
}

/** Milliseconds from the knock until the notification, of one arrival. */
async function arrival(maya: Staff, desktop: Desktop): Promise<number> {
	const { places } = await maya.session();
	const { token } = await claimPlace(maya.address, places[0] ?? '');
	const line = await Line.greeted(maya.address, token);
	await pause(pauseMs);
	const sealed = { keyPackage: bytesOf(300), sealed: bytesOf(80), proof: null };
	const count = desktop.told.length + 1;
	const knockedAt = Date.now();
	line.send({ type: 'knock', id: newId(), ...sealed });
	const { at } = await desktop.count(count);
	await line.ask({ type: 'leave', id: newId() });
	await desktop.showing(0);
	await line.close();
	return at - knockedAt;
}

/** `medianMs`, `worstMs`: of the arrivals, the first one after the start included. */
export async function run({ repeats = 20 }: Options): Promise<Figures> {
	if (!hasDesktop) throw new Error('it needs dbus, python3-dbus and python3-gi of Debian');
	const desktop = await Desktop.start();
	const server = await startServer();
	const maya = await signUp(server.address, server.setupUrl);
	const browser = await launchExtension();
	try {
		await browser.worker();
		await pairByHand(browser, maya);
		await untilConnected(browser);
		const times: number[] = [];
		for (let at = 0; at < repeats; at++) times.push(await arrival(maya, desktop));
		const medianMs = round(median(times));
		const worstMs = Math.max(...times);
		table([{ arrivals: repeats, 'ms, median': medianMs, worst: worstMs, first: times[0] ?? 0 }]);
		return { medianMs, worstMs };
	} finally {
		await browser.close();
		await server.stop();
		await desktop.stop();
	}
}
