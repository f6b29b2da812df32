import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Ask } from '../../extension/shared/messages.ts';
import type { CodeView, State } from '../../extension/shared/state.ts';
import { complaints } from '../e2e/browsers.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from './browser.ts';
import { afternoon, noon, practice, recording, session, stateOf, waiting } from './states.ts';

let browser: ExtensionBrowser;
let page: Page;
let wrong: string[];
const soon = { timeout: 20_000, interval: 50 };

beforeAll(async () => {
	browser = await launchExtension();
	await browser.worker();
});
afterAll(() => browser.close());

beforeEach(async () => {
	page = await browser.context.newPage();
	wrong = complaints(page);
	await page.setViewportSize({ width: 360, height: 600 });
	await page.emulateMedia({ reducedMotion: 'reduce' });
	await page.goto(pageOf('panel/panel.html'));
	await page.getByRole('button', { name: 'Settings' }).waitFor();
});
afterEach(async () => {
	await page.close();
	if (wrong.length > 0) throw new Error(wrong.join('\n'));
});

/** What the service worker would write. */
const show = (state: State | string, where = page) =>
	where.evaluate((written) => chrome.storage.session.set({ state: written }), state);

const text = (of: Page = page) => of.getByRole('main').innerText();
const shows = (words: string) => page.getByText(words).waitFor();
const button = (name: string) => page.getByRole('button', { name, exact: true });

/** A second page of the extension, which hears what the service worker hears. */
async function listener(): Promise<{ heard: () => Promise<Ask[]>; close: () => Promise<void> }> {
	const other = await browser.context.newPage();
	await other.goto(pageOf('settings/settings.html'));
	await other.evaluate(() => {
		const list: unknown[] = [];
		Object.assign(globalThis, { list });
		chrome.runtime.onMessage.addListener((message) => {
			if (message.type !== 'version') list.push(message);
		});
	});
	return {
		heard: async () => JSON.parse(await other.evaluate('JSON.stringify(list)')),
		close: () => other.close(),
	};
}

/** What axe finds, light and dark. */
async function axe(of: Page): Promise<unknown[]> {
	const found: unknown[] = [];
	for (const colorScheme of ['dark', 'light'] as const) {
		await of.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		const { violations } = await new AxeBuilder({ page: of }).analyze();
		found.push(...violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]));
	}
	return found;
}

/** What axe finds, and whether a panel cuts something off, wide or narrow. */
async function faults(): Promise<unknown[]> {
	const cut: unknown[] = [];
	for (const width of [480, 320, 360]) {
		await page.setViewportSize({ width, height: 700 });
		const wide = await page.evaluate(() => document.documentElement.scrollWidth);
		if (wide > width) cut.push([width, 'scrolls sideways', wide]);
	}
	return [...cut, ...(await axe(page))];
}

test('who waits is told by name and since when, and who comes later today', async () => {
	await show(stateOf(afternoon()));
	await shows('Dana Whitfield is waiting');
	const statuses = await page.getByRole('status').allInnerTexts();
	expect(statuses).toEqual(['Dana Whitfield is waiting', 'Luis Ferreira is waiting']);
	expect(await text()).toContain('4 minutes · will be recorded');
	expect(await text()).toContain('Just now');
	expect(await text()).toMatch(/Family session\s+· nobody is here yet/);
	expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Alder Street Counseling');
	expect(await page.getByText('Supervision').isVisible()).toBe(false);
	await page.getByText('Ended today (1)').click();
	expect(await page.getByText('Supervision').isVisible()).toBe(true);
	expect(await faults()).toEqual([]);
});

test('the view follows what the service worker writes', async () => {
	await show(stateOf(practice()));
	await shows('No sessions today.');
	await show(stateOf(practice({ sessions: [session()], waiting: [waiting()] })));
	await button('Connect Dana Whitfield').waitFor();
	await show(stateOf(practice({ sessions: [session({ inCall: 2 })] })));
	await shows('2 people in the call');
	expect(await button('Connect Dana Whitfield').count()).toBe(0);
});

test('Connect, Remind and Not now ask the service worker, also by the keyboard', async () => {
	await show(stateOf(afternoon()));
	const { heard, close } = await listener();
	await page.bringToFront();
	await button('Connect Dana Whitfield').focus();
	await page.keyboard.press('Enter');
	await page.keyboard.press('Tab');
	expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toBe(
		'Not now, Dana Whitfield',
	);
	await page.keyboard.press('Space');
	await page.getByRole('button', { name: /^Remind, session at/ }).click();
	await button('Open the dashboard').click();
	const open = { type: 'open', practice: 'p1' };
	await expect
		.poll(heard, soon)
		.toEqual([
			{ ...open, session: 's1', act: 'connect', seat: 'a' },
			{ type: 'not-now', practice: 'p1', arrivals: [{ session: 's1', seat: 'a', since: 1 }] },
			{ ...open, session: 's3', act: 'remind' },
			open,
		]);
	await close();
});

