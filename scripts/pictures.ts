/** One recorded visit between two browsers, photographed on its way. Ends with the files in docs/pictures. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Locator, type Page, chromium } from 'playwright-core';
import { browserArgs, executablePath } from '../tests/browser.ts';
import { connect, newSession, person, sees, setUp, wait } from '../tests/e2e/people.ts';
import { startServer } from '../tests/server.ts';
import { drawCamera } from './camera.ts';
import { lifePictures } from './life-pictures.ts';
import { root, say } from './prepare.js';
import { shrink } from './shrink.ts';

const folder = join(root, 'docs/pictures');
const work = await mkdtemp(join(tmpdir(), 'sotto-pictures-'));
const recordedMs = 20_000;

async function picture(page: Page, name: string, of?: Locator): Promise<void> {
	// Pictures that slide in and buttons under the pointer come to rest first.
	await page.mouse.move(0, 0);
	if (of) await of.evaluate((node) => node.scrollIntoView({ block: 'center' }));
	else await page.evaluate(() => scrollTo(0, 0));
	await page.waitForTimeout(600);
	const still = join(work, `${name}.png`);
	await page.screenshot({ path: still });
	shrink(still, join(folder, `${name}.png`));
	say(`docs/pictures/${name}.png`);
}

async function somebody(name: 'maya' | 'dana', tone: number, phone = false) {
	const browser = await chromium.launch({ executablePath: executablePath(), args: browserArgs });
	const { video, audio } = await drawCamera({ browser, name, tone, folder: work });
	await browser.close();
	const args = [
		`--use-file-for-fake-video-capture=${video}`,
		`--use-file-for-fake-audio-capture=${audio}`,
	];
	return person({ args, ...(phone && { width: 390, height: 844 }) });
}

/** A session of tomorrow, and what would have been sent for it; then the rest of the practice. */
async function practicePictures(page: Page, address: string): Promise<void> {
	const tomorrow = new Date(Date.now() + 86_400_000).toLocaleDateString('sv');
	await page.goto(`${address}/sessions/new?later`);
	await page.getByLabel('Date').fill(tomorrow);
	await page.getByLabel('Time', { exact: true }).fill('10:00');
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Ines Becker');
	await page.getByRole('textbox', { name: 'Email (optional)' }).fill('ines@example.org');
	await page.getByRole('button', { name: 'Create session' }).click();
	await page.getByRole('button', { name: 'Show access code for Ines Becker' }).click();
	const code = page.getByRole('region', { name: 'Access code for Ines Becker' });
	await code.getByText(/^\d{3}(?: \d{3}){2,3}$/).waitFor();
	await picture(page, 'code', code);
	for (const name of ['schedule', 'practice/people', 'practice/outbox', 'practice/history']) {
		await page.goto(`${address}/${name}`);
		await page.getByRole('heading', { level: 1 }).waitFor();
		await page.waitForLoadState('networkidle');
		await picture(page, name.split('/').at(-1) ?? name);
	}
}

await mkdir(folder, { recursive: true });
const server = await startServer();
const maya = await somebody('maya', 330);
const dana = await somebody('dana', 262, true);
await maya.page.goto(server.address);
await maya.page.getByRole('heading', { level: 1 }).waitFor();
await picture(maya.page, 'home');
await setUp(maya.page, server.setupUrl ?? '');
const { links } = await newSession(maya.page, ['Dana Whitfield'], { record: true });
await picture(maya.page, 'session');
await maya.page.getByRole('link', { name: 'Back to today' }).click();
await wait(dana.page, links[0] ?? '', 'agree');
await picture(dana.page, 'waiting-room');
await maya.page.getByRole('status', { name: 'Dana Whitfield is waiting' }).waitFor();
await picture(maya.page, 'today');
await connect(maya.page, 'Dana Whitfield');
await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
await maya.page.getByRole('button', { name: 'Start recording' }).click();
await dana.page.getByRole('status', { name: 'Recording', exact: true }).waitFor();
await maya.page.waitForTimeout(recordedMs);
await picture(maya.page, 'call');
await picture(dana.page, 'call-phone');
await maya.page.getByRole('button', { name: 'Stop recording' }).click();
await maya.page.getByRole('link', { name: 'Open the recording' }).waitFor();
await maya.page.getByRole('button', { name: 'End session for all' }).click();
await maya.page.getByRole('button', { name: 'End it for all' }).click();
await maya.page.goto(`${server.address}/recordings`);
const recordings = maya.page.getByRole('table', { name: 'Recordings' });
await recordings.getByRole('link').first().waitFor();
await picture(maya.page, 'recordings');
await recordings.getByRole('link').first().click();
await maya.page.getByRole('button', { name: 'Play' }).click();
await sees(maya.page, 'Dana Whitfield');
await maya.page.waitForTimeout(recordedMs / 4);
await maya.page.getByRole('button', { name: 'Pause' }).click();
await picture(maya.page, 'player');
const recording = maya.page.url();
await practicePictures(maya.page, server.address);
await lifePictures({ server, maya, dana, link: links[0] ?? '', recording, picture });
await Promise.all([maya.close(), dana.close()]);
await server.stop();
await rm(work, { recursive: true });
