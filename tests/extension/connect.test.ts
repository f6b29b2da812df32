import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Person, newSession, person, sees, wait } from '../e2e/people.ts';
import { parseState } from '../../extension/shared/stored.ts';
import { setUp } from '../e2e/practice.ts';
import { type TestServer, startServer } from '../server.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from './browser.ts';
import { Desktop, hasDesktop } from './notifications.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const patience = { timeout: 20_000 };

let desktop: Desktop;
let server: TestServer;
let browser: ExtensionBrowser;
let context: BrowserContext;
let dana: Person;
let tom: Person;
/** A session of each, at which she was not yet. */
const sessions = new Map<string, { id: string; link: string }>();

const roster = (page: Page) => page.getByRole('region', { name: 'Who can see and hear this call' });
/** Tabs of the practice. */
const tabs = () => context.pages().filter((page) => page.url().startsWith(server.address));

async function dashboard(): Promise<Page> {
	const page = await context.newPage();
	await page.goto(server.address);
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	return page;
}

/** As a user does it: on the page, and in the window that the extension opens. */
async function pair(page: Page): Promise<void> {
	await page.goto(`${server.address}/practice/extension`);
	const opened = context.waitForEvent('page');
	await page.getByRole('button', { name: /^Pair this browser/ }).click();
	const window = await opened;
	await window.getByRole('button', { name: 'Same code, pair' }).click();
	await window.getByRole('button', { name: 'Close this window' }).click();
	await page.getByRole('listitem').filter({ hasText: 'Paired on' }).waitFor();
}

/** Until the extension has the names of all sessions, signed by their host. */
async function published(): Promise<void> {
	const worker = await browser.worker();
	await vi.waitFor(async () => {
		const stored = await worker.evaluate(() => chrome.storage.session.get('state'));
		const [practice] = parseState(stored['state']).practices;
		const checks = practice?.sessions.map(({ check }) => check);
		expect(checks).toEqual(['verified', 'verified', 'verified', 'verified']);
	}, patience);
}

async function choose(choices: { names: 'nobody' | 'initials' | 'name'; sound?: boolean }) {
	const page = await context.newPage();
	await page.goto(pageOf('popup/popup.html'));
	await page.evaluate(
		(some) =>
			chrome.storage.local.set({
				choices: { sound: true, quiet: null, repeatMinutes: 5, escalateAfter: 0, ...some },
			}),
		choices,
	);
	await page.close();
}

const sessionOf = (name: string) => sessions.get(name) ?? { id: '', link: '' };
const closeTabs = () => Promise.all(tabs().map((page) => page.close()));

beforeAll(async () => {
	if (!hasDesktop) return;
	[desktop, server] = await Promise.all([Desktop.start(), startServer()]);
	[browser, dana, tom] = await Promise.all([launchExtension(), person(), person()]);
	({ context } = browser);
	const page = await context.newPage();
	await setUp(page, server);
	await pair(page);
	await page.goto(server.address);
	for (const name of ['Dana Whitfield', 'Tom Becker', 'Lea Brandt', 'Ines Becker']) {
		const { id, links } = await newSession(page, [name]);
		sessions.set(name, { id, link: links[0] ?? '' });
		await page.goto(server.address);
	}
	await published();
	await closeTabs();
});
afterAll(async () => {
	await Promise.all([browser?.close(), dana?.close(), tom?.close()]);
	await Promise.all([server?.stop(), desktop?.stop()]);
});

describe.skipIf(!hasDesktop)('a click on Connect (needs python3-dbus and python3-gi)', () => {
	test('with no page of ours open it opens the call, and who waited is let in', async () => {
		await wait(dana.page, sessionOf('Dana Whitfield').link);
		const told = await desktop.count(1);
		expect(JSON.stringify(told)).not.toMatch(/Dana|Whitfield/);
		const opened = context.waitForEvent('page');
		desktop.click(told, 'Connect');
		const page = await opened;
		await roster(page).waitFor();
		expect(new URL(page.url()).pathname).toBe(`/call/${sessionOf('Dana Whitfield').id}`);
		await sees(dana.page, 'Dr. Maya Okafor');
	});

	test('a call that runs is not disturbed: the other session opens beside it', async () => {
		const [call] = tabs();
		if (!call) throw new Error('the call runs');
		await wait(tom.page, sessionOf('Tom Becker').link);
		const told = await desktop.count(2);
		const opened = context.waitForEvent('page');
		desktop.click(told, 'Connect');
		const page = await opened;
		await sees(tom.page, 'Dr. Maya Okafor');
		expect(new URL(page.url()).pathname).toBe(`/call/${sessionOf('Tom Becker').id}`);
		expect(new URL(call.url()).pathname).toBe(`/call/${sessionOf('Dana Whitfield').id}`);
		await sees(dana.page, 'Dr. Maya Okafor');
		await closeTabs();
	});

	test('a dashboard that is open goes there without being loaded again', async () => {
		const page = await dashboard();
		await page.evaluate(() => Object.assign(window, { marked: true }));
		await wait(dana.page, sessionOf('Lea Brandt').link);
		const told = await desktop.count(3);
		desktop.click(told, 'Connect');
		await roster(page).waitFor();
		expect(new URL(page.url()).pathname).toBe(`/call/${sessionOf('Lea Brandt').id}`);
		expect(await page.evaluate(() => 'marked' in window)).toBe(true);
		expect(tabs().length).toBe(1);
		await closeTabs();
	});

	test('the operating system hears a name when that was chosen, and not before', async () => {
		for (const word of ['Dana', 'Whitfield', 'Becker', 'Brandt'])
			expect(desktop.bytes().includes(word)).toBe(false);
		await choose({ names: 'name' });
		await wait(tom.page, sessionOf('Ines Becker').link);
		await expect.poll(() => desktop.told.at(-1)?.title, patience).toBe('Ines Becker is waiting');
		expect(desktop.bytes().includes('Ines Becker')).toBe(true);
	});
});