test('a name that nobody signed is not shown, and the row says so', async () => {
	await show(
		stateOf(
			practice({
				sessions: [session({ check: 'forged' })],
				waiting: [waiting({ name: null, check: 'forged' })],
			}),
		),
	);
	await page.getByRole('status').filter({ hasText: 'Somebody is waiting' }).waitFor();
	await shows('The server sent a name that your account did not sign. It is not shown.');
	expect(await page.getByRole('button', { name: /^Connect, session at/ }).count()).toBe(1);
	await show(
		stateOf(
			practice({
				sessions: [session({ check: 'missing' })],
				waiting: [waiting({ name: null, check: 'missing' })],
			}),
		),
	);
	await shows('The name comes when your dashboard is open and unlocked.');
	expect(await text()).not.toContain('did not sign');
	expect(await faults()).toEqual([]);
});

test('who was put off stays in the list, without Not now', async () => {
	await show(stateOf(practice({ sessions: [session()], waiting: [waiting({ dismissed: true })] })));
	await shows('you said Not now');
	expect(await button('Not now, Dana Whitfield').count()).toBe(0);
	expect(await button('Connect Dana Whitfield').count()).toBe(1);
});

test('without a practice it says how to pair', async () => {
	await show(stateOf());
	await page.getByRole('heading', { name: 'Not paired with a practice yet' }).waitFor();
	expect(await page.getByRole('listitem').count()).toBe(3);
	expect(await faults()).toEqual([]);
});

test('no connection, a removal and another version are told as such', async () => {
	const { sessions, waiting: who } = afternoon();
	await show(stateOf(practice({ link: 'offline', sessions, waiting: who })));
	await page.getByRole('status', { name: /^Not connected since/ }).waitFor();
	await shows('You are not told who waits until it is back.');
	await shows('Below is what was known then.');
	expect(await faults()).toEqual([]);
	await show(stateOf(practice({ link: 'revoked', sessions, waiting: who })));
	await page.getByRole('alert').filter({ hasText: 'removed this browser' }).waitFor();
	expect(await button('Connect Dana Whitfield').count()).toBe(0);
	await show(stateOf(practice({ link: 'outdated' })));
	await page.getByRole('alert').filter({ hasText: 'do not fit together' }).waitFor();
	expect(await faults()).toEqual([]);
	await show(stateOf(practice({ link: 'connecting' })));
	await shows('Connecting to https://visit.example.org');
});

test('what keeps notifications silent, or away, is said', async () => {
	await show(stateOf(practice({ hostInCall: true })));
	await shows('notifications make no sound and name nobody');
	expect(await faults()).toEqual([]);
	await show(stateOf(practice({ link: 'offline', hostInCall: true })));
	await page.getByRole('status', { name: /^Not connected since/ }).waitFor();
	expect(await page.getByText('name nobody').count()).toBe(0);
	const off = { hasText: 'Notifications of this extension are switched off' };
	expect(await page.getByRole('alert').filter(off).count()).toBe(0);
	await page.addInitScript(() =>
		Object.assign(chrome.notifications, { getPermissionLevel: async () => 'denied' }),
	);
	for (const path of ['settings/settings.html', 'panel/panel.html']) {
		await page.goto(pageOf(path));
		await page.getByRole('alert').filter(off).waitFor();
	}
	expect(await faults()).toEqual([]);
});

test('several practices stand below each other, each with its own', async () => {
	const other = practice({ id: 'p2', name: 'Harbor Clinic', link: 'offline' });
	await show(stateOf(afternoon(), other));
	await page.getByRole('heading', { level: 2, name: 'Harbor Clinic' }).waitFor();
	expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Sotto');
	const article = page.getByRole('article', { name: 'Alder Street Counseling' });
	expect(await article.getByRole('button', { name: 'Connect Dana Whitfield' }).count()).toBe(1);
	expect(await button('Open the dashboard of Harbor Clinic').count()).toBe(1);
	expect(await faults()).toEqual([]);
});

test('recordings that run, that were not finished, and a tab that is captured', async () => {
	await show({
		practices: [
			practice({
				sessions: [session({ title: 'Family session' })],
				recordings: [
					recording(),
					recording({ id: 'r2', session: null, recording: false }),
					// The tab itself, which the server lists as well.
					recording({ id: 'r3', session: null }),
				],
			}),
		],
		capture: {
			recording: 'r3',
			title: 'Ultrasound',
			startedAt: noon(),
			behind: 12,
			state: 'gap',
		},
	});
	await shows('A recording was not finished');
	expect(await page.getByRole('status', { name: 'Recording', exact: true }).count()).toBe(2);
	await shows('12 seconds still to upload');
	await shows('Nothing new comes from the tab. The gap is marked in the recording.');
	expect(await faults()).toEqual([]);
});

/** What a crash leaves: a folder for each recording in that of the captures. */
const leave = (recordings: readonly string[]) =>
	page.evaluate(async (names) => {
		const root = await navigator.storage.getDirectory();
		const folder = await root.getDirectoryHandle('captures', { create: true });
		for await (const old of folder.keys()) await folder.removeEntry(old, { recursive: true });
		for (const name of names) await folder.getDirectoryHandle(name, { create: true });
	}, recordings);

