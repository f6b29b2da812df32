import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { call } from '../wire.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, password, person, sees, setUp } from './people.ts';
import { expect as expectThat } from './playwright.ts';

const name = 'Dana Whitfield';
let server: TestServer;
let maya: Person;
let dana: Person;

beforeAll(async () => {
	// Behind a proxy, so that a test can come from many addresses.
	server = await startServer({ env: { TRUST_PROXY: '1' } });
	[maya, dana] = await Promise.all([person({ looks: looks.maya }), person({ looks: looks.dana })]);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close()]);
	await server?.stop();
});

/** What the pages complained about since the last look. */
const complaints = () => [...maya.complaints.splice(0), ...dana.complaints.splice(0)];

const region = (page: Page) => page.getByRole('region', { name: `Access code for ${name}` });

/** Presses the button; gives the nine digits as they are read out. */
async function showCode(page: Page): Promise<string> {
	await page
		.getByRole('button', { name: `Show access code for ${name}` })
		.first()
		.click();
	const digits = region(page).getByText(/^\d{3}(?: \d{3}){2,3}$/);
	await digits.waitFor();
	return (await digits.textContent()) ?? '';
}

async function enter(page: Page, code: string): Promise<void> {
	await page.getByRole('textbox', { name: 'Access code' }).fill(code);
	await page.getByRole('button', { name: 'Join', exact: true }).click();
}

/** Dana's browser is somewhere else from now on. */
const from = (address: string) => dana.context.setExtraHTTPHeaders({ 'x-forwarded-for': address });

/** What axe finds on a page, light and dark, and whether it fits a narrow phone. */
async function looksRight({ page }: Person): Promise<void> {
	for (const colorScheme of ['light', 'dark'] as const) {
		// Colours that are still changing have another contrast.
		await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		const { violations } = await new AxeBuilder({ page }).analyze();
		expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
	}
	await page.emulateMedia({ colorScheme: 'light' });
	await page.setViewportSize({ width: 320, height: 700 });
	expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
	await page.setViewportSize({ width: 1280, height: 800 });
}

/** The server knows again who answers for the codes that this page shows. */
const answers = (page: Page) =>
	page.getByText('This code can be tried again as soon as').waitFor({ state: 'detached' });

/** The same code with another last digit. */
const wrong = (code: string, by: number): string =>
	code.slice(0, -1) + String((Number(code.slice(-1)) + by) % 10);

test('from nine digits to a call that says so on both sides', async () => {
	await newSession(maya.page, [name]);
	const code = await showCode(maya.page);
	await dana.page.goto(server.address);
	await dana.page.getByRole('link', { name: 'Join with a code' }).click();
	const field = dana.page.getByRole('textbox', { name: 'Access code' });
	expect(await field.getAttribute('inputmode')).toBe('numeric');
	await enter(dana.page, '12345');
	await expectThat(dana.page.getByText('That is not nine digits')).toBeVisible();
	await looksRight(dana);
	await enter(dana.page, wrong(code, 1));
	await expectThat(dana.page.getByText('Tries left with this code: 1.')).toBeVisible();
	await expectThat(region(maya.page).getByText('Wrong tries left: 2')).toBeVisible();
	// A reload of the host's page gives nobody a try more, and the code goes on.
	await maya.page.reload();
	await expectThat(region(maya.page).getByText(code)).toBeVisible();
	await expectThat(region(maya.page).getByText('Wrong tries left: 2')).toBeVisible();
	await answers(maya.page);
	// As it comes out of a message: with dashes, no-break spaces and more around it.
	await enter(dana.page, ` ${code.replaceAll(' ', '\u00a0\u2013\u00a0')} \n`);
	await expectThat(dana.page.getByRole('heading', { name: 'Waiting room' })).toBeVisible();
	expect(new URL(dana.page.url()).hash).toBe('');
	await dana.page.getByRole('button', { name: 'Check camera and microphone' }).click();
	await expectThat(
		dana.page.getByRole('status', { name: 'Waiting for Dr. Maya Okafor' }),
	).toBeVisible();
	await expectThat(
		region(maya.page).getByRole('status', { name: 'Access code confirmed' }),
	).toBeVisible();
	await maya.page.goto(server.address);
	await expectThat(maya.page.getByRole('status', { name: `${name} is waiting` })).toBeVisible();
	await expectThat(maya.page.getByText('Access code confirmed').first()).toBeVisible();
	await connect(maya.page, name);
	await Promise.all([sees(maya.page, name), sees(dana.page, 'Dr. Maya Okafor')]);
	for (const { page } of [maya, dana]) {
		const roster = page.getByRole('region', { name: 'Who can see and hear this call' });
		await expectThat(roster.getByText('Access code confirmed')).toBeVisible();
		const rows = await roster.getByRole('listitem').allInnerTexts();
		expect(rows).toHaveLength(2);
		expect(rows.join()).toContain('Access code confirmed');
	}
	// Loaded again in the same session, both still say what was proven.
	for (const [{ page }, other] of [
		[maya, name],
		[dana, 'Dr. Maya Okafor'],
	] as const) {
		await page.reload();
		await sees(page, other);
		const roster = page.getByRole('region', { name: 'Who can see and hear this call' });
		await expectThat(roster.getByText('Access code confirmed')).toBeVisible();
	}
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	await dana.page.getByRole('button', { name: 'Forget me on this device' }).click();
	await maya.page.getByRole('button', { name: 'Leave' }).click();
	expect(complaints()).toEqual([]);
});

