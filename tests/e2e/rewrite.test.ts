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

const dana = 'Dana Whitfield';
const filmed = (name: string, tone: number) => ({
	name,
	film: film({ colour: '0x1f8a4c', tone, seconds: 20 }),
	startMs: 0,
	durationMs: 20_000,
});

let server: TestServer;
let browser: Browser;
let page: Page;
let recorded: Recorded;
let complaints: string[];

beforeAll(async () => {
	server = await startServer();
	browser = await launch();
	const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
	page = await context.newPage();
	complaints = watch(page);
	await setUp(page, server);
	const device = await Device.signIn({ address: server.address, ...maya });
	recorded = await storeRecording(device, { people: [filmed(maya.name, 500), filmed(dana, 1000)] });
}, 120_000);

afterAll(async () => {
	await browser?.close();
	await server?.stop();
});

const button = (name: string) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');

async function plays(): Promise<void> {
	await button('Play').click();
	const position = page.getByRole('slider', { name: 'Position' });
	await expect
		.poll(async () => Number(await position.inputValue()), { timeout: 20_000 })
		.toBeGreaterThan(500);
	await button('Pause').click();
}

test('a recording is locked anew, shortened in a copy, and loses the track of one person', async () => {
	await page.goto(`${server.address}/recordings/${recorded.id}`);
	await button('Seal anew').click();
	await dialog().getByRole('checkbox', { name: maya.name }).waitFor();
	const { violations } = await new AxeBuilder({ page }).include('dialog[open]').analyze();
	expect(violations.map(({ id }) => id)).toEqual([]);
	await dialog().getByRole('button', { name: 'Seal anew' }).click();
	await page.getByText('The recording is sealed anew.').waitFor();
	await page.getByText(/sealed it anew on/).waitFor();
	await plays();
	await button('Cut a passage').click();
	await dialog().getByLabel('From', { exact: true }).fill('0:05');
	await dialog().getByLabel('To', { exact: true }).fill('0:02');
	await button('Make the copy').click();
	await dialog().getByRole('alert').waitFor();
	await dialog().getByLabel('To', { exact: true }).fill('0:15');
	await button('Make the copy').click();
	await page.getByRole('link', { name: 'Open the copy' }).click();
	await page.getByText('This is a shortened copy.').waitFor();
	await page.getByText(/cut out 0:05 to 0:15/).waitFor();
	await plays();
	const slider = page.getByRole('slider', { name: 'Position' });
	expect(Number(await slider.getAttribute('max'))).toBeLessThan(10_300);
	await page.goto(`${server.address}/recordings/${recorded.id}`);
	await button(`Delete the track of ${dana}`).click();
	await button('Delete the track').click();
	await page.getByText('The track is deleted.').waitFor();
	await page.getByText(/deleted the track of Dana Whitfield on/).waitFor();
	await expect.poll(() => page.locator(`video[aria-label="${dana}"]`).count()).toBe(0);
	expect(await button(`Delete the track of ${maya.name}`).count()).toBe(0);
	await plays();
	expect(complaints).toEqual([]);
});
