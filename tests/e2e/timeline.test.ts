import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Device } from '../device.ts';
import { talkingFilm } from '../films.ts';
import { type Recorded, type RecordedWish, storeRecording } from '../recorded.ts';
import { type TestServer, startServer } from '../server.ts';
import { launch } from './browsers.ts';
import { watch } from './people.ts';
import { maya, setUp } from './practice.ts';

const seconds = 20;
const durationMs = seconds * 1000;
/** Maya speaks from 0 s to 3 s, Dana from 10 s to 13 s; nobody else ever does. */
const wish = {
	people: [
		{
			name: maya.name,
			film: talkingFilm({ colour: '0x1f8a4c', tone: 500, seconds, from: 0, to: 3 }),
			startMs: 0,
			durationMs,
		},
		{
			name: 'Dana Whitfield',
			film: talkingFilm({ colour: '0x8a2f9a', tone: 900, seconds, from: 10, to: 13 }),
			startMs: 0,
			durationMs,
		},
	],
} satisfies RecordedWish;
const said = 'Cried when the dog was named';
const passphrase = 'lantern orchard velvet';

let server: TestServer;
let browser: Browser;
let page: Page;
let device: Device;
let recorded: Recorded;
let complaints: string[];

beforeAll(async () => {
	server = await startServer();
	browser = await launch();
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
	page = await context.newPage();
	complaints = watch(page);
	await setUp(page, server);
	device = await Device.signIn({ address: server.address, ...maya });
	recorded = await storeRecording(device, wish);
	await open(page);
}, 120_000);

afterAll(async () => {
	await browser?.close();
	await server?.stop();
});

async function open(tab: Page): Promise<void> {
	await tab.goto(`${server.address}/recordings/${recorded.id}`);
	await tab.getByRole('button', { name: 'Play', exact: true }).waitFor();
}

const slider = () => page.getByRole('slider', { name: 'Position' });
const position = async () => Number(await slider().inputValue());
const button = (name: string, tab = page) => tab.getByRole('button', { name, exact: true });
const goTo = (ms: number) =>
	slider().evaluate((input: HTMLInputElement, value) => {
		input.value = String(value);
		input.dispatchEvent(new Event('input', { bubbles: true }));
	}, ms);

test('who speaks when is read on this device, and silence can be skipped', async () => {
	for (const name of [maya.name, 'Dana Whitfield'])
		await page
			.getByRole('group', { name: `Track of ${name}` })
			.getByText('speaks 3 seconds')
			.waitFor();
	await page.getByRole('checkbox', { name: 'Skip silence' }).check();
	await button('Play').click();
	const seen: number[] = [];
	const look = async () => {
		seen.push(await position());
		return seen.at(-1);
	};
	await expect.poll(look, { timeout: 30_000, interval: 50 }).toBeGreaterThan(10_500);
	expect(seen.filter((at) => at > 4_000 && at < 9_500)).toEqual([]);
	await button('Pause').click();
	// Whoever is not heard may speak in a silence.
	await page.getByRole('checkbox', { name: 'Hear Dana Whitfield' }).uncheck();
	await page.getByText('17 seconds').waitFor();
	await page.getByRole('checkbox', { name: 'Hear Dana Whitfield' }).check();
	await page.getByRole('checkbox', { name: 'Skip silence' }).uncheck();
});

test('it goes on by single pictures and by keys', async () => {
	await goTo(5_010);
	await expect.poll(position).toBe(5_010);
	await button('Next picture').click();
	await expect.poll(position).toBeGreaterThan(5_010);
	const next = await position();
	// 15 pictures a second.
	expect(next - 5_010).toBeLessThanOrEqual(68);
	await button('Next picture').click();
	await expect.poll(async () => (await position()) - next).toBeGreaterThanOrEqual(66);
	await button('Picture back').click();
	await expect.poll(position).toBe(next);
	await page.getByRole('heading', { name: 'Dana Whitfield' }).click();
	await page.keyboard.press('5');
	await expect.poll(position).toBe(10_000);
	await page.keyboard.press('j');
	await expect.poll(position).toBe(0);
	await page.keyboard.press('?');
	const keys = page.getByRole('dialog', { name: 'Keys of the player' });
	await keys.getByRole('checkbox', { name: 'Use single letters and signs as keys' }).uncheck();
	await keys.getByRole('button', { name: 'Close' }).click();
	await page.keyboard.press('5');
	await page.keyboard.press('ArrowRight');
	await expect.poll(position).toBe(5_000);
	await button('Keyboard').click();
	await keys.getByRole('checkbox', { name: 'Use single letters and signs as keys' }).check();
	await keys.getByRole('button', { name: 'Close' }).click();
});

