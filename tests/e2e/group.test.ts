import { AxeBuilder } from '@axe-core/playwright';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';
import { expect as expectThat } from './playwright.ts';

const host = 'Dr. Maya Okafor';
const [ines, tom] = ['Ines Becker', 'Tom Becker'];
/** Where pictures of the screens go, when somebody wants to look at them. */
const shots = process.env['SHOTS'];

let server: TestServer;
let people: [Person, Person, Person];
let links: string[];

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const log = (page: Page, text: string) =>
	page.getByRole('log', { name: 'What happened' }).getByText(text);
const tileOf = (page: Page, name: string) =>
	page.locator('main').getByRole('group', { name, exact: true }).first();

/** Until nothing changes its place or colour any more, but for what breathes as long as the call. */
async function settled(page: Page): Promise<void> {
	await page.waitForFunction(() =>
		document
			.getAnimations()
			.every(
				({ playState, effect }) =>
					playState !== 'running' || effect?.getComputedTiming().iterations === Infinity,
			),
	);
}

/** Lets in somebody who waits while the call is under way. */
async function admit(page: Page, name: string): Promise<void> {
	await button(page, `Connect ${name}`).click();
	await tileOf(page, name).waitFor();
}

async function picture(page: Page, name: string): Promise<void> {
	if (!shots) return;
	mkdirSync(shots, { recursive: true });
	for (const [width, height] of [
		[1280, 800],
		[390, 844],
	] as const)
		for (const scheme of ['light', 'dark'] as const) {
			await page.setViewportSize({ width, height });
			await page.emulateMedia({ colorScheme: scheme });
			await page.mouse.move(0, 0);
			await settled(page);
			await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`) });
		}
	await page.setViewportSize({ width: 1280, height: 800 });
	await page.emulateMedia({ colorScheme: 'light' });
}

beforeAll(async () => {
	server = await startServer();
	people = await Promise.all([
		person({ looks: looks.maya }),
		person({ looks: looks.dana }),
		person({ looks: looks.tom }),
	]);
	await setUp(people[0].page, server.setupUrl ?? '');
	({ links } = await newSession(people[0].page, [ines, tom]));
}, 180_000);

afterAll(async () => {
	await Promise.all((people ?? []).map((one) => one.close()));
	await server?.stop();
});

afterEach(() => {
	const wrong = people.flatMap(({ complaints }) => complaints.splice(0));
	if (wrong.length > 0) throw new Error(wrong.join('\n'));
});

test('a third person is let in while the call goes on, and everybody hears of it', async () => {
	const [{ page: maya }, { page: one }, { page: two }] = people;
	await wait(one, links[0] ?? '');
	await maya.goto(server.address);
	await connect(maya, ines);
	await Promise.all([sees(maya, ines), sees(one, host)]);
	await picture(maya, 'call-2');
	await wait(two, links[1] ?? '');
	await admit(maya, tom);
	await Promise.all([sees(maya, tom), sees(one, tom), sees(two, ines), sees(two, host)]);
	await log(one, `${tom} joined`).waitFor();
	// Who comes last did not see the others come.
	expect(await log(two, `${ines} joined`).count()).toBe(0);
	await picture(maya, 'call-3');
});

test('every name stands in its picture, and every picture is whole', async () => {
	const [{ page }] = people;
	for (const [width, height] of [
		[1280, 800],
		[390, 844],
		[320, 640],
	] as const) {
		await page.setViewportSize({ width, height });
		for (const name of [ines, tom]) {
			const tile = tileOf(page, name);
			await tile.getByText(name, { exact: true }).waitFor();
			const fits = await tile.evaluate((element) => {
				const video = element.querySelector('video');
				if (!video) return null;
				const { width: wide, height: high } = element.getBoundingClientRect();
				const { objectFit } = getComputedStyle(video);
				return { objectFit, empty: Math.abs(wide / high - video.videoWidth / video.videoHeight) };
			});
			expect(fits?.objectFit).toBe('contain');
			// The frame has the shape of the picture.
			expect(fits?.empty).toBeLessThan(0.1);
		}
		const leave = await button(page, 'Leave').boundingBox();
		expect(leave && leave.y >= 0 && leave.y + leave.height <= height).toBe(true);
		const wide = await page.evaluate(() => document.documentElement.scrollWidth);
		expect(wide).toBeLessThanOrEqual(width);
	}
	await page.setViewportSize({ width: 1280, height: 800 });
});

test('whoever speaks is marked, and whoever is muted is not', async () => {
	const [{ page: maya }, { page: one }] = people;
	const tile = tileOf(maya, ines);
	await tile.getByText('Speaking').waitFor({ state: 'attached' });
	await button(one, 'Mute').click();
	await tile.getByText('Muted').waitFor({ state: 'attached' });
	await tile.getByText('Speaking').waitFor({ state: 'detached' });
	await button(one, 'Unmute').click();
	await tile.getByText('Speaking').waitFor({ state: 'attached' });
});

test('a private message reaches one person, with a count until it is looked at', async () => {
	const [{ page: maya }, { page: one }, { page: two }] = people;
	await button(one, 'Messages').click();
	await one.getByRole('textbox', { name: `Message to ${tom}` }).fill('The blue house');
	await one.getByRole('textbox', { name: `Message to ${tom}` }).press('Enter');
	await two.getByText('New: 1').first().waitFor({ state: 'attached' });
	await button(two, 'Messages').click();
	const from = two.locator('aside').getByRole('group', { name: ines });
	await from.getByText('The blue house').waitFor();
	await from.getByText('New: 1').waitFor();
	await two.getByRole('textbox', { name: `Message to ${ines}` }).focus();
	await from.getByText('New: 1').waitFor({ state: 'detached' });
	await button(maya, 'Messages').click();
	expect(await maya.getByText('The blue house').count()).toBe(0);
});

test('the host writes to all, and nobody else can', async () => {
	const [{ page: maya }, { page: one }, { page: two }] = people;
	const all = maya.getByRole('textbox', { name: 'Message to all' });
	await all.fill('Ten minutes left');
	await all.press('Enter');
	for (const page of [one, two]) await page.getByText('Ten minutes left').waitFor();
	await one.getByText('to all').first().waitFor();
	expect(await one.getByRole('textbox', { name: 'Message to all' }).count()).toBe(0);
	for (const page of [maya, one, two])
		await page.getByRole('button', { name: 'Close messages' }).click();
});

test('a hand goes up for all to see, and down again', async () => {
	const [{ page: maya }, { page: one }, { page: two }] = people;
	await button(two, 'Raise hand').click();
	for (const page of [maya, one]) {
		await log(page, `${tom} raised a hand`).waitFor();
		await tileOf(page, tom).getByText('Hand up').waitFor();
	}
	await button(two, 'Lower hand').click();
	await tileOf(one, tom).getByText('Hand up').waitFor({ state: 'detached' });
});

test('Mute for all mutes the others, who are told and can speak again', async () => {
	const [{ page: maya }, { page: one }, { page: two }] = people;
	await button(maya, 'Mute for all').click();
	for (const page of [one, two]) {
		await button(page, 'Unmute').waitFor();
		await page.getByText(`${host} muted everyone`).first().waitFor();
	}
	await tileOf(maya, ines).getByText('Muted').waitFor({ state: 'attached' });
	expect(await button(maya, 'Mute').count()).toBe(1);
	await button(one, 'Unmute').click();
	await button(two, 'Unmute').click();
	await tileOf(maya, ines).getByText('Muted').waitFor({ state: 'detached' });
});

test('a person is pinned, and made quieter, on this page alone', async () => {
	const [{ page: maya }] = people;
	const pin = maya.getByRole('button', { name: `Pin ${tom}` });
	await pin.click();
	expect(await pin.getAttribute('aria-pressed')).toBe('true');
	await settled(maya);
	const [large, little] = await Promise.all(
		[tom, ines].map(async (name) => (await tileOf(maya, name).boundingBox())?.width ?? 0),
	);
	expect(large).toBeGreaterThan(2 * (little ?? 0));
	await maya.getByRole('slider', { name: `Volume of ${tom}` }).fill('30');
	const volume = await tileOf(maya, tom)
		.locator('video')
		.evaluate((video: HTMLVideoElement) => video.volume);
	expect(volume).toBeCloseTo(0.3);
	await pin.click();
	expect(await pin.getAttribute('aria-pressed')).toBe('false');
});

test('keys work, are listed, and can be switched off', async () => {
	const [, { page: one }] = people;
	await one.getByRole('heading', { level: 1 }).click();
	await one.keyboard.press('m');
	await button(one, 'Unmute').waitFor();
	await one.keyboard.press('m');
	await button(one, 'Mute').waitFor();
	await one.keyboard.press('?');
	const list = one.getByRole('dialog', { name: 'Keyboard shortcuts' });
	await list.getByText('Raise or lower your hand').waitFor();
	await list.getByRole('checkbox', { name: 'Let these letters work in the call' }).uncheck();
	await one.keyboard.press('Escape');
	await one.keyboard.press('m');
	await button(one, 'Messages').click();
	await one.getByRole('textbox', { name: `Message to ${tom}` }).press('m');
	await button(one, 'Mute').waitFor();
	await one.getByRole('button', { name: 'Close messages' }).click();
});

test('camera, microphone and loudspeaker are chosen in the call, and sound goes on alone', async () => {
	const [{ page: maya }, { page: one }] = people;
	await button(one, 'More').click();
	const more = one.getByRole('dialog', { name: 'Camera, microphone and more' });
	await more.getByRole('meter', { name: 'Microphone level' }).waitFor();
	for (const name of ['Camera', 'Microphone']) {
		const menu = more.getByRole('combobox', { name, exact: true });
		const values = await menu
			.locator('option')
			.evaluateAll((all) => all.map((option) => option.getAttribute('value') ?? ''));
		expect(values.length).toBeGreaterThan(1);
		await menu.selectOption(values[1] ?? '');
	}
	await more.getByRole('button', { name: 'Sound without pictures' }).click();
	await button(one, 'Close').click();
	await tileOf(maya, ines).getByText(`${ines}’s camera is off`).waitFor();
	await tileOf(one, host).getByText('Sound without pictures').waitFor();
	await button(one, 'More').click();
	await more.getByRole('button', { name: 'Pictures again' }).click();
	await button(one, 'Close').click();
	await button(one, 'Camera on').click();
	await Promise.all([sees(maya, ines), sees(one, host)]);
});

test('no screen of it has a fault that axe finds, light or dark', async () => {
	const [{ page }] = people;
	await button(page, 'Messages').click();
	for (const colorScheme of ['light', 'dark'] as const) {
		await page.emulateMedia({ colorScheme });
		await settled(page);
		const { violations } = await new AxeBuilder({ page }).analyze();
		expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
	}
	await button(page, 'More').click();
	await settled(page);
	const { violations } = await new AxeBuilder({ page }).analyze();
	expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
	await page.keyboard.press('Escape');
	await page.getByRole('button', { name: 'Close messages' }).click();
	await page.emulateMedia({ colorScheme: 'light' });
});

test('who leaves and who is removed is told, and the others go on', async () => {
	const [{ page: maya }, { page: one }, { page: two }] = people;
	await button(one, 'Leave').click();
	await log(two, `${ines} left`).waitFor();
	await log(maya, `${ines} left`).waitFor();
	await maya.getByRole('button', { name: `Remove ${tom}` }).click();
	await button(maya, 'Take out').click();
	await expectThat(
		two.getByRole('heading', { name: 'You were taken out of the call' }),
	).toBeVisible();
	await log(maya, `${tom} left`).waitFor();
});
