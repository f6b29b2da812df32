import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { complaints, launch } from './browsers.ts';
import { maya, newSession, setUp, signIn } from './practice.ts';

const server = await startServer();
const browser = await launch();
afterAll(async () => {
	await browser.close();
	await server.stop();
});

// One admin's way through all screens: each test goes on where the one before ended.
const context = await browser.newContext();
const page = await context.newPage();
const wrong = complaints(page);
let recoveryKey = '';

async function faults(on: Page): Promise<string[]> {
	const { violations } = await new AxeBuilder({ page: on }).analyze();
	return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

const today = (on: Page) => on.getByRole('heading', { name: 'Today' }).waitFor();

/** From wherever a staff page is, to the start page. */
async function signOut(on: Page): Promise<void> {
	await on.getByRole('button', { name: 'Sign out' }).click();
	await on.getByRole('button', { name: 'Sign out' }).waitFor({ state: 'detached' });
	await on.goto(server.address);
	await on.getByRole('heading', { name: /^Calls and recordings/ }).waitFor();
}

test('the printed address leads to a practice, once', async () => {
	recoveryKey = await setUp(page, server);
	expect(recoveryKey).toMatch(/^([0-9A-HJKMNP-TV-Z]{4} ){7}[0-9A-HJKMNP-TV-Z]{4}$/);
	const again = await context.newPage();
	await again.goto(server.setupUrl ?? '');
	await again.getByRole('heading', { name: 'This practice is set up already' }).waitFor();
	await again.close();
});

test('a recovery key that nobody saved is shown again', async () => {
	const second = await startServer();
	const other = await browser.newContext();
	const tab = await other.newPage();
	await tab.goto(second.setupUrl ?? '');
	await tab.getByRole('textbox', { name: 'Practice name' }).fill(maya.practice);
	await tab.getByRole('textbox', { name: 'Your name' }).fill(maya.name);
	await tab.getByRole('textbox', { name: 'Email' }).fill(maya.email);
	await tab.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await tab.getByRole('button', { name: 'Create practice' }).click();
	const region = tab.getByRole('region', { name: 'Recovery key' });
	const key = await region.textContent();
	await tab.goto(second.address);
	expect(await region.textContent()).toBe(key);
	await tab.getByRole('textbox', { name: 'Type the last group' }).fill(key?.trim().slice(-4) ?? '');
	await tab.getByRole('button', { name: 'I have saved it' }).click();
	await today(tab);
	await tab.reload();
	await today(tab);
	await other.close();
	await second.stop();
});

test('a session has a private link for each person, and nobody is here yet', async () => {
	const links = await newSession(page, { names: ['Dana Whitfield', 'Tom Becker'], record: true });
	expect(new Set(links).size).toBe(2);
	for (const link of links)
		expect(link).toMatch(/^http:\/\/localhost:\d+\/j\/[\w-]{22}#[\w-]{66}$/);
	expect(await faults(page)).toEqual([]);
	await page.getByRole('link', { name: 'Today', exact: true }).click();
	const sessions = page.getByRole('list', { name: 'Sessions' });
	await sessions.getByRole('link', { name: 'Dana Whitfield and Tom Becker' }).waitFor();
	const connect = page.getByRole('button', { name: 'Connect Dana Whitfield', exact: true });
	expect(await connect.isDisabled()).toBe(true);
	const relay = 'No relay configured: calls between networks may fail';
	await page.getByRole('status', { name: relay }).waitFor();
	expect(await faults(page)).toEqual([]);
});

test('a reload inside the idle limit asks for nothing', async () => {
	await page.reload();
	await today(page);
	expect(await page.getByRole('textbox', { name: 'Password' }).count()).toBe(0);
});

test('Lock closes all tabs; the password opens them again where they were', async () => {
	const second = await context.newPage();
	await second.goto(`${server.address}/sessions/new`);
	await second.getByRole('heading', { name: 'New session' }).waitFor();
	await page.getByRole('button', { name: 'Lock' }).click();
	await second.getByRole('button', { name: 'Unlock' }).waitFor();
	await page.getByRole('button', { name: 'Unlock' }).waitFor();
	await page.reload();
	await page.getByRole('textbox', { name: 'Password' }).fill('not the password');
	await page.getByRole('button', { name: 'Unlock' }).click();
	await page.getByRole('alert').getByText('wrong-password').waitFor();
	expect(await faults(page)).toEqual([]);
	await page.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await page.getByRole('button', { name: 'Unlock' }).click();
	await today(page);
	await second.getByRole('heading', { name: 'New session' }).waitFor();
	await second.close();
});

test('a second device signs in, and shows the same links', async () => {
	const other = await browser.newContext();
	const device = await other.newPage();
	await device.goto(`${server.address}/sign-in`);
	await signIn(device, 'some other password');
	await device.getByRole('alert').getByText('wrong-password').waitFor();
	await signIn(device);
	await today(device);
	await device.getByRole('link', { name: 'Dana Whitfield and Tom Becker', exact: true }).click();
	const link = device.getByRole('textbox', { name: 'Link for Dana Whitfield' });
	await page.getByRole('link', { name: 'Dana Whitfield and Tom Becker' }).click();
	const same = page.getByRole('textbox', { name: 'Link for Dana Whitfield' });
	expect(await link.inputValue()).toBe(await same.inputValue());
	await signOut(device);
	await device.reload();
	await device.getByRole('heading', { name: /^Calls and recordings/ }).waitFor();
	expect(await faults(device)).toEqual([]);
	await other.close();
});

test('the recovery key gives the account a new password, and another one does not', async () => {
	const other = await browser.newContext();
	const device = await other.newPage();
	await device.goto(`${server.address}/sign-in`);
	await device.getByRole('link', { name: 'Use recovery key' }).click();
	const field = device.getByRole('textbox', { name: 'Recovery key' });
	await device.getByRole('textbox', { name: 'Email' }).fill(maya.email);
	await device.getByRole('textbox', { name: 'New password' }).fill('a better harbor');
	await field.fill(recoveryKey.replace(/^./, (first) => (first === '0' ? '1' : '0')));
	await device.getByRole('button', { name: 'Set new password' }).click();
	await device.getByRole('alert').getByText('wrong-recovery-key').waitFor();
	expect(await faults(device)).toEqual([]);
	await field.fill(recoveryKey.toLowerCase().replaceAll(' ', '-'));
	await device.getByRole('button', { name: 'Set new password' }).click();
	await today(device);
	await signOut(device);
	await device.getByRole('link', { name: 'Sign in' }).click();
	await signIn(device);
	await device.getByRole('alert').getByText('wrong-password').waitFor();
	await signIn(device, 'a better harbor');
	await today(device);
	await other.close();
});

test('no screen on this way was refused anything by its policy', () => {
	expect(wrong.filter((line) => !line.includes('Failed to load resource'))).toEqual([]);
});
