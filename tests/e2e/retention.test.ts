import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Device } from '../device.ts';
import { film } from '../films.ts';
import { type Recorded, storeRecording } from '../recorded.ts';
import { type TestServer, startServer } from '../server.ts';
import { launch } from './browsers.ts';
import { watch } from './people.ts';
import { maya, setUp } from './practice.ts';

let server: TestServer;
let browser: Browser;
let page: Page;
let recorded: Recorded;
let complaints: string[];

beforeAll(async () => {
	server = await startServer();
	browser = await launch();
	const context = await browser.newContext({
		viewport: { width: 1280, height: 900 },
		timezoneId: 'America/Los_Angeles',
	});
	page = await context.newPage();
	complaints = watch(page);
	await setUp(page, server);
	const device = await Device.signIn({ address: server.address, ...maya });
	const looks = { tone: 500, seconds: 4 };
	const time = { startMs: 0, durationMs: 4000 };
	recorded = await storeRecording(device, {
		people: [
			{ name: maya.name, film: film({ ...looks, colour: '0x1f8a4c' }), ...time },
			{ name: 'Dana Whitfield', film: film({ ...looks, colour: '0x8a2f9a' }), ...time },
		],
	});
}, 120_000);

afterAll(async () => {
	await browser?.close();
	await server?.stop();
});

const kept = () => page.getByRole('region', { name: 'Kept until' });
const button = (name: string) => page.getByRole('button', { name, exact: true });
const sides = () =>
	page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const faults = async () =>
	(await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id);

test('the rules of the practice, the day of a recording, a hold, and what storing takes', async () => {
	await page.goto(`${server.address}/practice/retention`);
	await page.getByText('No rules yet').waitFor();
	await page.getByLabel('States of licence and practice').fill('CA');
	expect(await faults()).toEqual([]);
	await button('Save rules').click();
	await page.getByText('They hold for sessions that are planned from now on.').waitFor();

	await page.goto(`${server.address}/recordings/${recorded.id}`);
	await kept().getByText('No date', { exact: true }).waitFor();
	await button('Change how long').click();
	await page.getByLabel('What it is kept for').selectOption('Part of the medical record');
	await page.getByRole('radio', { name: 'An adult' }).check();
	await page.getByLabel('States where the patient was').fill('WA, PR');
	await page.getByText('No rule is known for Puerto Rico, Psychologist.').waitFor();
	await page.getByLabel('States where the patient was').fill('wa');
	// Eight years in Washington, seven in California.
	await page.getByText(/The rule: Washington, psychologist, 8 years/).waitFor();
	await page.getByText('Before, nothing was destroyed by itself.').waitFor();
	expect(await button('Save').isDisabled()).toBe(true);
	await page.getByLabel('I know, keep it shorter').check();
	expect(await faults()).toEqual([]);
	await button('Save').click();
	const year = String(new Date().getFullYear() + 8);
	await kept().locator('.date').filter({ hasText: year }).waitFor();
	await kept()
		.getByText(/Washington, psychologist/)
		.waitFor();
	await kept()
		.getByText(/Read in a summary/)
		.waitFor();

	await button('Place a legal hold').click();
	await page.getByLabel('Reason').fill('Letter of an attorney');
	await page.getByRole('dialog').getByRole('button', { name: 'Place a legal hold' }).click();
	await kept().getByText('On legal hold').waitFor();
	await kept().getByText('Reason: Letter of an attorney').waitFor();
	await page.getByRole('region', { name: 'History' }).getByText('placed a legal hold').waitFor();
	expect(await button('Delete recording').count()).toBe(0);
	await page.setViewportSize({ width: 390, height: 844 });
	expect(await sides()).toBe(0);
	await page.reload();
	await kept().getByText('On legal hold').waitFor();
	await button('Release the legal hold').click();
	await page.getByLabel('Reason').fill('The case is closed');
	await page.getByRole('dialog').getByRole('button', { name: 'Release the legal hold' }).click();
	await button('Place a legal hold').waitFor();

	await button('Extend').click();
	await page.getByLabel('Keep until').fill(`${Number(year) + 1}-12-24`);
	await page.getByLabel('Reason').fill('She asked for it');
	await page.getByRole('dialog').getByRole('button', { name: 'Extend' }).click();
	await kept().getByText(`Set by ${maya.name}.`).waitFor();
	await button('Delete recording').waitFor();

	await page.goto(`${server.address}/practice/storage`);
	await page.getByText('recordings: 1.').waitFor();
	await page.getByLabel('Price of a gigabyte a month (optional)').fill('0.5');
	await button('Save').click();
	await page.getByRole('columnheader', { name: 'Cost a month' }).waitFor();
	// This month, a year ahead, and the names of the columns.
	expect(await page.getByRole('row').count()).toBe(14);
	expect(await sides()).toBe(0);
	expect(await faults()).toEqual([]);
	expect(complaints).toEqual([]);
}, 120_000);
