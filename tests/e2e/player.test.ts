import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { Device } from '../device.ts';
import { film } from '../films.ts';
import { type Recorded, type RecordedWish, storeRecording } from '../recorded.ts';
import { type TestServer, startServer } from '../server.ts';
import { claimPlace } from '../line.ts';
import { call as http, signed } from '../wire.ts';
import { launch } from './browsers.ts';
import { isColour, watch } from './people.ts';
import { maya, setUp } from './practice.ts';

const mayaLooks = { colour: '0x1f8a4c', tone: 500 };
const danaLooks = { colour: '0x8a2f9a', tone: 1000 };
const seconds = 40;
/** Dana came in two seconds after the recording began. */
const lateMs = 2_000;
const wish = {
	people: [
		{ name: maya.name, film: film({ ...mayaLooks, seconds }), startMs: 0, durationMs: 40_000 },
		{
			name: 'Dana Whitfield',
			film: film({ ...danaLooks, seconds: 38 }),
			startMs: lateMs,
			durationMs: 38_000,
		},
	],
} satisfies RecordedWish;

let server: TestServer;
let browser: Browser;
let page: Page;
let device: Device;
let whole: Recorded;
let complaints: string[];

beforeAll(async () => {
	server = await startServer();
	browser = await launch();
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
	page = await context.newPage();
	complaints = watch(page);
	await setUp(page, server);
	device = await Device.signIn({ address: server.address, ...maya });
	whole = await storeRecording(device, wish);
}, 120_000);

afterAll(async () => {
	await browser?.close();
	await server?.stop();
});

async function watchRecording({ id }: Recorded): Promise<void> {
	await page.goto(`${server.address}/recordings/${id}`);
	await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
}

const timeOf = (name: string) =>
	page
		.locator(`video[aria-label="${name}"]`)
		.evaluate((video: HTMLVideoElement) => video.currentTime);
const danaTime = () => timeOf('Dana Whitfield');
const position = async () =>
	Number(await page.getByRole('slider', { name: 'Position' }).inputValue());
const until = (look: () => Promise<number>, least: number) =>
	expect.poll(look, { timeout: 20_000 }).toBeGreaterThan(least);

/** Mean colour of what a person's picture shows. */
const colourOf = (name: string) =>
	page.locator(`video[aria-label="${name}"]`).evaluate((video: HTMLVideoElement) => {
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [1, 1];
		const pen = canvas.getContext('2d');
		pen?.drawImage(video, 0, 0, 1, 1);
		return Array.from(pen?.getImageData(0, 0, 1, 1).data.slice(0, 3) ?? []);
	});

/** The strongest frequency in a person's sound, hertz. */
const toneOf = (name: string) =>
	page.locator(`video[aria-label="${name}"]`).evaluate(async (video: HTMLVideoElement) => {
		if (!('captureStream' in video) || typeof video.captureStream !== 'function') return 0;
		const context = new AudioContext();
		const analyser = new AnalyserNode(context, { fftSize: 4096 });
		context.createMediaStreamSource(video.captureStream()).connect(analyser);
		await new Promise((resolve) => setTimeout(resolve, 700));
		const bins = new Float32Array(analyser.frequencyBinCount);
		analyser.getFloatFrequencyData(bins);
		await context.close();
		return (bins.indexOf(Math.max(...bins)) * context.sampleRate) / analyser.fftSize;
	});

test('names are opened on the device and found there', async () => {
	await page.goto(`${server.address}/recordings`);
	await page.getByRole('heading', { name: 'Recordings' }).waitFor();
	await page.getByRole('link', { name: 'Dana Whitfield' }).waitFor();
	const search = page.getByRole('searchbox', { name: 'Search' });
	await search.fill('whitf');
	await page.getByRole('link', { name: 'Dana Whitfield' }).waitFor();
	await search.fill('nobody');
	await page.getByText('Nothing was found').waitFor();
	await search.fill('');
	await page.getByText('Filters', { exact: true }).click();
	await page.getByRole('combobox', { name: 'State' }).selectOption('Recording now');
	await page.getByText('No recording fits these filters.').waitFor();
	await page.getByRole('button', { name: 'Clear filters' }).click();
	await page.getByRole('combobox', { name: 'Person' }).selectOption('Dana Whitfield');
	await page.getByText('Filters (1 set)').waitFor();
	await page.getByRole('link', { name: 'Dana Whitfield' }).click();
	await page.getByRole('heading', { name: 'Dana Whitfield' }).waitFor();
});

