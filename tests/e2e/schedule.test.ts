import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDays, dateOf, localTime, weekOf } from '../../pwa/src/lib/time.ts';
import { startServer, type TestServer } from '../server.ts';
import { alter } from './alter.ts';
import { complaints, launch } from './browsers.ts';
import { setUp } from './practice.ts';

const browser = await launch();
const zone = 'America/Los_Angeles';
const tomorrow = addDays(dateOf(Date.now(), zone), 1);
let server: TestServer;
let page: Page;
let wrong: string[];

beforeAll(async () => {
	server = await startServer();
	const context = await browser.newContext({ timezoneId: zone, locale: 'en-US' });
	page = await context.newPage();
	wrong = complaints(page);
	await setUp(page, server);
});
afterAll(async () => {
	await browser.close();
	await server.stop();
});

const button = (name: string, exact = true) => page.getByRole('button', { name, exact });
const dialog = () => page.getByRole('dialog');

async function toWeek(): Promise<void> {
	await page.getByRole('link', { name: 'Schedule', exact: true }).click();
	await page.getByRole('heading', { name: 'Schedule', exact: true }).waitFor();
}

/** Goes to the week that a date is in, from the one of today. */
async function showDate(date: string): Promise<void> {
	await toWeek();
	const ahead = weekOf(dateOf(Date.now(), zone), 7).includes(date) ? 0 : 1;
	for (let week = 0; week < ahead; week++) await button('Next week').click();
}

const slip = (name: string) => page.getByRole('link', { name });