test('notes and chapters are kept, changed, taken back, and never lost to somebody else', async () => {
	await goTo(10_400);
	await page.getByRole('heading', { name: 'Dana Whitfield' }).click();
	await page.keyboard.press('n');
	const text = page.getByRole('textbox', { name: 'New note at 0:10' });
	await text.fill(said);
	await button('Add note').click();
	await page.getByText(said).waitFor();
	await page.getByRole('radio', { name: 'Chapter' }).check();
	await goTo(2_000);
	await page.getByRole('textbox', { name: 'New note at 0:02' }).fill('Arriving');
	await button('Add note').click();
	await button('Go to 0:10').click();
	await expect.poll(position).toBe(10_400);
	await page.getByRole('list', { name: 'Marks' }).getByRole('button').nth(1).waitFor();
	await button('Remove the note at 0:10').click();
	await page.getByText(said).waitFor({ state: 'detached' });
	await button('Undo').click();
	await page.getByText(said).waitFor();

	const other = await page.context().newPage();
	await open(other);
	await button('Change the note at 0:10', other).click();
	await other.getByRole('textbox', { name: 'Text of the note' }).fill('Theirs');
	await button('Change the note at 0:10').click();
	await page.getByRole('textbox', { name: 'Text of the note' }).fill('Mine');
	await button('Save note', other).click();
	await other.getByText('Theirs').waitFor();
	await button('Save note').click();
	await page.getByText('It now says: Theirs').waitFor();
	await button('Use mine').click();
	await page.getByRole('status', { name: 'Somebody else' }).waitFor({ state: 'detached' });
	await open(other);
	await other.getByText('Mine', { exact: true }).waitFor();
	await other.getByText('Arriving').waitFor();
	await other.close();
});

test('captions from a file are shown while they are said, and removed for good', async () => {
	const file = page.getByLabel('Add captions from a file');
	const vtt = (text: string) => ({
		name: 'session.vtt',
		mimeType: 'text/vtt',
		buffer: Buffer.from(text),
	});
	await file.setInputFiles(vtt('no captions'));
	await page.getByRole('alert').getByText('This file holds no captions').waitFor();
	await file.setInputFiles(
		vtt('WEBVTT\n\n00:10.000 --> 00:12.000\n<v Dana>The dog’s name was Biscuit.\n'),
	);
	await page.getByText('Lines: 1.').waitFor();
	const line = page.getByText('Dana: The dog’s name was Biscuit.');
	await goTo(11_000);
	await line.waitFor();
	await goTo(14_000);
	await line.waitFor({ state: 'detached' });
	await page.reload();
	await button('Play').waitFor();
	await goTo(11_000);
	await line.waitFor();
	await page.getByRole('checkbox', { name: 'Captions' }).uncheck();
	await line.waitFor({ state: 'detached' });
	await button('Remove captions').click();
	await page.getByRole('dialog').getByRole('button', { name: 'Remove now' }).click();
	await page.getByText('No captions were added.').waitFor();
	await page.reload();
	await page.getByText('No captions were added.').waitFor();
});

test('what was written and read beside a recording is sealed before it leaves', async () => {
	for (const kind of ['notes', 'captions', 'waveform']) {
		const path = `/api/recordings/${recorded.id}/annotations/${kind}`;
		const { annotation } = await (await device.send('GET', path)).json();
		expect([kind, annotation]).not.toEqual([kind, null]);
	}
	const words = ['dog was named', 'Arriving', 'Biscuit', 'Theirs'].map((word) => Buffer.from(word));
	const found: string[] = [];
	for (const name of readdirSync(server.dataDir, { recursive: true, encoding: 'utf8' })) {
		const path = join(server.dataDir, name);
		if (!statSync(path).isFile()) continue;
		const bytes = readFileSync(path);
		if (words.some((word) => bytes.includes(word))) found.push(name);
	}
	expect(found).toEqual([]);
});

test('on a phone and in the dark nothing is in the way, and axe finds no fault', async () => {
	for (const [width, colorScheme] of [
		[1280, 'light'],
		[390, 'dark'],
	] as const) {
		await page.setViewportSize({ width, height: 900 });
		await page.emulateMedia({ colorScheme });
		await page.getByText('speaks 3 seconds').first().waitFor();
		const overflow = await page.evaluate(
			() => document.documentElement.scrollWidth - document.documentElement.clientWidth,
		);
		expect(overflow).toBe(0);
		const { violations } = await new AxeBuilder({ page }).analyze();
		expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
		const shots = process.env['SCREENSHOTS'];
		if (shots)
			await page.screenshot({ path: join(shots, `timeline-${width}.png`), fullPage: true });
	}
	await page.setViewportSize({ width: 1280, height: 900 });
	await page.emulateMedia({ colorScheme: 'light' });
});

