import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Device } from '../device.ts';
import { film } from '../films.ts';
import { type Recorded, storeRecording } from '../recorded.ts';
import { type TestServer, startServer } from '../server.ts';
import { launch } from './browsers.ts';
import { looks } from './media.ts';
import { type Person, connect, person, sees, setUp, watch } from './people.ts';
import { expect as expectThat } from './playwright.ts';
import { maya } from './practice.ts';

const seconds = 6;
const films = {
	maya: film({ colour: '0x1f8a4c', tone: 500, seconds }),
	dana: film({ colour: '0x8a2f9a', tone: 1000, seconds }),
};

let server: TestServer;
let host: Person;
let dana: Person;
let page: Page;
/** Somebody who has nothing to do with the practice. */
let elsewhere: Browser;
let recorded: Recorded;
let folder = '';

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'sotto-export-'));
	server = await startServer();
	[host, dana] = await Promise.all([person({ looks: looks.maya }), person({ looks: looks.dana })]);
	elsewhere = await launch();
	({ page } = host);
	// A dialog of the system that no test can answer: the way of browsers without it is taken.
	await page.addInitScript(() => void Reflect.deleteProperty(window, 'showSaveFilePicker'));
	await setUp(page, server.setupUrl ?? '');
	const device = await Device.signIn({ address: server.address, ...maya });
	recorded = await storeRecording(device, {
		people: [
			{ name: maya.name, film: films.maya, startMs: 0, durationMs: seconds * 1000 },
			{ name: 'Dana Whitfield', film: films.dana, startMs: 0, durationMs: seconds * 1000 },
		],
	});
}, 120_000);

afterAll(async () => {
	await Promise.all([host?.close(), dana?.close(), elsewhere?.close()]);
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
			'statement.json',
			'vcon.json',
		].toSorted(),
	);
	const to = join(folder, 'whole');
	mkdirSync(to);
	for (const [name, bytes] of Object.entries(files)) writeFileSync(join(to, name), bytes);
	const plain = await elsewhere.newContext({ offline: true });
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

/** A visit under 42 CFR Part 2, to be recorded, in which Dana signs with her name; it ends. */
async function visited(): Promise<string> {
	await page.goto(server.address);
	await page.getByRole('link', { name: 'New session now' }).click();
	await page.getByRole('radio', { name: 'Record', exact: true }).check();
	await page.getByRole('checkbox', { name: '42 CFR Part 2 applies to this visit' }).check();
	await page.getByRole('textbox', { name: 'To whom' }).fill('Rosa Whitfield');
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Dana Whitfield');
	await page.getByRole('button', { name: 'Create session' }).click();
	const link = await page.getByRole('textbox', { name: 'Link for Dana Whitfield' }).inputValue();
	await dana.page.goto(link);
	const notice = dana.page.getByRole('region', { name: 'This session will be recorded' });
	await expectThat(notice.getByText('Rosa Whitfield')).toBeVisible();
	await dana.page.getByRole('button', { name: 'Check camera and microphone' }).click();
	const agree = dana.page.getByRole('button', { name: 'I agree to be recorded' });
	await agree.click();
	await expectThat(dana.page.getByText('Write your full name to sign.')).toBeVisible();
	const name = dana.page.getByRole('textbox', { name: 'Your full name, as your signature' });
	await name.fill('Dana Whitfield');
	await agree.click();
	await page.goto(server.address);
	await connect(page, 'Dana Whitfield');
	await Promise.all([sees(page, 'Dana Whitfield'), sees(dana.page, maya.name)]);
	await page.getByRole('button', { name: 'Start recording' }).click();
	const status = dana.page.getByRole('status', { name: 'Recording', exact: true });
	await expectThat(status).toBeVisible();
	await page.getByText(/^00:0[2-9]$/).waitFor();
	await page.getByRole('button', { name: 'Stop recording' }).click();
	await page.getByRole('button', { name: 'End session for all' }).click();
	await page.getByRole('button', { name: 'End it for all' }).click();
	return link;
}

test('after a visit under 42 CFR Part 2 she asks for a copy; the practice answers, and she reads it with the keys of her visit', async () => {
	const link = await visited();
	await dana.page.goto(link);
	await dana.page.reload();
	await dana.page.getByRole('button', { name: 'Ask for a copy' }).click();
	const dialog = dana.page.getByRole('dialog', { name: 'Ask for a copy' });
	await dialog.getByRole('button', { name: 'Send request' }).click();
	await expectThat(dana.page.getByText(/^To be answered by /)).toBeVisible();
	expect(await dana.page.getByRole('button', { name: 'Ask for a copy' }).count()).toBe(0);

	await page.goto(server.address);
	const tasks = page.getByRole('list', { name: 'Requests' });
	await expectThat(tasks.getByText('Dana Whitfield asks for a copy')).toBeVisible();
	await expectThat(tasks.getByText(/Signed with keys of the visit/)).toBeVisible();
	await tasks.getByRole('link', { name: 'Open the recording' }).click();
	await expectThat(page.getByText(/^42 CFR part 2 prohibits unauthorized use/)).toBeVisible();
	await page.getByRole('button', { name: 'Export a copy' }).waitFor();
	const files = await exported('Dana Whitfield’s part alone');
	expect(Buffer.from(files['index.html'] ?? []).toString()).toContain('42 CFR part 2');

	await page.goto(server.address);
	await page.getByRole('button', { name: 'Answer Dana Whitfield' }).click();
	const answer = page.getByRole('dialog', { name: 'Answer the request' });
	await answer.getByRole('textbox', { name: 'Words to them' }).fill('It is in the post.');
	await answer.getByRole('button', { name: 'Save answer' }).click();
	await expect.poll(() => tasks.count()).toBe(0);
	await dana.page.reload();
	await expectThat(dana.page.getByText(/^Done on /)).toBeVisible();
	await expectThat(dana.page.getByText('It is in the post.')).toBeVisible();

	// Another browser has no keys of the visit.
	const other = await elsewhere.newPage();
	await other.goto(link);
	await other.getByText('open this link in the browser that you used').waitFor();
	await page.goto(`${server.address}/practice/disclosures`);
	await page.getByRole('checkbox', { name: 'Leave out what the law does not count' }).uncheck();
	const rows = page.getByRole('table', { name: 'Accounting of disclosures: Everybody' });
	const cells = rows.getByRole('cell', { name: 'Dana Whitfield', exact: true });
	await expect.poll(() => cells.count()).toBe(5);
}, 120_000);