/** Pictures to look at, where `SHOTS` names a folder. */
async function shot(name: string): Promise<void> {
	const folder = process.env['SHOTS'];
	if (!folder) return;
	for (const [width, theme] of [390, 1280].flatMap(
		(w) =>
			[
				[w, 'light'],
				[w, 'dark'],
			] as const,
	)) {
		await page.emulateMedia({ colorScheme: theme });
		await page.setViewportSize({ width, height: 900 });
		// Colours take their time.
		await page.waitForTimeout(400);
		await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`), fullPage: true });
	}
	await page.setViewportSize({ width: 1280, height: 900 });
	await page.emulateMedia({ colorScheme: 'light' });
}

/** What axe finds on this page, narrow, light and dark, and whether it fits a small phone. */
async function faults(): Promise<unknown[]> {
	const found: unknown[] = [];
	await page.setViewportSize({ width: 320, height: 800 });
	for (const colorScheme of ['light', 'dark'] as const) {
		await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		const { violations } = await new AxeBuilder({ page }).analyze();
		found.push(...violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]));
		const wide = await page.evaluate(() => document.documentElement.scrollWidth);
		if (wide > 320) found.push(['scrolls sideways', wide]);
	}
	await page.emulateMedia({ colorScheme: 'light' });
	await page.setViewportSize({ width: 1280, height: 900 });
	return found;
}

const secrets = ['Dana Whitfield', 'Tomás Whitfield', 'Couples intake', 'bring the forms'];

test('a session of two is scheduled for tomorrow and stands in the week', async () => {
	await toWeek();
	await page.getByRole('link', { name: 'Schedule a session', exact: true }).click();
	await page.getByRole('heading', { name: 'Schedule a session' }).waitFor();
	await page.getByRole('radio', { name: 'Record', exact: true }).check();
	await page.getByText('cancel the session and make a new one').waitFor();
	await page.getByRole('combobox', { name: 'Purpose' }).waitFor();
	await shot('new');
	expect(await faults()).toEqual([]);
	await page.getByRole('radio', { name: 'Do not record' }).check();
	await page.getByLabel('Date').fill(tomorrow);
	await page.getByLabel('Time', { exact: true }).fill('15:00');
	const names = page.getByRole('textbox', { name: 'Participant name' });
	await names.nth(0).fill('Dana Whitfield');
	await page.getByRole('combobox', { name: 'Time zone' }).selectOption('America/New_York');
	await page
		.getByRole('combobox', { name: 'Where the participant is (state)' })
		.selectOption({ label: 'New York' });
	await button('Add participant').click();
	await names.nth(1).fill('Tomás Whitfield');
	await page.getByRole('textbox', { name: 'Mobile (optional)' }).nth(1).fill('+1 206 555 0100');
	await page.getByRole('textbox', { name: 'Title (optional)' }).fill('Couples intake');
	await page.getByRole('textbox', { name: 'Note (optional)' }).fill('bring the forms');
	await button('Create session').click();
	await page.getByRole('heading', { name: 'Session with Dana Whitfield and' }).waitFor();
	await page.getByText('3:00 PM, Pacific Time (Los Angeles)').waitFor();
	await page.getByText('6:00 PM, Eastern Time (New York)').waitFor();
	await page.getByRole('textbox', { name: 'Link for Dana Whitfield' }).waitFor();
	await shot('session');
	expect(await faults()).toEqual([]);
	await showDate(tomorrow);
	await slip('Couples intake').waitFor();
	await shot('week');
	expect(await faults()).toEqual([]);
});

/** Everything that the server has on its disk. */
async function onDisk(): Promise<Buffer> {
	const files = await readdir(server.dataDir, { recursive: true, withFileTypes: true });
	const contents = files
		.filter((one) => one.isFile())
		.map((file) => readFile(join(file.parentPath, file.name)));
	return Buffer.concat(await Promise.all(contents));
}

test('the server’s files hold no name, title or note of it', async () => {
	const content = await onDisk();
	for (const secret of secrets) expect(content.includes(secret)).toBe(false);
	// What it must know is found by the same search.
	expect(content.includes('Dr. Maya Okafor')).toBe(true);
});

test('of a recorded session they hold the signed notice, and nothing else that can be read', async () => {
	await toWeek();
	await page.getByRole('link', { name: 'Schedule a session', exact: true }).click();
	await page.getByRole('radio', { name: 'Record', exact: true }).check();
	await page.getByRole('combobox', { name: 'Purpose' }).selectOption('Part of the medical record');
	await page.getByLabel('Date').fill(addDays(tomorrow, 2));
	await page.getByLabel('Time', { exact: true }).fill('11:00');
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Kofi Mensah-Adler');
	await page.getByRole('textbox', { name: 'Title (optional)' }).fill('Quarterly review');
	await page.getByRole('textbox', { name: 'Note (optional)' }).fill('ask about sleep');
	await button('Create session').click();
	await page.getByText('Will be recorded').first().waitFor();
	const content = await onDisk();
	expect(content.includes('Part of the medical record')).toBe(true);
	for (const secret of ['Kofi Mensah-Adler', 'Quarterly review', 'ask about sleep'])
		expect(content.includes(secret)).toBe(false);
	// Yes cannot be undone: the page of the session says why, and how.
	await page.getByText('cancel the session and make a new one').waitFor();
	expect(await page.getByRole('radio').count()).toBe(0);
});

test('a notice that the server altered is shown to nobody, and nobody is asked to agree to it', async () => {
	const link = await page.getByRole('textbox', { name: 'Link for Kofi' }).inputValue();
	const context = await browser.newContext();
	const guest = await context.newPage();
	const read = async (change: (text: string) => string) => {
		const stop = await alter<{ notice: { text: string } }>(guest, '**/api/places/*', (place) => {
			place.notice.text = change(place.notice.text);
			return place;
		});
		// The fragment alone would not load the page again.
		await guest.goto('about:blank');
		await guest.goto(link);
		return stop;
	};
	const stop = await read((text) =>
		text.replace('Part of the medical record', 'Nothing in particular'),
	);
	await guest.getByText('The notice about recording cannot be trusted').waitFor();
	expect(await guest.getByText('Nothing in particular').count()).toBe(0);
	expect(await guest.getByRole('button', { name: 'I agree to be recorded' }).count()).toBe(0);
	await stop();
	await read((text) => text);
	await guest.getByText('Part of the medical record').waitFor();
	await guest.getByRole('button', { name: 'I agree to be recorded' }).first().waitFor();
	await context.close();
});

test('it is moved, and an overlap is shown before and after', async () => {
	await toWeek();
	await page.getByRole('link', { name: 'Schedule a session', exact: true }).click();
	await page.getByLabel('Date').fill(tomorrow);
	await page.getByLabel('Time', { exact: true }).fill('15:30');
	await page.getByText('Overlaps with Dana Whitfield and Tomás Whitfield, 3:00 PM').waitFor();
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Lea Brandt');
	await button('Create session').click();
	await page.getByRole('heading', { name: 'Session with Lea Brandt' }).waitFor();
	await showDate(tomorrow);
	await slip('Overlaps with Lea Brandt, 3:30 PM').click();
	await page.getByRole('heading', { name: 'Session with Dana Whitfield' }).waitFor();
	const link = await page.getByRole('textbox', { name: 'Link for Dana Whitfield' }).inputValue();
	await button('Reschedule').click();
	await dialog().getByLabel('Time', { exact: true }).fill('17:15');
	await shot('reschedule');
	await dialog().getByRole('button', { name: 'Save the new time' }).click();
	await page.getByText('5:15 PM, Pacific Time (Los Angeles)').waitFor();
	// The people keep what they were given.
	expect(await page.getByRole('textbox', { name: 'Link for Dana Whitfield' }).inputValue()).toBe(
		link,
	);
	await showDate(tomorrow);
	await slip('Couples intake').waitFor();
	expect(await slip('Overlaps with').count()).toBe(0);
});

test('people are changed, added and removed', async () => {
	await slip('Couples intake').click();
	await button('Edit Dana Whitfield').click();
	await dialog().getByRole('textbox', { name: 'Participant name' }).fill('Dana Whitfield-Roe');
	await dialog().getByRole('button', { name: 'Save' }).click();
	await page.getByRole('heading', { name: 'Dana Whitfield-Roe', exact: true }).waitFor();
	await button('Add participant').click();
	await dialog().getByRole('textbox', { name: 'Participant name' }).fill('Ines Becker');
	await dialog().getByRole('button', { name: 'Save' }).click();
	const link = page.getByRole('textbox', { name: 'Link for Ines Becker' });
	const address = await link.inputValue();
	await button('Remove Ines Becker').click();
	await dialog().getByRole('button', { name: 'Remove Ines Becker' }).click();
	await link.waitFor({ state: 'detached' });
	const place = /\/j\/([^#]+)/.exec(address)?.[1] ?? '';
	const answer = await fetch(`${server.address}/api/places/${place}`);
	expect(answer.status).toBe(404);
});

test('Schedule next: the same people a week later, with links of their own', async () => {
	const box = page.getByRole('textbox', { name: 'Link for Tomás Whitfield' });
	const first = await box.inputValue();
	await button('Schedule next').click();
	await page.waitForFunction((before) => {
		const field = [...document.querySelectorAll('input[readonly]')].at(-1);
		return field instanceof HTMLInputElement && field.value !== '' && field.value !== before;
	}, first);
	const text = (await page.getByRole('main').textContent()) ?? '';
	expect(text).toContain('Dana Whitfield-Roe');
	// By the clock of the host, whatever happened to the clocks in between.
	expect(text).toContain('5:15 PM, Pacific Time (Los Angeles)');
	const day = new Date(`${addDays(tomorrow, 7)}T12:00:00Z`);
	expect(text).toContain(
		new Intl.DateTimeFormat('en-US', { dateStyle: 'full', timeZone: 'UTC' }).format(day),
	);
});

test('it is cancelled only after a question, and then nobody gets in', async () => {
	const address = await page
		.getByRole('textbox', { name: 'Link for Tomás Whitfield' })
		.inputValue();
	await button('Cancel session').click();
	await page.getByRole('heading', { name: 'Cancel this session?' }).waitFor();
	await shot('cancel');
	await button('Keep the session').click();
	await button('Cancel session').click();
	await button('Cancel it').click();
	await page.getByText('This session was cancelled').waitFor();
	const place = /\/j\/([^#]+)/.exec(address)?.[1] ?? '';
	const answer = await fetch(`${server.address}/api/places/${place}`);
	expect(await answer.json()).toMatchObject({ state: 'ended' });
});

test('a weekly series is made at once and cancelled from one on', async () => {
	await toWeek();
	await page.getByRole('link', { name: 'Schedule a session', exact: true }).click();
	await page.getByLabel('Date').fill(addDays(tomorrow, 1));
	await page.getByLabel('Time', { exact: true }).fill('09:00');
	await page.getByRole('combobox', { name: 'Repeat' }).selectOption({ label: 'Every week' });
	await page.getByRole('spinbutton', { name: 'Number of sessions' }).fill('3');
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Noor Haddad');
	// The line breaks while the second one is sent.
	let posts = 0;
	await page.route('**/api/sessions', (route) =>
		route.request().method() === 'POST' && ++posts === 2 ? route.abort() : route.continue(),
	);
	await button('Create session').click();
	await page.getByText('1 of 3 sessions are made').waitFor();
	expect(await page.getByRole('textbox', { name: 'Participant name' }).isDisabled()).toBe(true);
	expect(await faults()).toEqual([]);
	await page.unroute('**/api/sessions');
	await button('Go on').click();
	await page.getByText('Session 1 of 3, every week').waitFor();
	expect(wrong.splice(0).every((one) => one.includes('ERR_FAILED'))).toBe(true);
	await showDate(addDays(tomorrow, 1));
	for (const turn of ['Next week', 'Next week', 'Previous week', 'Previous week']) {
		await button(turn).click();
		await page.locator('[aria-busy="false"]').waitFor();
		await slip('Noor Haddad').waitFor();
		expect(await slip('Noor Haddad').count()).toBe(1);
	}
	await slip('Noor Haddad').click();
	await page.getByText('Session 1 of 3, every week').waitFor();
	await button('Cancel session').click();
	await page.getByRole('checkbox', { name: 'Also cancel the later sessions' }).check();
	await button('Cancel it').click();
	await page.getByText('This session was cancelled').waitFor();
	await showDate(addDays(tomorrow, 1));
	await button('Next week').click();
	await page.locator('[aria-busy="false"]').waitFor();
	expect(await slip('Noor Haddad').count()).toBe(0);
});

test('the week is walked by keyboard', async () => {
	await toWeek();
	const today = dateOf(Date.now(), zone);
	const label = (date: string) =>
		new Intl.DateTimeFormat('en-US', { dateStyle: 'full', timeZone: 'UTC' }).format(
			new Date(`${date}T12:00:00Z`),
		);
	const plan = (date: string) => `Schedule a session on ${label(date)}`;
	const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
	await button('Today').click();
	await page.getByRole('radio', { name: 'Day', exact: true }).check();
	await page.getByRole('link', { name: plan(today) }).focus();
	await page.keyboard.press('ArrowRight');
	await page.getByRole('link', { name: plan(tomorrow) }).waitFor();
	expect(await focused()).toBe(plan(tomorrow));
	await page.keyboard.press('w');
	const first = weekOf(tomorrow, 7)[0] ?? '';
	await page.keyboard.press('Home');
	const named = () => page.evaluate(() => document.activeElement?.closest('li.day')?.ariaLabel);
	expect(await named()).toBe(label(first));
	await page.keyboard.press('End');
	expect(await focused()).toBe(plan(addDays(first, 6)));
	await page.keyboard.press('PageDown');
	expect(await focused()).toBe(plan(addDays(first, 13)));
	await page.keyboard.press('t');
	expect(await focused()).toBe(plan(today));
	await page.keyboard.press('d');
	await page.keyboard.press('ArrowRight');
	expect(await focused()).toBe(plan(tomorrow));
	await slip('Couples intake').waitFor();
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('ArrowDown');
	await shot('day');
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: 'Session with Dana Whitfield-Roe' }).waitFor();
	expect(localTime(Date.now(), zone).date).toBe(today);
	expect(wrong).toEqual([]);
});

test('where every session is recorded nobody is asked whether, and where none is the page says so', async () => {
	const choose = async (name: string) => {
		await page.getByRole('link', { name: 'Practice', exact: true }).click();
		await page.getByRole('link', { name: 'Settings' }).click();
		await page.getByRole('radio', { name }).check();
		await button('Save settings').click();
		await page.getByText('Saved', { exact: true }).waitFor();
		await page.getByRole('link', { name: 'Today', exact: true }).click();
		await page.getByRole('link', { name: 'New session now' }).click();
	};
	await choose('Record all sessions');
	await page.getByRole('heading', { name: 'Every session of this practice is recorded' }).waitFor();
	expect(await page.getByRole('radio', { name: 'Do not record' }).count()).toBe(0);
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Ada Lindqvist');
	await button('Create session').click();
	await page.getByRole('heading', { name: 'Session with Ada Lindqvist' }).waitFor();
	await page.getByText('Will be recorded').first().waitFor();
	await choose('Never record');
	await page.getByText('Recording is switched off for this practice.').waitFor();
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Ben Adeyemi');
	await button('Create session').click();
	await page.getByRole('heading', { name: 'Session with Ben Adeyemi' }).waitFor();
	await page.getByText('Will not be recorded').first().waitFor();
	expect(wrong).toEqual([]);
});
