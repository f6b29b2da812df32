import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Person, newSession, person, sees, wait } from '../e2e/people.ts';
import { type Choices, defaultChoices } from '../../extension/shared/state.ts';
import { parseState } from '../../extension/shared/stored.ts';
import { type Part, filesOf, partsOf } from '../e2e/capture.ts';
import { setUp } from '../e2e/practice.ts';
import { startBehind } from '../e2e/proxy.ts';
import { Search, text } from '../e2e/search.ts';
import { spyOnSystem } from '../e2e/system.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from './browser.ts';
import { Desktop, hasDesktop } from './notifications.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const patience = { timeout: 20_000 };

let desktop: Desktop;
let behind: Awaited<ReturnType<typeof startBehind>>;
/** Of the practice: every byte that goes there is recorded. */
let address: string;
let browser: ExtensionBrowser;
let context: BrowserContext;
let dana: Person;
let tom: Person;
/** People of each session. */
const days = [
	['Dana Whitfield', 'Kim Novak'],
	['Tom Becker'],
	['Lea Brandt'],
	['Ines Becker'],
	['Ada Lovell'],
	['Ben Adler'],
];
/** The session of each, at which she was not yet. */
const sessions = new Map<string, { id: string; link: string }>();

const roster = (page: Page) => page.getByRole('region', { name: 'Who can see and hear this call' });
/** A page that is loaded again has lost its mark. */
const mark = (page: Page) => page.evaluate(() => Object.assign(window, { marked: true }));
const isMarked = (page: Page) => page.evaluate(() => 'marked' in window);
/** Tabs of the practice. */
const tabs = () => context.pages().filter((page) => page.url().startsWith(address));

/** Where the tab is that the user looks at. */
async function front(): Promise<string | undefined> {
	const worker = await browser.worker();
	const active = await worker.evaluate(() =>
		chrome.tabs.query({ active: true, currentWindow: true }),
	);
	return active[0]?.url ?? 'about:blank';
}

async function dashboard(): Promise<Page> {
	const page = await context.newPage();
	await page.goto(address);
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	return page;
}

/** As a user does it: on the page, and in the window that the extension opens. */
async function pair(page: Page): Promise<void> {
	await page.goto(`${address}/practice/extension`);
	const opened = context.waitForEvent('page');
	await page.getByRole('button', { name: /^Pair this browser/ }).click();
	const window = await opened;
	await window.getByRole('button', { name: 'Same code, pair' }).click();
	await window.getByRole('button', { name: 'Close this window' }).waitFor();
	await window.close();
	await page.getByRole('listitem').filter({ hasText: 'Paired on' }).waitFor();
}

/** Until the extension has the names of all sessions, signed by their host. */
async function published(): Promise<void> {
	const worker = await browser.worker();
	await vi.waitFor(async () => {
		const stored = await worker.evaluate(() => chrome.storage.session.get('state'));
		const [practice] = parseState(stored['state']).practices;
		const checks = practice?.sessions.map(({ check }) => check);
		expect(checks).toEqual(days.map(() => 'verified'));
	}, patience);
}

async function choose(choices: Partial<Choices>) {
	const page = await context.newPage();
	await page.goto(pageOf('popup/popup.html'));
	await page.evaluate(
		(some) =>
			chrome.storage.local.set({
				choices: some,
			}),
		{ ...defaultChoices, ...choices },
	);
	await page.close();
}

const words = (): string[] =>
	[...sessions.keys()].flatMap((name) => [name, name.split(' ').at(-1) ?? name]);
/** Whole names and family names in what was recorded. */
function found(parts: readonly Part[]): string[] {
	const search = new Search(words().flatMap((word) => text('name', word)));
	return search.in(parts).flatMap(({ kind, where }) => (kind === 'name' ? [where] : []));
}
const firstLine = ({ where, bytes }: Part): Part => ({
	where,
	bytes: bytes.subarray(0, bytes.indexOf('\r\n')),
});
const sessionOf = (name: string) => sessions.get(name) ?? { id: '', link: '' };
const closeTabs = () => Promise.all(tabs().map((page) => page.close()));

beforeAll(async () => {
	if (!hasDesktop) return;
	[desktop, behind] = await Promise.all([Desktop.start(), startBehind(1)]);
	address = behind.proxies[0]?.origin ?? '';
	[browser, dana, tom] = await Promise.all([launchExtension(), person(), person()]);
	({ context } = browser);
	const page = await context.newPage();
	await setUp(page, behind.server);
	await pair(page);
	await page.goto(address);
	for (const people of days) {
		const { id, links } = await newSession(page, people);
		for (const [at, name] of people.entries()) sessions.set(name, { id, link: links[at] ?? '' });
		await page.goto(address);
	}
	await published();
	await closeTabs();
});
afterAll(async () => {
	await Promise.all([browser?.close(), dana?.close(), tom?.close()]);
	await Promise.all([behind?.stop(), desktop?.stop()]);
});

