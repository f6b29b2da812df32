import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Device } from '../device.ts';
import { film } from '../films.ts';
import { type Recorded, storeRecording } from '../recorded.ts';
import { type TestServer, startServer } from '../server.ts';
import { launch } from './browsers.ts';
import { watch } from './people.ts';
import { maya, setUp } from './practice.ts';

const seconds = 6;
const films = {
	maya: film({ colour: '0x1f8a4c', tone: 500, seconds }),
	dana: film({ colour: '0x8a2f9a', tone: 1000, seconds }),
};

let server: TestServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let recorded: Recorded;
let folder = '';

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'sotto-export-'));
	server = await startServer();
	browser = await launch();
	context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
	// A dialog of the system that no test can answer: the way of browsers without it is taken.
	await context.addInitScript(() => void Reflect.deleteProperty(window, 'showSaveFilePicker'));
	page = await context.newPage();
	await setUp(page, server);
	const device = await Device.signIn({ address: server.address, ...maya });
	recorded = await storeRecording(device, {
		people: [
			{ name: maya.name, film: films.maya, startMs: 0, durationMs: seconds * 1000 },
			{ name: 'Dana Whitfield', film: films.dana, startMs: 0, durationMs: seconds * 1000 },
		],
	});
}, 120_000);

afterAll(async () => {
	await browser?.close();
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** What the page gives to keep. */
async function exported(whose: string): Promise<Record<string, Uint8Array>> {
	await page.getByRole('button', { name: 'Export a copy' }).click();
	const dialog = page.getByRole('dialog', { name: 'Export a copy' });
	await dialog.getByRole('combobox', { name: 'Whose part?' }).selectOption({ label: whose });
	await dialog.getByRole('textbox', { name: 'Who gets it?' }).fill('Dana Whitfield');
	const download = page.waitForEvent('download');
	await dialog.getByRole('button', { name: 'Export', exact: true }).click();
	const path = await (await download).path();
	await page.getByText('The copy was written.').waitFor();
	return unzipSync(readFileSync(path));
}

test('a copy is exported from the page of its recording, and a plain browser without a network plays it', async () => {
	await page.goto(`${server.address}/recordings/${recorded.id}`);
	await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
	const files = await exported('Everybody’s');
	expect(Object.keys(files).toSorted()).toEqual(
		[
			'SHA512SUMS',
			'consents.json',
			'history.json',
			'index.html',
			'manifest.json',
			'notice.json',
			'person-1.webm',
			'person-2.webm',
			'vcon.json',
		].toSorted(),
	);
	const to = join(folder, 'whole');
	mkdirSync(to);
	for (const [name, bytes] of Object.entries(files)) writeFileSync(join(to, name), bytes);
	const plain = await browser.newContext({ offline: true });
	const asked: string[] = [];
	plain.on('request', (request) => void asked.push(request.url()));
	const copy = await plain.newPage();
	const troubles = watch(copy);
	await copy.goto(pathToFileURL(join(to, 'index.html')).href);
	await copy.getByRole('button', { name: 'Play' }).click();
	const times = () =>
		copy
			.locator('video')
			.evaluateAll((all: HTMLVideoElement[]) => all.map((one) => one.currentTime));
	await expect
		.poll(async () => Math.min(...(await times())), { timeout: 20_000 })
		.toBeGreaterThan(1);
	await copy.getByRole('button', { name: 'Pause' }).click();
	const [first = 0, second = 0] = await times();
	expect(Math.abs(first - second)).toBeLessThan(0.5);
	expect(asked.every((url) => url.startsWith('file:'))).toBe(true);
	expect(troubles).toEqual([]);
	await plain.close();
}, 90_000);

test('one person’s part has her media, her consent and the notice, and nothing of anybody else; both are in the history', async () => {
	const files = await exported('Dana Whitfield’s part alone');
	expect(Object.keys(files)).not.toContain('manifest.json');
	expect(Buffer.from(files['person-1.webm'] ?? []).equals(films.dana)).toBe(true);
	const consents = JSON.parse(Buffer.from(files['consents.json'] ?? []).toString());
	expect(consents).toHaveLength(1);
	const history = page.getByRole('region', { name: 'History' });
	await expect.poll(() => history.getByText('exported', { exact: false }).count()).toBe(2);
}, 60_000);