/** A security key in software with PRF, as the browser's own tools offer it. */
async function authenticator(on: Page): Promise<void> {
	const tools = await on.context().newCDPSession(on);
	await tools.send('WebAuthn.enable');
	await tools.send('WebAuthn.addVirtualAuthenticator', {
		options: {
			protocol: 'ctap2',
			ctap2Version: 'ctap2_1',
			transport: 'internal',
			hasResidentKey: true,
			hasUserVerification: true,
			isUserVerified: true,
			automaticPresenceSimulation: true,
			hasPrf: true,
		},
	});
}

/** Every file of the origin, and all rows, as this browser holds them. */
const heldHere = () =>
	page.evaluate(async () => {
		let text = '';
		const read = async (folder: FileSystemDirectoryHandle): Promise<void> => {
			for await (const entry of folder.values()) {
				if (entry instanceof FileSystemDirectoryHandle) await read(entry);
				else if (entry instanceof FileSystemFileHandle)
					text += `${entry.name} ${new TextDecoder('latin1').decode(await (await entry.getFile()).arrayBuffer())}`;
			}
		};
		await read(await navigator.storage.getDirectory());
		return text;
	});

test('a copy on this device plays without a connection, by its passphrase or a passkey only', async () => {
	await page.getByRole('button', { name: 'Keep a copy on this device' }).click();
	const dialog = page.getByRole('dialog', { name: 'Keep a copy on this device' });
	await dialog.getByLabel('Passphrase for this device').fill(passphrase);
	await dialog.getByRole('button', { name: 'Keep it' }).click();
	await page.getByText('A copy is on this device until').waitFor({ timeout: 60_000 });
	// Sealed as on the server: no WebM begins in it.
	const held = await heldHere();
	expect(held).toContain('STRK');
	expect(held).not.toContain('\u001aE\u00df\u00a3');

	await authenticator(page);
	await page.getByRole('link', { name: 'Your vault' }).click();
	await button('Add a passkey').click();
	const proof = page.getByRole('dialog', { name: 'First, show that it is you' });
	await proof.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await proof.getByRole('button', { name: 'Go on' }).click();
	await page.getByText('The passkey opens your account from now on.').waitFor();
	await button('Open them with a passkey').click();
	await page.getByText('Your passkey opens the copies on this device from now on.').waitFor();

	await page.context().setOffline(true);
	await page.goto(`${server.address}/recordings`);
	await page.getByRole('link', { name: 'Open copies without a connection' }).click();
	await page.getByText('Copies here: 1.').waitFor();
	const field = page.getByRole('textbox', { name: 'Passphrase of this device' });
	await field.fill('not the right words');
	await button('Open copies').click();
	await page.getByText('This is not the passphrase of this device.').waitFor({ timeout: 60_000 });
	await field.fill(passphrase);
	await button('Open copies').click();
	await button('Open Dana Whitfield').click();
	await page
		.getByRole('group', { name: 'Track of Dana Whitfield' })
		.getByText('speaks 3 seconds')
		.waitFor();
	await button('Go to 0:10').click();
	await button('Play').click();
	await expect.poll(position, { timeout: 20_000 }).toBeGreaterThan(11_000);
	expect(await page.getByRole('alert').count()).toBe(0);
	await button('Pause').click();
	const shots = process.env['SCREENSHOTS'];
	if (shots) await page.screenshot({ path: join(shots, 'copy.png'), fullPage: true });
	await button('All copies').click();
	if (shots) await page.screenshot({ path: join(shots, 'copies.png'), fullPage: true });
	await button('Lock').click();
	await page.getByText('Dana Whitfield').waitFor({ state: 'detached' });
	await button('Use a passkey').click();
	await button('Open Dana Whitfield').waitFor();
});

test('a copy goes when its recording was deleted and the device reaches the server again', async () => {
	await page.context().setOffline(false);
	await device.send('DELETE', `/api/recordings/${recorded.id}`);
	await page.goto(`${server.address}/vault`);
	await page.getByText('No recording is kept on this device').waitFor();
	await expect.poll(heldHere).not.toContain('STRK');
	const history = await device.send('GET', '/api/history?from=0&to=9999999999999');
	const text = await history.text();
	expect(text).toContain('copy-kept');
	expect(text).toContain('copy-removed');
});

test('nothing was complained about', () => {
	expect(complaints).toEqual([]);
});