test('recorded tabs that are not at the server yet are counted, but for the one that runs', async () => {
	const idOf = (letter: string) => `${letter.repeat(21)}A`;
	const [one, two, runs] = [idOf('a'), idOf('b'), idOf('c')] as const;
	const running = { recording: runs, tab: 1, title: '', startedAt: noon() };
	await page.evaluate((it) => chrome.storage.session.set({ 'capture-running': it }), running);
	await leave([one, two, runs]);
	await show(stateOf(practice()));
	// Nobody is paired here, so no server takes them.
	await shows('2 recorded tabs cannot be uploaded whole');
	await page.evaluate(() => chrome.storage.session.remove('capture-running'));
	await leave([one]);
	await show(stateOf(practice({ sessions: [session()] })));
	await shows('A recorded tab cannot be uploaded whole');
	expect(await faults()).toEqual([]);
	await leave([]);
	await show(stateOf(practice()));
	await page.getByText('uploaded whole').waitFor({ state: 'detached' });
});

test('the state of the code has its four words', async () => {
	const code = { version: '1.4.0', files: 214, checkedAt: noon() };
	const says = (mode: CodeView['mode'], label: string) =>
		vi.waitFor(async () => {
			// The service worker may have looked at the tabs meanwhile and say what it knows itself.
			await show(stateOf(practice({ code: { ...code, mode } })));
			const words = page.getByRole('main').getByText(label, { exact: true });
			await words.waitFor({ timeout: 2000 });
		}, soon);
	for (const [mode, label] of [
		['packaged', 'Packaged'],
		['not-verified', 'Not verified'],
		['pinned', 'Pinned'],
		['blocked', 'Blocked'],
	] as const) {
		await says(mode, label);
		const name = 'Open the packaged app of Alder Street Counseling';
		const packaged = page.getByRole('link', { name, exact: true });
		expect(await packaged.getAttribute('href')).toBe(
			pageOf('app/index.html?server=https%3A%2F%2Fvisit.example.org'),
		);
	}
	expect(await faults()).toEqual([]);
	await says('pinned', 'Pinned');
	expect(await faults()).toEqual([]);
});

test('what cannot be read is said, and nothing of it is shown', async () => {
	await show('nonsense');
	await page.getByRole('alert').waitFor();
	await show(stateOf(practice()));
	await shows('No sessions today.');
	expect(await page.getByRole('alert').count()).toBe(0);
});

test('the popup shows the same, and closes once a page was opened', async () => {
	const popup = await browser.context.newPage();
	await popup.goto(pageOf('popup/popup.html'));
	await show(stateOf(afternoon()), popup);
	await popup.getByRole('button', { name: 'Connect Dana Whitfield' }).waitFor();
	expect(await popup.evaluate(() => document.body.offsetWidth)).toBe(360);
	expect(await popup.getByRole('button', { name: 'Record this tab' }).count()).toBe(1);
	expect(await axe(popup)).toEqual([]);
	const { close } = await listener();
	await popup.bringToFront();
	await Promise.all([
		popup.waitForEvent('close'),
		popup.getByRole('button', { name: 'Connect Dana Whitfield' }).click(),
	]);
	await close();
});

test('with several practices each way to record the tab says for which it is', async () => {
	const popup = await browser.context.newPage();
	await popup.goto(pageOf('popup/popup.html'));
	await show(stateOf(afternoon(), practice({ id: 'p2', name: 'Harbor Clinic' })), popup);
	await popup.getByRole('heading', { name: 'Harbor Clinic' }).waitFor();
	for (const name of ['Alder Street Counseling', 'Harbor Clinic']) {
		const record = popup.getByRole('button', { name: `Record this tab for ${name}`, exact: true });
		expect(await record.innerText()).toBe('Record this tab');
	}
	await popup.close();
});

test('the side panel opens from the popup', async () => {
	const popup = await browser.context.newPage();
	await popup.goto(pageOf('popup/popup.html'));
	await Promise.all([
		popup.waitForEvent('close'),
		popup.getByRole('button', { name: 'Side panel' }).click(),
	]);
	const panels = () =>
		page.evaluate(async () => {
			const contextTypes = [chrome.runtime.ContextType.SIDE_PANEL];
			const contexts = await chrome.runtime.getContexts({ contextTypes });
			return contexts.map(({ documentUrl }) => documentUrl);
		});
	await expect.poll(panels, soon).toEqual([pageOf('panel/panel.html')]);
});

test('before anything is known it says what it is doing', async () => {
	await page.evaluate(() => chrome.storage.session.remove('state'));
	await page.reload();
	await page.getByRole('status', { name: 'Looking who waits' }).waitFor();
	expect(await faults()).toEqual([]);
	await show(stateOf(practice()));
	await shows('No sessions today.');
});
