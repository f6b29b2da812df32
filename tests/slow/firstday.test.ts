import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseState } from '../../extension/shared/stored.ts';
import { complaints } from '../e2e/browsers.ts';
import { type Person, callFlags, newSession, person, sees, setUp, wait } from '../e2e/people.ts';
import { type TestServer, startServer } from '../server.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from '../extension/browser.ts';

const patience = { timeout: 20_000 };

let server: TestServer;
let browser: ExtensionBrowser;
let context: BrowserContext;
let dana: Person;
let link = '';

beforeAll(async () => {
	server = await startServer();
	[browser, dana] = await Promise.all([launchExtension(callFlags), person()]);
	({ context } = browser);
	context.setDefaultTimeout(30_000);
});
afterAll(async () => {
	await Promise.all([browser?.close(), dana?.close()]);
	await server?.stop();
});

/** What the button of the toolbar opens. */
async function openPopup(): Promise<Page> {
	const popup = await context.newPage();
	await popup.setViewportSize({ width: 360, height: 600 });
	await popup.goto(pageOf('popup/popup.html'));
	return popup;
}

test('as installed the popup says how to pair; following it pairs the browser', async () => {
	const popup = await openPopup();
	await popup.getByRole('heading', { name: 'Not paired with a practice yet' }).waitFor();
	const page = await context.newPage();
	await setUp(page, server.setupUrl ?? '');
	await page.getByRole('link', { name: 'Practice' }).click();
	await page.getByRole('link', { name: 'Browser extension' }).click();
	const opening = context.waitForEvent('page');
	await page.getByRole('button', { name: 'Pair this browser' }).click();
	const asking = await opening;
	await asking.getByRole('button', { name: 'Same code, pair' }).click();
	await asking.getByRole('button', { name: 'Close this window' }).click();
	await popup.getByRole('heading', { name: 'Alder Street Counseling' }).waitFor();
	await popup.getByText('No sessions today.').waitFor();
	expect(await popup.getByRole('heading', { name: 'Not paired' }).count()).toBe(0);
	await page.goto(server.address);
	const { links } = await newSession(page, ['Dana Whitfield']);
	link = links[0] ?? '';
	// Its page has sealed the name for the extension.
	await popup.getByText(/Dana Whitfield\s+· nobody is here yet/).waitFor();
	await Promise.all([page.close(), popup.close()]);
});

test('with every tab closed the popup names who waits, and Connect brings both into the call', async () => {
	await wait(dana.page, link);
	const popup = await openPopup();
	const wrong = complaints(popup);
	await popup.getByRole('status').filter({ hasText: 'Dana Whitfield is waiting' }).waitFor();
	expect(context.pages().filter((one) => one.url().startsWith(server.address))).toEqual([]);
	const opening = context.waitForEvent('page');
	await popup.getByRole('button', { name: 'Connect Dana Whitfield' }).click();
	const call = await opening;
	await Promise.all([sees(call, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
	expect(wrong).toEqual([]);
	const panel = await context.newPage();
	await panel.goto(pageOf('panel/panel.html'));
	await panel
		.getByText('one person in the call')
		.or(panel.getByText('2 people in the call'))
		.waitFor();
});

test('a session that is moved keeps its names: they are sealed anew for its new time', async () => {
	const [page, panel] = [await context.newPage(), await context.newPage()];
	await panel.goto(pageOf('panel/panel.html'));
	await page.goto(server.address);
	const { id } = await newSession(page, ['Kim Novak']);
	/** What the extension shows of it, once its host has signed that. */
	const known = async () => {
		const { state } = await panel.evaluate(() => chrome.storage.session.get('state'));
		const found = parseState(state).practices[0]?.sessions.find((one) => one.id === id);
		return found?.check === 'verified' ? found : undefined;
	};
	await expect.poll(known, patience).toMatchObject({ people: ['Kim Novak'] });
	const startedAt = (await known())?.startsAt ?? 0;
	await page.getByRole('button', { name: 'Reschedule' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByLabel('Time', { exact: true }).fill('23:59');
	await dialog.getByRole('button', { name: 'Save the new time' }).click();
	await expect.poll(async () => (await known())?.startsAt, patience).toBeGreaterThan(startedAt);
	expect((await known())?.people).toEqual(['Kim Novak']);
	await Promise.all([page.close(), panel.close()]);
});