test('days without recordings say so', async () => {
	await page.goto(`${server.address}/recordings`);
	await page.getByLabel('From').fill('2020-01-01');
	await page.getByLabel('To').fill('2020-01-31');
	await page.getByText('No recordings in this time.').waitFor();
});

test('everybody is seen and heard in their own track, together', async () => {
	await watchRecording(whole);
	await page.getByRole('button', { name: 'Play', exact: true }).click();
	await until(position, 3_500);
	expect(isColour(await colourOf(maya.name), mayaLooks)).toBe(true);
	expect(isColour(await colourOf('Dana Whitfield'), danaLooks)).toBe(true);
	expect(Math.abs((await toneOf(maya.name)) - mayaLooks.tone)).toBeLessThan(25);
	expect(Math.abs((await toneOf('Dana Whitfield')) - danaLooks.tone)).toBeLessThan(25);
	await page.getByRole('button', { name: 'Pause' }).click();
	expect(Math.abs((await timeOf(maya.name)) - (await danaTime()) - lateMs / 1000)).toBeLessThan(
		0.15,
	);
});

test('the position moves everybody, by keys', async () => {
	const slider = page.getByRole('slider', { name: 'Position' });
	await slider.press('Home');
	await slider.press('PageUp');
	await expect.poll(() => timeOf(maya.name), { timeout: 10_000 }).toBeCloseTo(30, 1);
	await expect.poll(danaTime, { timeout: 10_000 }).toBeCloseTo(28, 1);
	expect(await slider.getAttribute('aria-valuetext')).toBe('30 seconds of 40 seconds');
});

test('each person can be left out of sound and picture', async () => {
	await page.getByRole('checkbox', { name: 'Hear Dana Whitfield' }).uncheck();
	await page.getByRole('checkbox', { name: `Show ${maya.name}` }).uncheck();
	const video = page.locator('video[aria-label="Dana Whitfield"]');
	expect(await video.evaluate((element: HTMLVideoElement) => element.muted)).toBe(true);
	expect(await page.locator(`video[aria-label="${maya.name}"]`).isVisible()).toBe(false);
	await page.getByRole('checkbox', { name: 'Hear Dana Whitfield' }).check();
	await page.getByRole('checkbox', { name: `Show ${maya.name}` }).check();
});

test('it goes on when the service worker was stopped, which asks for the key again', async () => {
	await watchRecording(whole);
	await page.evaluate(() => {
		document.body.dataset['asked'] = '0';
		navigator.serviceWorker.addEventListener('message', ({ data }) => {
			if (data.type !== 'need-key') return;
			document.body.dataset['asked'] = String(Number(document.body.dataset['asked']) + 1);
		});
	});
	const asked = () => page.evaluate(() => Number(document.body.dataset['asked']));
	const firstBytes = () =>
		page.evaluate(
			async (path) => {
				const answer = await fetch(path, { headers: { range: 'bytes=0-3' } });
				return [answer.status, ...new Uint8Array(await answer.arrayBuffer())];
			},
			`/media/${whole.id}/${whole.tracks.get(maya.name)}`,
		);
	await page.getByRole('button', { name: 'Play', exact: true }).click();
	const devtools = await page.context().newCDPSession(page);
	await devtools.send('ServiceWorker.enable');
	for (const at of [1_000, 2_500]) {
		await until(position, at);
		const before = await asked();
		await devtools.send('ServiceWorker.stopAllWorkers');
		// EBML begins with these four bytes.
		expect(await firstBytes()).toEqual([206, 0x1a, 0x45, 0xdf, 0xa3]);
		expect(await asked()).toBeGreaterThan(before);
	}
	await devtools.send('ServiceWorker.stopAllWorkers');
	await page.getByRole('slider', { name: 'Position' }).press('PageUp');
	await until(position, 34_000);
	expect(await danaTime()).toBeGreaterThan(31);
	expect(await page.getByRole('alert').count()).toBe(0);
});

