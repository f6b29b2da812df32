import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { awayMs } from '../../extension/background/presence/told.ts';
import { type Choices, defaultChoices } from '../../extension/shared/state.ts';
import { parseState } from '../../extension/shared/stored.ts';
import { Proxy } from '../e2e/proxy.ts';
import { Line, waitAt } from '../line.ts';
import { enter, offer } from '../room.ts';
import { type TestServer, startServer } from '../server.ts';
import { type Staff, signUp } from '../staff.ts';
import { newId } from '../wire.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from './browser.ts';
import { Desktop, hasDesktop } from './notifications.ts';
import { pairByHand } from './paired.ts';

const soon = { timeout: 20_000, interval: 50 };

let desktop: Desktop;
let server: TestServer;
let proxy: Proxy;
let maya: Staff;
let browser: ExtensionBrowser;
let device: string;

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
	/** On a new socket, as her page does. */
	const comeBack = async () => {
		const line = await Line.greeted(server.address, guest.token);
		await line.ask({ ...guest.knock, id: newId() });
		return line;
	};
	return { ...guest, session, leave, comeBack };
}

/** Starts the worker where it was ended. */
async function wake(): Promise<void> {
	const page = await browser.context.newPage();
	await page.goto(pageOf('popup/popup.html'));
	await page.evaluate(() => chrome.runtime.sendMessage({ type: 'version' }));
	await page.close();
}

/** Choices as the settings store them. */
async function choose(part: Partial<Choices>): Promise<void> {
	const worker = await browser.worker();
	const choices = { ...defaultChoices, ...part };
	await worker.evaluate((all) => chrome.storage.local.set({ choices: all }), choices);
}

/** Runs in the worker: as if what is shown had been shown, or had gone away, so much earlier; false while it is still being shown. */
async function shownEarlier(by: number): Promise<boolean> {
	type All = Record<string, { at: number; state: string; awayAt: number | null }>;
	const kept = await chrome.storage.session.get<Record<string, All>>();
	const key = Object.keys(kept).find((one) => one.startsWith('told '));
	const told = (key !== undefined && kept[key]) || {};
	if (Object.values(told).some(({ state: is }) => is !== 'told')) return false;
	for (const one of Object.values(told)) {
		one.at -= by;
		if (one.awayAt !== null) one.awayAt -= by;
	}
	if (key !== undefined) await chrome.storage.session.set({ [key]: told });
	return true;
}

/** As if what is shown had been shown so much earlier. */
async function age(ms: number): Promise<void> {
	const worker = await browser.worker();
	await vi.waitFor(async () => expect(await worker.evaluate(shownEarlier, ms)).toBe(true), soon);
}

beforeAll(async () => {
	if (!hasDesktop) return;
	[desktop, server, proxy] = await Promise.all([Desktop.start(), startServer(), Proxy.start()]);
	proxy.target = Number(new URL(server.address).port);
	maya = await signUp(server.address, server.setupUrl);
	browser = await launchExtension();
	await browser.worker();
	({ device } = await pairByHand(browser, maya, proxy.origin));
	await connected();
});
afterAll(async () => {
	await browser?.close();
	await Promise.all([server?.stop(), proxy?.stop(), desktop?.stop()]);
});

describe.skipIf(!hasDesktop)(
	'an arrival on the desktop (needs python3-dbus and python3-gi)',
	() => {
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

		test('a killed worker comes back and tells nobody twice; who came meanwhile is told of once', async () => {
			const before = desktop.told.length;
			const first = await arrive();
			await desktop.count(before + 1);
			await browser.killWorker();
			const second = await arrive();
			// Any event starts it again; the alarm does after half a minute.
			await wake();
			await desktop.count(before + 2);
			await desktop.showing(2);
			await connected();
			await Promise.all([first.leave(), second.leave()]);
			await desktop.showing(0);
			expect(desktop.told.length).toBe(before + 2);
		});

		test('a line that was cut comes back by itself, and every arrival is told of once', async () => {
			const before = desktop.told.length;
			const first = await arrive();
			await desktop.count(before + 1);
			const since = Date.now();
			proxy.cut();
			await vi.waitFor(async () => {
				expect((await state()).practices[0]?.link).toBe('offline');
			}, soon);
			const second = await arrive();
			proxy.mend();
			await desktop.count(before + 2);
			await connected(since);
			await Promise.all([first.leave(), second.leave()]);
			await desktop.showing(0);
			expect(desktop.told.length).toBe(before + 2);
		});

		test('a server that starts again is found again, and who waits on is not told of again', async () => {
			const before = desktop.told.length;
			const first = await arrive();
			await desktop.count(before + 1);
			const since = Date.now();
			await server.restart();
			await maya.unlock();
			await connected(since);
			// Her browser knocks again at the same seat.
			const again = await first.comeBack();
			const second = await arrive();
			await desktop.count(before + 2);
			await desktop.showing(2);
			await Promise.all([again.ask({ type: 'leave', id: newId() }), second.leave()]);
			await desktop.showing(0);
			expect(desktop.told.length).toBe(before + 2);
		});
	},
);

