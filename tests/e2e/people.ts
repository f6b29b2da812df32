import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type Page, chromium, expect } from './playwright.ts';
import { browserArgs, executablePath } from '../browser.ts';
import * as practice from './practice.ts';
import { maya } from './practice.ts';
import { type Looks, audioFile, videoFile } from './media.ts';

/** Somebody with a browser process of her own, whose camera and microphone come from files. */
export interface Person {
	readonly browser: Browser | null;
	readonly context: BrowserContext;
	readonly page: Page;
	/** Thrown errors, console errors and violations of the content security policy. */
	readonly complaints: string[];
	close(): Promise<void>;
}

export interface PersonOptions {
	readonly looks?: Looks;
	/** Without it the profile is new and thrown away. */
	readonly profile?: string;
	readonly args?: readonly string[];
	/** Flags of the usual ones that this browser does not get. */
	readonly without?: readonly string[];
	readonly width?: number;
	readonly height?: number;
	readonly dark?: boolean;
}

/** What a browser needs so that a call in it runs as on a screen that somebody looks at. */
export const callFlags: readonly string[] = [
	// Tiles and tabs in the background must not be slowed down: nobody looks at them here.
	'--disable-background-timer-throttling',
	'--disable-renderer-backgrounding',
	'--disable-backgrounding-occluded-windows',
	'--autoplay-policy=no-user-gesture-required',
	// Host candidates by address, because no mDNS answers here.
	'--disable-features=WebRtcHideLocalIpsWithMdns',
];

export async function person(options: PersonOptions = {}): Promise<Person> {
	const { looks, width = 1280, height = 800, dark = false } = options;
	const media = looks
		? [
				`--use-file-for-fake-video-capture=${videoFile(looks)}`,
				`--use-file-for-fake-audio-capture=${audioFile(looks)}`,
			]
		: [];
	const own = options.profile === undefined;
	const profile = options.profile ?? mkdtempSync(join(tmpdir(), 'sotto-profile-'));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: executablePath(),
		args: [...browserArgs, ...callFlags, ...media, ...(options.args ?? [])].filter(
			(flag) => !options.without?.includes(flag),
		),
		viewport: { width, height },
		locale: 'en-US',
		timezoneId: 'America/Los_Angeles',
		colorScheme: dark ? 'dark' : 'light',
		permissions: ['clipboard-read', 'clipboard-write'],
	});
	context.setDefaultTimeout(30_000);
	const page = context.pages()[0] ?? (await context.newPage());
	const complaints = watch(page);
	return {
		browser: context.browser(),
		context,
		page,
		complaints,
		close: async () => {
			await context.close();
			if (own) rmSync(profile, { recursive: true, force: true });
		},
	};
}

/** Everything that a page complains about from now on. */
export function watch(page: Page): string[] {
	const list: string[] = [];
	page.on('pageerror', (error) => list.push(error.stack ?? error.message));
	page.on('console', (message) => {
		// A refused request is answered in words on the screen; Chromium also prints it.
		if (
			message.type() === 'error' &&
			!/Failed to load resource|ERR_CONNECTION|WebSocket connection/.test(message.text())
		)
			list.push(message.text());
	});
	return list;
}

export const { email, password } = maya;

/** Sets up the practice from the printed address; ends on the dashboard. Gives the recovery key. */
export function setUp(page: Page, setupUrl: string): Promise<string> {
	return practice.setUp(page, { setupUrl });
}

/** Makes a session that starts now; gives its id and the link of each person. */
export async function newSession(
	page: Page,
	names: readonly string[],
	options: { record?: boolean } = {},
): Promise<{ id: string; links: string[] }> {
	const links = await practice.newSession(page, { names, ...options });
	return { id: new URL(page.url()).pathname.split('/').at(-1) ?? '', links };
}

/** Opens a link and waits in the waiting room, with camera and microphone on. */
export async function wait(page: Page, link: string, answer?: 'agree' | 'decline'): Promise<void> {
	await page.goto(link);
	await expect(page.getByRole('heading', { name: 'Waiting room' })).toBeVisible();
	await page.getByRole('button', { name: 'Check camera and microphone' }).click();
	if (answer === 'agree')
		await page.getByRole('button', { name: 'I agree to be recorded' }).click();
	if (answer === 'decline') await page.getByRole('button', { name: 'I do not agree' }).click();
	await expect(page.getByRole('status', { name: 'Waiting for Dr. Maya Okafor' })).toBeVisible();
}

/** From the dashboard into the call, letting in somebody who waits. */
export async function connect(page: Page, name: string): Promise<void> {
	await page
		// Sessions of the same person in which she does not wait have one too, and cannot be pressed.
		.getByRole('button', { name: `Connect ${name}`, disabled: false })
		.first()
		.click();
	await expect(page.getByRole('region', { name: 'Who can see and hear this call' })).toBeVisible();
}

/** Until the other's picture moves on this page. */
export async function sees(page: Page, name: string): Promise<void> {
	await page.waitForFunction(
		(label) => {
			const video = document.querySelector<HTMLVideoElement>(`video[aria-label="${label}"]`);
			return video !== null && video.videoWidth > 0 && video.currentTime > 0.3;
		},
		name,
		{ timeout: 30_000 },
	);
}

/** Mean colour of the middle of somebody's picture, 0 to 255 each. */
export async function colourOf(
	page: Page,
	name: string,
): Promise<readonly [number, number, number]> {
	return page.evaluate((label) => {
		const video = document.querySelector<HTMLVideoElement>(`video[aria-label="${label}"]`);
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [8, 8];
		const context = canvas.getContext('2d');
		if (!video || !context) return [0, 0, 0] as const;
		// The upper edge, where the white bar never passes.
		context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 4, 0, 0, 8, 8);
		const { data } = context.getImageData(0, 0, 8, 8);
		const sum = [0, 0, 0];
		for (let at = 0; at < data.length; at += 4)
			for (const c of [0, 1, 2]) sum[c] = (sum[c] ?? 0) + (data[at + c] ?? 0) / 64;
		return [sum[0] ?? 0, sum[1] ?? 0, sum[2] ?? 0] as const;
	}, name);
}

/** Whether a colour is near to what somebody's camera shows. */
export function isColour(seen: readonly number[], { colour }: Looks): boolean {
	const wanted = [2, 4, 6].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
	return wanted.every((value, at) => Math.abs(value - (seen[at] ?? 0)) < 40);
}