test('who can open it, who agreed and what happened stand beside it', async () => {
	await watchRecording(whole);
	const openers = page.getByRole('region', { name: 'Who can open this' });
	await openers.getByText(maya.name).waitFor();
	await openers.getByText('Practice records key').waitFor();
	const consent = page.getByRole('region', { name: 'Consent' });
	await consent.getByText('Dana Whitfield agreed').waitFor();
	expect(await consent.getByText('Signature checked on this device').count()).toBe(2);
	await consent.getByText('Who held the key, and when').click();
	await consent.getByText(`${maya.name} and Dana Whitfield, recorder`).waitFor();
	await page.getByRole('region', { name: 'Kept until' }).waitFor();
	const history = page.getByRole('region', { name: 'History' });
	await history.getByText(`${maya.name} opened the recording`).first().waitFor();
});

test('no page of it has a fault that axe finds, light or dark', async () => {
	for (const colorScheme of ['light', 'dark'] as const) {
		await page.emulateMedia({ colorScheme });
		for (const path of ['/recordings', `/recordings/${whole.id}`]) {
			await page.goto(server.address + path);
			await page.getByText('Dana Whitfield').first().waitFor();
			const { violations } = await new AxeBuilder({ page }).analyze();
			expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
		}
	}
	await page.emulateMedia({ colorScheme: 'light' });
});

test('without the page there is no key: another tab gets nothing', async () => {
	const other = await page.context().newPage();
	await other.goto(`${server.address}/recordings`);
	await other.getByRole('heading', { name: 'Recordings' }).waitFor();
	const status = await other.evaluate(
		async (path) => (await fetch(path)).status,
		`/media/${whole.id}/${whole.tracks.get(maya.name)}`,
	);
	expect(status).toBe(403);
	await other.close();
});

test('altered bytes are refused, everything else plays', async () => {
	const altered = await storeRecording(device, {
		...wish,
		forge: (name, bytes) => {
			// About 15 s into the film.
			const at = Math.floor(bytes.length * 0.4);
			if (name === 'Dana Whitfield') bytes[at] = (bytes[at] ?? 0) ^ 1;
		},
	});
	await watchRecording(altered);
	await page.getByRole('button', { name: 'Play', exact: true }).click();
	const slider = page.getByRole('slider', { name: 'Position' });
	await slider.press('ArrowRight');
	await slider.press('ArrowRight');
	await page
		.getByRole('alert')
		.getByText('Bytes of Dana Whitfield were altered after the recording')
		.waitFor({ timeout: 30_000 });
	// What came before it was played to its end, and behind it she is there again.
	await expect.poll(danaTime, { timeout: 30_000 }).toBeGreaterThan(13);
	await until(position, 25_000);
	const apart = async () =>
		Math.abs((await timeOf(maya.name)) - (await danaTime()) - lateMs / 1000);
	await expect.poll(apart, { timeout: 20_000 }).toBeLessThan(0.3);
	expect(isColour(await colourOf('Dana Whitfield'), danaLooks)).toBe(true);
	await page.getByRole('button', { name: 'Pause' }).click();
}, 90_000);

test('a film whose head was altered is refused whole, the other one plays', async () => {
	const altered = await storeRecording(device, {
		...wish,
		forge: (name, bytes) => {
			if (name === maya.name) bytes[120] = (bytes[120] ?? 0) ^ 1;
		},
	});
	await watchRecording(altered);
	await page.getByText('These bytes are not as they were sealed').waitFor();
	await page.getByRole('button', { name: 'Play', exact: true }).click();
	await until(danaTime, 1);
});

