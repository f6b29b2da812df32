import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeErrors, duration, mediaOf, shareOf, tones } from '../e2e/analyse.ts';
import { audioFile, looks, videoFile } from '../e2e/media.ts';
import {
	type Person,
	callFlags,
	connect,
	newSession,
	person,
	sees,
	wait,
	watch,
} from '../e2e/people.ts';
import { expect as expectThat } from '../e2e/playwright.ts';
import { maya, setUp, signIn } from '../e2e/practice.ts';
import { type TestServer, startServer } from '../server.ts';
import { type ExtensionBrowser, extensionId, launchExtension, pageOf } from './browser.ts';

let server: TestServer;
let browser: ExtensionBrowser;
let page: Page;
let dana: Person;
let complaints: string[];
/** Everything that the packaged app asked for, except from the server's programming interface. */
const loaded: string[] = [];

/** A screen of the packaged app at the test's server, as the extension opens it. */
const screen = (path: string): string =>
	`${pageOf('app/index.html')}?${new URLSearchParams({ server: server.address, path }).toString()}`;

/** How many accounts the page's origin keeps keys of. */
async function devicesHere(name: string): Promise<number> {
	const opening = indexedDB.open(name);
	const open = await new Promise<IDBDatabase>((resolve, reject) => {
		opening.addEventListener('success', () => resolve(opening.result));
		opening.addEventListener('error', () => reject(opening.error ?? new Error('no database')));
	});
	const counting = open.transaction('devices').objectStore('devices').count();
	return new Promise((resolve) =>
		counting.addEventListener('success', () => resolve(counting.result)),
	);
}

beforeAll(async () => {
	server = await startServer();
	[browser, dana] = await Promise.all([
		launchExtension([
			...callFlags,
			`--use-file-for-fake-video-capture=${videoFile(looks.maya)}`,
			`--use-file-for-fake-audio-capture=${audioFile(looks.maya)}`,
		]),
		person({ looks: looks.dana }),
	]);
	browser.context.setDefaultTimeout(30_000);
	page = await browser.context.newPage();
	complaints = watch(page);
	page.on('request', (request) => {
		const url = request.url();
		if (!url.startsWith(`${server.address}/api/`)) loaded.push(url);
	});
});

afterAll(async () => {
	await Promise.all([browser?.close(), dana?.close()]);
	await server?.stop();
});

test('a practice is set up in it, and its keys are made there', async () => {
	const { pathname, hash } = new URL(server.setupUrl ?? '');
	await setUp(page, { setupUrl: screen(pathname) + hash });
	expect(page.url()).toMatch(new RegExp(`^chrome-extension://${extensionId}/app/`));
	// Nothing of it is in the web app's storage, where the server's pages could use it.
	const web = await browser.context.newPage();
	await web.goto(server.address);
	await web.getByRole('link', { name: 'Sign in' }).waitFor();
	expect(await web.evaluate(devicesHere, 'sotto')).toBe(0);
	expect(await page.evaluate(devicesHere, `sotto ${server.address}`)).toBe(1);
	await web.close();
	// Whatever address: the page comes out of the package, also when it is loaded anew.
	await page.goto(pageOf('app/sessions/new'));
	await page.getByRole('button', { name: 'Create session' }).waitFor();
	for (const keys of ['F5', 'Control+Shift+R', 'Control+F5']) {
		await page.evaluate(() => document.body.setAttribute('data-old', ''));
		if (keys === 'F5') await page.reload();
		else await page.keyboard.press(keys);
		await page.locator('body:not([data-old])').waitFor({ state: 'attached' });
		await page.getByRole('button', { name: 'Create session' }).waitFor();
	}
});