test('three wrong ones burn it, and a new one is shown', async () => {
	await maya.page.goto(server.address);
	await newSession(maya.page, [name]);
	const code = await showCode(maya.page);
	// A locked page shows no digits, and after it is unlocked the same ones.
	await maya.page.getByRole('button', { name: 'Lock' }).click();
	await maya.page.getByRole('textbox', { name: 'Password' }).fill(password);
	expect(await maya.page.getByText(code).count()).toBe(0);
	await maya.page.getByRole('button', { name: 'Unlock' }).click();
	await expectThat(region(maya.page).getByText(code)).toBeVisible();
	await answers(maya.page);
	await dana.page.goto(`${server.address}/join`);
	await enter(dana.page, wrong(code, 1));
	await expectThat(dana.page.getByText('Tries left with this code: 1.')).toBeVisible();
	await enter(dana.page, wrong(code, 2));
	await expectThat(dana.page.getByText('This code does not work any more')).toBeVisible();
	const twice = { name: 'Somebody entered this code wrongly twice' };
	await expectThat(region(maya.page).getByRole('status', twice)).toBeVisible();
	// From one place there is no third; from another it is the last.
	await enter(dana.page, code);
	await expectThat(dana.page.getByText('This code does not work any more')).toBeVisible();
	await expectThat(region(maya.page).getByText('Wrong tries left: 1')).toBeVisible();
	await from('192.0.2.2');
	await enter(dana.page, wrong(code, 3));
	await expectThat(region(maya.page).getByText('Three wrong tries')).toBeVisible();
	await expectThat(dana.page.getByText('This code does not work any more')).toBeVisible();
	await enter(dana.page, code);
	await expectThat(dana.page.getByText('This code does not work any more')).toBeVisible();
	expect(await region(maya.page).getByText(code).count()).toBe(0);
	const fresh = await showCode(maya.page);
	expect(fresh).not.toBe(code);
	await enter(dana.page, fresh);
	await expectThat(
		dana.page.getByRole('status', { name: 'Waiting for Dr. Maya Okafor' }),
	).toBeVisible();
	expect(complaints()).toEqual([]);
});

test('with the host away she may wait, and is not checked', async () => {
	await maya.page.goto(server.address);
	await newSession(maya.page, [name]);
	const code = await showCode(maya.page);
	await maya.page.goto('about:blank');
	await dana.page.goto(`${server.address}/join`);
	await dana.page.route('**/api/codes/tries', (route) =>
		route.fulfill({ json: { state: 'expired' } }),
	);
	await enter(dana.page, code);
	await expectThat(dana.page.getByText('This code is too old')).toBeVisible();
	await dana.page.unroute('**/api/codes/tries');
	await enter(dana.page, code);
	await dana.page.getByRole('link', { name: 'Wait without the check' }).click();
	await dana.page.getByRole('textbox', { name: 'Your name' }).fill('Dana');
	await dana.page.getByRole('button', { name: 'Wait for Dr. Maya Okafor' }).click();
	await expectThat(
		dana.page.getByRole('status', { name: 'Waiting for Dr. Maya Okafor' }),
	).toBeVisible();
	await maya.page.goto(server.address);
	const list = maya.page.getByRole('list', { name: 'Waiting' });
	await expectThat(list.getByText('Encrypted, identity not checked')).toBeVisible();
	expect(await list.getByText('Access code confirmed').count()).toBe(0);
	expect(complaints()).toEqual([]);
});

test('strangers make nine digits rest, the host is told, and twelve work', async () => {
	await maya.page.goto(server.address);
	await newSession(maya.page, [name]);
	const code = await showCode(maya.page);
	const plates = Array.from({ length: 60 }, (_, at) => String(at).padStart(3, '0')).filter(
		(nameplate) => !code.startsWith(nameplate),
	);
	await Promise.all(
		plates.map((nameplate, at) =>
			call(server.address, 'POST', '/api/codes/tries', {
				headers: { 'x-forwarded-for': `10.1.${at}.1` },
				body: { nameplate },
			}),
		),
	);
	const flood = { name: 'Somebody tries codes that you did not give out' };
	await expectThat(region(maya.page).getByRole('status', flood)).toBeVisible();
	await looksRight(maya);
	await dana.page.goto(`${server.address}/join`);
	await enter(dana.page, code);
	await expectThat(
		dana.page.getByText('Somebody is trying out codes at your practice'),
	).toBeVisible();
	await looksRight(dana);
	await showCode(maya.page);
	const twelve = region(maya.page).getByText(/^\d{3}(?: \d{3}){3}$/);
	await twelve.waitFor();
	const long = (await twelve.textContent()) ?? '';
	await expectThat(
		region(maya.page).getByText('This code is longer and works.', { exact: false }),
	).toBeVisible();
	await enter(dana.page, long);
	await expectThat(
		dana.page.getByRole('status', { name: 'Waiting for Dr. Maya Okafor' }),
	).toBeVisible();
	await maya.page.goto(`${server.address}/practice/history`);
	for (const said of ['was shown', 'was entered correctly', 'were refused'])
		await expectThat(
			maya.page.getByText(new RegExp(`access code for ${name} ${said}`, 'i')).first(),
		).toBeVisible();
	expect(complaints()).toEqual([]);
});