describe.skipIf(!hasDesktop)('a click on Connect (needs python3-dbus and python3-gi)', () => {
	test('with no page of ours open it opens the call, and who waited is let in', async () => {
		const before = desktop.told.length;
		await wait(dana.page, sessionOf('Dana Whitfield').link);
		const told = await desktop.count(before + 1);
		expect(JSON.stringify(told)).not.toMatch(/Dana|Whitfield/);
		const opened = context.waitForEvent('page');
		desktop.click(told, 'Connect');
		const page = await opened;
		await roster(page).waitFor();
		expect(new URL(page.url()).pathname).toBe(`/call/${sessionOf('Dana Whitfield').id}`);
		await sees(dana.page, 'Dr. Maya Okafor');
		await mark(page);
	});

	test('the tab in which that very call runs comes to the front, and lets in who waited', async () => {
		const [call] = tabs();
		if (!call) throw new Error('the call runs');
		const other = await context.newPage();
		await other.bringToFront();
		expect(await front()).toBe('about:blank');
		const before = desktop.told.length;
		await wait(tom.page, sessionOf('Kim Novak').link);
		desktop.click(await desktop.count(before + 1), 'Connect');
		await expect.poll(front, patience).toBe(call.url());
		expect(tabs()).toEqual([call]);
		expect(await isMarked(call)).toBe(true);
		await other.close();
		await sees(tom.page, 'Dr. Maya Okafor');
		await tom.page.goto('about:blank');
	});

	test('a call that runs is not disturbed: the other session opens beside it', async () => {
		const [call] = tabs();
		if (!call) throw new Error('the call runs');
		await choose({ names: 'name' });
		const before = desktop.told.length;
		await wait(tom.page, sessionOf('Tom Becker').link);
		const told = await desktop.count(before + 1);
		// Her screen may be shared.
		expect(told.title).toBe('Somebody is waiting');
		await choose({ names: 'nobody' });
		const opened = context.waitForEvent('page');
		desktop.click(told, 'Connect');
		const page = await opened;
		await roster(page).waitFor();
		expect(new URL(page.url()).pathname).toBe(`/call/${sessionOf('Tom Becker').id}`);
		expect(new URL(call.url()).pathname).toBe(`/call/${sessionOf('Dana Whitfield').id}`);
		expect(await roster(call).isVisible()).toBe(true);
		expect(await isMarked(call)).toBe(true);
		await closeTabs();
	});

	test('a dashboard that is open goes there without being loaded again', async () => {
		const page = await dashboard();
		await mark(page);
		const before = desktop.told.length;
		await wait(dana.page, sessionOf('Lea Brandt').link);
		const told = await desktop.count(before + 1);
		desktop.click(told, 'Connect');
		await roster(page).waitFor();
		expect(new URL(page.url()).pathname).toBe(`/call/${sessionOf('Lea Brandt').id}`);
		expect(await isMarked(page)).toBe(true);
		expect(tabs().length).toBe(1);
		await closeTabs();
	});
});

describe.skipIf(!hasDesktop)('a click on Not now (needs python3-dbus and python3-gi)', () => {
	// A call of hers would keep it silent.
	beforeAll(closeTabs);

	test('a page leaves the word to the extension; what it shows in its quiet hours, Not now closes too', async () => {
		await context.addInitScript(spyOnSystem);
		const page = await dashboard();
		await page.getByRole('button', { name: 'Desktop notification' }).click();
		await page.evaluate(() => {
			document.hasFocus = () => false;
		});
		const before = desktop.told.length;
		await wait(tom.page, sessionOf('Ben Adler').link);
		const left = await desktop.count(before + 1);
		await page.getByRole('button', { name: 'Connect Ben Adler' }).waitFor();
		desktop.click(left, 'Not now');
		await desktop.showing(0);
		await choose({ quiet: { from: 0, to: 24 * 60 - 1 } });
		await wait(dana.page, sessionOf('Ada Lovell').link);
		await page.waitForFunction(() => window.told.length > 0);
		expect(await page.evaluate(() => [window.told.length, window.told[0]?.closed])).toEqual([
			1,
			false,
		]);
		await choose({ quiet: null });
		desktop.click(await desktop.count(before + 2), 'Not now');
		await page.waitForFunction(() => window.told[0]?.closed);
		await tom.page.goto('about:blank');
		// She waits on, and can still be let in.
		expect(await page.getByRole('button', { name: 'Connect Ada Lovell' }).isEnabled()).toBe(true);
		await page.close();
	});
});

describe.skipIf(!hasDesktop)('names (needs python3-dbus and python3-gi)', () => {
	test('the operating system hears a name when that was chosen, and not before', async () => {
		const heard = () => found([{ where: 'desktop', bytes: desktop.bytes() }]);
		expect(heard()).toEqual([]);
		await choose({ names: 'name' });
		await wait(tom.page, sessionOf('Ines Becker').link);
		await expect.poll(() => desktop.told.at(-1)?.title, patience).toBe('Ines Becker is waiting');
		expect(heard()).not.toEqual([]);
	});

	test('the server hears no name, neither of who waits nor of who will', () => {
		const { server, proxies } = behind;
		// What comes back is the app itself, and what the server has on its disk; of heads the address is enough.
		const bytes = proxies
			.flatMap(({ recorded }) => recorded.flatMap(partsOf))
			.filter(({ where }) => where.startsWith('to server'))
			.map((part) => (part.where.endsWith('head') ? firstLine(part) : part));
		expect(bytes.length).toBeGreaterThan(100);
		expect(found(bytes)).toEqual([]);
		// tests/e2e/secrets.test.ts looks deeper into them; this is about what is new.
		for (const { bytes: file } of filesOf(server.dataDir))
			for (const word of words()) expect(file.includes(word)).toBe(false);
	});
});