test('a recording that stopped says where, and how much is missing', async () => {
	const stopped = await storeRecording(device, {
		...wish,
		verdict: 'ends-early',
		missing: [{ from: 40_000, to: 41_600, person: null, why: 'stopped' }],
	});
	await watchRecording(stopped);
	await page.getByText('Ends early: recording stopped unexpectedly at 0:40').waitFor();
	await page.getByText('Everything up to there is intact. Missing: about 2 seconds.').waitFor();
});

test('a manifest that somebody else signed is not believed', async () => {
	const forged = await storeRecording(device, { ...wish, signer: await generateSigningKey() });
	await page.goto(`${server.address}/recordings/${forged.id}`);
	await page.getByRole('alert').getByText('bad-signature').waitFor();
	expect(await page.locator('video').count()).toBe(0);
});

test('a consent that is not there, or was taken back, is named', async () => {
	const missing = await storeRecording(device, { ...wish, silent: ['Dana Whitfield'] });
	await watchRecording(missing);
	const consent = page.getByRole('region', { name: 'Consent' });
	await consent.getByText('There is no signed consent of Dana Whitfield').waitFor();
	expect(await consent.getByText('Also for').count()).toBe(0);
	const company = { 'Dana Whitfield': { together: true, guardianOf: 'Mia Whitfield' } } as const;
	const withdrew = ['Dana Whitfield'];
	const withdrawn = await storeRecording(device, { ...wish, company, withdrew });
	await watchRecording(withdrawn);
	await consent.getByText('Dana Whitfield agreed and later withdrew').waitFor();
	await consent.getByText('Also for everyone at the same device').waitFor();
	await consent.getByText('Also for Mia Whitfield').waitFor();
});

test('a wish to delete is shown, and deleting deletes', async () => {
	const { address } = server;
	const place = whole.places.get('Dana Whitfield') ?? '';
	const { token, key } = await claimPlace(address, place);
	const value = { v: 1, session: whole.session, subject: key.publicKey, at: Date.now() };
	const request = signed(key, 'sotto/deletion-request/v1', value);
	const asked = await http(address, 'POST', '/api/deletion-requests', {
		token,
		body: { request },
	});
	expect(asked.status).toBe(204);
	await watchRecording(whole);
	await page.getByText('Dana Whitfield asks that this recording is deleted').waitFor();

	await page.getByRole('button', { name: 'Delete recording' }).click();
	const dialog = page.getByRole('dialog', { name: 'Delete this recording?' });
	await dialog.getByText('It does not reach what somebody has already watched').waitFor();
	await dialog.getByRole('button', { name: 'Keep it' }).click();
	await page.getByRole('button', { name: 'Delete recording' }).click();
	await dialog.getByRole('button', { name: 'Delete now' }).click();
	await page.getByRole('heading', { name: 'This recording was deleted' }).waitFor();

	const track = whole.tracks.get('Dana Whitfield');
	const path = `/api/recordings/${whole.id}/objects/${track}/0`;
	const answer = await http(address, 'GET', path, { token: await device.token() });
	expect(answer.status).toBe(410);
	await page.reload();
	await page.getByRole('heading', { name: 'This recording was deleted' }).waitFor();
});

test('locking takes the keys from the service worker', async () => {
	const kept = await storeRecording(device, wish);
	await watchRecording(kept);
	await page.getByRole('button', { name: 'Play', exact: true }).click();
	await until(position, 500);
	await page.getByRole('button', { name: 'Lock' }).click();
	await page.getByRole('textbox', { name: 'Password' }).waitFor();
	const track = kept.tracks.get(maya.name);
	const status = await page.evaluate(
		async (path) => (await fetch(path, { headers: { range: 'bytes=0-' } })).status,
		`/media/${kept.id}/${track}`,
	);
	expect(status).toBe(403);
});

test('nothing was complained about', () => {
	expect(complaints).toEqual([]);
});