describe.skipIf(!hasDesktop)('somebody who goes (needs python3-dbus and python3-gi)', () => {
	test('whose page was closed is taken away after a minute, and told of when she is back', async () => {
		const before = desktop.told.length;
		const guest = await arrive();
		await desktop.count(before + 1);
		await vi.waitFor(async () => expect(await badge()).toBe('1'), soon);
		await guest.line.close();
		await vi.waitFor(async () => expect(await badge()).toBe(''), soon);
		expect(desktop.shown.size).toBe(1);
		await age(awayMs);
		// Another choice makes the worker look.
		await choose({ repeatMinutes: 0 });
		await desktop.showing(0);
		const again = await guest.comeBack();
		await desktop.count(before + 2);
		await again.ask({ type: 'leave', id: newId() });
		await desktop.showing(0);
		await choose({});
	});
});

describe.skipIf(!hasDesktop)('what was handled (needs python3-dbus and python3-gi)', () => {
	test('Not now takes it away here and on all other devices, also while the server is away', async () => {
		const before = desktop.told.length;
		const page = await maya.line();
		const guest = await arrive();
		const told = await desktop.count(before + 1);
		proxy.cut();
		desktop.click(told, 'Not now');
		await desktop.showing(0);
		proxy.mend();
		const { arrivals } = await page.next('dismissed');
		expect(arrivals.map(({ seat }) => seat)).toEqual([guest.seat]);
		await browser.killWorker();
		await wake();
		await connected();
		const seen = async () => (await state()).practices[0]?.waiting.map((one) => one.dismissed);
		// The server says it again to the worker that has just started.
		await expect.poll(seen, { timeout: 20_000 }).toEqual([true]);
		await guest.leave();
		await page.close();
		expect(desktop.told.length).toBe(before + 1);
	});

	test('who leaves before a busy desktop has answered leaves nothing on it', async () => {
		const before = desktop.told.length;
		desktop.answerAfter(400);
		const guest = await arrive();
		await desktop.count(before + 1);
		await guest.leave();
		await desktop.showing(0);
		desktop.answerAfter(0);
		expect(desktop.told.length).toBe(before + 1);
	});

	test('handled in a page it is gone here', async () => {
		const before = desktop.told.length;
		const [one, other] = [await arrive(), await arrive()];
		await desktop.count(before + 2);
		const { line, seat } = await enter(maya, one.session);
		await offer(line, 1, [seat, one.seat]);
		await desktop.showing(1);
		const { seat: id, session } = other;
		const { waiting = [] } = (await state()).practices[0] ?? {};
		const since = waiting.find((each) => each.seat === id)?.since;
		const arrivals = [{ session, seat: id, since }];
		const { status } = await maya.call('POST', '/api/presence/dismissed', { arrivals });
		expect(status).toBe(204);
		await desktop.showing(0);
		await Promise.all([other.leave(), line.close()]);
	});
});

describe.skipIf(!hasDesktop)('what was chosen (needs python3-dbus and python3-gi)', () => {
	test('in quiet hours nothing is shown; when they end, who came meanwhile is told of', async () => {
		const before = desktop.told.length;
		await choose({ quiet: { from: 0, to: 24 * 60 - 1 } });
		const guest = await arrive();
		await vi.waitFor(async () => expect(await badge()).toBe('1'), soon);
		expect(desktop.told.length).toBe(before);
		await choose({ quiet: null });
		await desktop.count(before + 1);
		await guest.leave();
		await desktop.showing(0);
	});

	test('what nobody handled comes up again when it is time, and no more often', async () => {
		const before = desktop.told.length;
		const guest = await arrive();
		await desktop.count(before + 1);
		await age(2 * 60_000);
		expect(desktop.told.length).toBe(before + 1);
		// Other choices than before: what is the same is no news to the worker.
		await choose({ repeatMinutes: 2 });
		const again = await desktop.count(before + 2);
		expect(again.replaces).toBe(0);
		expect(desktop.shown.size).toBe(1);
		await choose({ repeatMinutes: 0 });
		await age(60 * 60_000);
		// Another choice makes the worker look.
		await choose({ repeatMinutes: 0, sound: false });
		await guest.leave();
		await desktop.showing(0);
		expect(desktop.told.length).toBe(before + 2);
	});

	test('the sound of an arrival can be heard although nobody clicked anywhere', async () => {
		const page = await browser.context.newPage();
		await page.goto(pageOf('popup/popup.html'));
		const sound = () => chrome.runtime.sendMessage({ type: 'chime', loud: false });
		// The page without a window is there since the first arrival.
		expect(await page.evaluate(sound)).toBe(true);
		await page.close();
	});

	test('taken off the list it shows nobody any more, and says so', async () => {
		const before = desktop.told.length;
		const guest = await arrive();
		await desktop.count(before + 1);
		const { status } = await maya.call('DELETE', `/api/presence/devices/${device}`);
		expect(status).toBe(204);
		await desktop.showing(0);
		await vi.waitFor(async () => {
			const [practice] = (await state()).practices;
			expect(practice?.link).toBe('revoked');
			expect(practice?.waiting).toEqual([]);
		}, soon);
		await guest.leave();
	});
});