test('a recorded visit: the host in the packaged app, the patient in an ordinary browser', async () => {
	await page.goto(pageOf('app/'));
	const { links } = await newSession(page, ['Dana Whitfield'], { record: true });
	// A link for a patient leads to the web app: she has no extension.
	expect(new URL(links[0] ?? '').origin).toBe(server.address);
	expect(new URL(links[0] ?? '').pathname).toMatch(/^\/j\//);
	await wait(dana.page, links[0] ?? '', 'agree');
	await page.goto(pageOf('app/'));
	await connect(page, 'Dana Whitfield');
	await Promise.all([sees(page, 'Dana Whitfield'), sees(dana.page, maya.name)]);
	const status = (one: Page, name: string) => one.getByRole('status', { name, exact: true });
	await page.getByRole('button', { name: 'Start recording' }).click();
	await expectThat(status(dana.page, 'Recording')).toBeVisible();
	await expectThat(status(page, 'Recording')).toBeVisible();
	await page.getByText(/^00:0[6-9]$/).waitFor();
	await page.getByRole('button', { name: 'Pause recording' }).click();
	await expectThat(status(dana.page, 'Recording paused')).toBeVisible();
	await page.getByRole('button', { name: 'Resume recording' }).click();
	await expectThat(status(dana.page, 'Recording')).toBeVisible();
	await page.getByText(/^00:1\d$/).waitFor();
	await page.getByRole('button', { name: 'Stop recording' }).click();
	await expectThat(status(dana.page, 'Recording ended')).toBeVisible();
	const open = page.getByRole('link', { name: 'Open the recording' });
	await open.waitFor({ timeout: 60_000 });
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	await open.click();
});

test('the recording plays there, and its position is moved, also after the service worker was ended', async () => {
	const timeOf = (name: string) =>
		page
			.locator(`video[aria-label="${name}"]`)
			.evaluate((video: HTMLVideoElement) => video.currentTime);
	await page.getByRole('button', { name: 'Play', exact: true }).click();
	await sees(page, 'Dana Whitfield');
	await sees(page, maya.name);
	// What is read now takes longer than the recording where the machine is busy.
	await page.getByRole('button', { name: 'Pause' }).click();
	for (const [name, look] of [
		[maya.name, looks.maya],
		['Dana Whitfield', looks.dana],
	] as const) {
		const file = await mediaOf(page, name);
		expect(decodeErrors(file)).toBe('');
		expect(duration(file)).toBeGreaterThan(9);
		expect(shareOf(file, look)).toBe(1);
		const heard = tones(file);
		expect(heard[look === looks.maya ? 'maya' : 'dana'].led).toBeGreaterThan(8);
		expect(heard[look === looks.maya ? 'dana' : 'maya'].led).toBe(0);
	}
	const goTo = async (ms: number): Promise<void> => {
		await page.getByRole('slider', { name: 'Position' }).fill(`${ms}`);
		for (const name of [maya.name, 'Dana Whitfield'])
			// Who came in later is not as far in her own track.
			await expect.poll(() => timeOf(name), { timeout: 20_000 }).toBeGreaterThan(ms / 1000 - 2);
		for (const name of [maya.name, 'Dana Whitfield'])
			await expect.poll(() => timeOf(name), { timeout: 20_000 }).toBeLessThan(ms / 1000 + 0.1);
	};
	await goTo(8_000);
	await browser.killWorker();
	await goTo(3_000);
	await browser.killWorker();
	await page.getByRole('button', { name: 'Play', exact: true }).click();
	await expect.poll(() => timeOf('Dana Whitfield'), { timeout: 20_000 }).toBeGreaterThan(4);
	expect(await page.getByRole('alert').count()).toBe(0);
});

test('no code of it came from the server, and no page complained', () => {
	const own = (url: string) => url.replace(/^blob:/, '').startsWith(pageOf(''));
	expect(loaded.filter((url) => url.endsWith('.js')).length).toBeGreaterThan(10);
	expect(loaded.filter((url) => !own(url) && !url.startsWith('data:'))).toEqual([]);
	expect(complaints).toEqual([]);
	expect(dana.complaints).toEqual([]);
});

test('it is locked and opened again, and starts without a server', async () => {
	await page.goto(pageOf('app/'));
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	await page.getByRole('button', { name: 'Lock' }).click();
	await page.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await page.getByRole('button', { name: 'Unlock' }).click();
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	await page.getByRole('button', { name: 'Sign out' }).click();
	await server.kill('SIGTERM');
	await browser.killWorker();
	await page.goto(pageOf('app/sign-in'));
	await signIn(page);
	await page.getByRole('alert').getByText('offline').waitFor();
	expect(page.url()).toContain('/app/sign-in');
	await server.restart();
	await signIn(page);
	await page.getByRole('heading', { name: 'Today' }).waitFor();
});
