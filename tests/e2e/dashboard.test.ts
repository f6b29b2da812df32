import { AxeBuilder } from '@axe-core/playwright';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';
import { type Page, expect as expectThat } from './playwright.ts';
import { spyOnSystem } from './system.ts';

let server: TestServer;
let maya: Person;
let dana: Person;
let lea: Person;
let tom: Person;

beforeAll(async () => {
	server = await startServer();
	[maya, dana, lea, tom] = await Promise.all([person(), person(), person(), person()]);
	await maya.context.addInitScript(spyOnSystem);
	await setUp(maya.page, server.setupUrl ?? '');
});

beforeEach(async () => {
	await maya.page.goto(server.address);
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close(), lea?.close(), tom?.close()]);
	await server?.stop();
});

const waits = (page: Page, name: string) =>
	page.getByRole('status', { name: `${name} is waiting`, exact: true });
const connectButtons = (page: Page, name: string, disabled: boolean) =>
	page.getByRole('button', { name: `Connect ${name}`, disabled });

/** Makes a session in another tab, so that this one goes on watching. */
async function newSessionElsewhere(names: readonly string[]) {
	const page = await maya.context.newPage();
	await page.goto(server.address);
	const made = await newSession(page, names);
	await page.close();
	return made;
}

const ready = (page: Page, path: string) =>
	path === '/'
		? connectButtons(page, 'Dana Whitfield', true).waitFor()
		: page.getByText('Dana Whitfield opened the link').first().waitFor();

test('an empty day says so, and has one main action', async () => {
	await expectThat(maya.page.getByText('No sessions are planned.')).toBeVisible();
	expect(await maya.page.locator('.btn.main').count()).toBe(1);
	expect(await maya.page.title()).toMatch(/^Today/);
});

test('several wait; the one that is chosen is connected, and the other goes on waiting', async () => {
	const first = await newSession(maya.page, ['Dana Whitfield'], { record: true });
	await maya.page.goto(server.address);
	const second = await newSession(maya.page, ['Lea Brandt', 'Tom Becker']);
	await maya.page.goto(server.address);
	for (const name of ['Dana Whitfield', 'Lea Brandt', 'Tom Becker']) {
		await expectThat(connectButtons(maya.page, name, true)).toBeVisible();
		expect(await connectButtons(maya.page, name, false).count()).toBe(0);
	}
	expect(await maya.page.getByText('not here yet').count()).toBe(3);

	await wait(dana.page, first.links[0] ?? '', 'agree');
	await wait(lea.page, second.links[0] ?? '');
	await expectThat(waits(maya.page, 'Dana Whitfield')).toBeVisible();
	await expectThat(waits(maya.page, 'Lea Brandt')).toBeVisible();
	await maya.page.waitForFunction(() => document.title.startsWith('(2)') && window.badge === 2);
	const cards = maya.page.getByRole('list', { name: 'Waiting' }).getByRole('listitem');
	expect(await cards.filter({ hasText: 'Dana' }).innerText()).toContain('Will be recorded');
	expect(await cards.filter({ hasText: 'Lea' }).innerText()).toContain('Will not be recorded');
	for (const name of ['Dana Whitfield', 'Lea Brandt']) {
		expect(await connectButtons(maya.page, name, false).count()).toBe(1);
		expect(await connectButtons(maya.page, name, true).count()).toBe(0);
	}
	// Whoever has to wait longer is told so, and reads it where she waits.
	await maya.page.getByRole('button', { name: 'Tell Dana Whitfield that you are late' }).click();
	await maya.page.getByRole('button', { name: 'Tell Dana Whitfield', exact: true }).click();
	await maya.page.getByText('Sent to Dana Whitfield.').waitFor();
	await dana.page.getByText('I am running about 5 minutes late.').first().waitFor();
	expect(await lea.page.getByText('I am running').count()).toBe(0);
	// She came second and is chosen first.
	await connect(maya.page, 'Lea Brandt');
	await sees(lea.page, 'Dr. Maya Okafor');
	await maya.page.getByRole('button', { name: 'Leave' }).click();
	await maya.page.goto(server.address);
	await expectThat(waits(maya.page, 'Dana Whitfield')).toBeVisible();
	await dana.page.goto('about:blank');
	await expectThat(waits(maya.page, 'Dana Whitfield')).toBeHidden();
	await expectThat(connectButtons(maya.page, 'Dana Whitfield', true)).toBeVisible();
	expect(maya.complaints).toEqual([]);
});

test('who is not here after the start is late', async () => {
	const { links } = await newSession(maya.page, ['Noor Haddad']);
	await maya.page.goto(server.address);
	const row = maya.page.getByRole('listitem').filter({ hasText: 'Noor Haddad' }).last();
	await row.getByText('not here yet').waitFor();
	expect(await row.innerText()).not.toContain('Late');
	await maya.page.clock.install();
	await maya.page.goto(server.address);
	await row.waitFor();
	await maya.page.clock.fastForward(50_000);
	await maya.page.clock.fastForward(50_000);
	await maya.page.clock.fastForward(50_000);
	await row.getByText(/^Late: the session began/).waitFor();
	expect(links).toHaveLength(1);
	await maya.page.close();
	maya = { ...maya, page: await maya.context.newPage() };
});

test('whoever looks elsewhere is told that somebody waits, without a name', async () => {
	const { page } = maya;
	expect(await page.evaluate(() => window.asked)).toBe(0);
	const button = page.getByRole('button', { name: 'Desktop notification' });
	expect(await button.getAttribute('aria-pressed')).toBe('false');
	await button.click();
	await page.locator('button[aria-pressed=true]', { hasText: 'Desktop notification' }).waitFor();
	expect(await page.evaluate(() => window.asked)).toBe(1);
	const { links } = await newSession(page, ['Samir Aziz', 'Vera Lang']);
	await page.goto(server.address);
	await page.getByRole('heading', { name: 'Today' }).click();
	await connectButtons(page, 'Samir Aziz', true).waitFor();
	await page.evaluate(() => {
		document.hasFocus = () => false;
	});
	const rungBefore = await page.evaluate(() => window.rung);
	await wait(dana.page, links[0] ?? '');
	await page.waitForFunction(() => window.told.length === 1);
	await page.waitForFunction((before) => window.rung > before, rungBefore);
	await wait(lea.page, links[1] ?? '');
	await page.waitForFunction(() => window.told.length === 2);
	const told = await page.evaluate(() => window.told);
	expect(told[0]?.title).toBe('Somebody is waiting');
	expect(told[0]?.body).toMatch(/^Here since .*\.$/);
	expect(told[1]?.title).toBe('2 people are waiting');
	expect(JSON.stringify(told)).not.toMatch(/Samir|Vera|Aziz|Lang/);
	// The sound can be switched off.
	await page.getByRole('button', { name: 'Sound' }).click();
	const quiet = await page.evaluate(() => window.rung);
	// Who loads her page again has not arrived again; nor did she after a short gap.
	await lea.page.goto('about:blank');
	await waits(page, 'Vera Lang').waitFor({ state: 'hidden' });
	await lea.page.goto(links[1] ?? '');
	await waits(page, 'Vera Lang').waitFor();
	const { links: more } = await newSessionElsewhere(['Kim Park']);
	await wait(tom.page, more[0] ?? '');
	await page.waitForFunction(() => window.told.length === 3);
	expect((await page.evaluate(() => window.told)).at(-1)?.title).toBe('3 people are waiting');
	expect(await page.evaluate(() => window.rung)).toBe(quiet);
	await tom.page.goto('about:blank');
	await Promise.all([lea.page.goto('about:blank'), dana.page.goto('about:blank')]);
	await waits(page, 'Samir Aziz').waitFor({ state: 'hidden' });
	await page.waitForFunction(() => window.told.at(-1)?.closed === true && window.badge === 0);
});

test('who has an address can be reminded, and what became of the messages is said', async () => {
	const { page } = maya;
	await page.getByRole('link', { name: 'New session now' }).click();
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Olga Petrova');
	await page.getByRole('textbox', { name: 'Email (optional)' }).fill('olga@patients.example');
	await page.getByRole('button', { name: 'Create session' }).click();
	await page.getByRole('textbox', { name: 'Link for Olga Petrova' }).waitFor();
	await page.goto(server.address);
	// Nothing is set up here that could send it.
	await page.getByText('The message is in the outbox: sending is not set up').waitFor();
	await page.getByRole('button', { name: 'Remind Olga Petrova' }).click();
	await page.getByText('The reminder to Olga Petrova is in the outbox').waitFor();
	expect(await page.getByRole('button', { name: 'Remind Dana Whitfield' }).count()).toBe(0);
	// Again within the minute is refused, in words.
	await page.getByRole('button', { name: 'Remind Olga Petrova' }).click();
	await page.getByRole('alert').getByText('slow-down').waitFor();
});

test('while the server is away nobody can be connected; afterwards the page is right by itself', async () => {
	const { page } = maya;
	const { links } = await newSession(page, ['Ida Moreau']);
	await page.goto(server.address);
	await wait(dana.page, links[0] ?? '');
	await waits(page, 'Ida Moreau').waitFor();
	await server.kill('SIGTERM');
	await page.getByRole('status', { name: 'The server cannot be reached.' }).waitFor();
	expect(await connectButtons(page, 'Ida Moreau', false).count()).toBe(0);
	await dana.page.goto('about:blank');
	await server.restart();
	await page
		.getByRole('status', { name: 'The server cannot be reached.' })
		.waitFor({ state: 'hidden', timeout: 40_000 });
	await wait(dana.page, links[0] ?? '');
	await connectButtons(page, 'Ida Moreau', false).waitFor();
	await dana.page.goto('about:blank');
});

test('the history of one person opens from her row, with times in a named zone, and can be saved', async () => {
	const { page } = maya;
	await page.getByRole('link', { name: 'History of Dana Whitfield' }).click();
	await page.getByRole('heading', { name: 'History of Dana Whitfield' }).waitFor();
	expect(new URL(page.url()).href).not.toMatch(/Dana|Whitfield/);
	await page.getByText('Times are in Pacific Time (Los Angeles).').waitFor();
	const table = page.getByRole('table', { name: 'History of Dana Whitfield' });
	const text = await table.innerText();
	for (const sentence of [
		'Dr. Maya Okafor made the session',
		'Dana Whitfield opened the link',
		'Dana Whitfield waited',
		'Dana Whitfield agreed to be recorded',
	])
		expect(text).toContain(sentence);
	expect(text).not.toContain('Lea Brandt');
	const saved = async (kind: 'CSV' | 'JSON') => {
		const download = page.waitForEvent('download');
		await page.getByRole('button', { name: `Export as ${kind}` }).click();
		const file = await download;
		return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
	};
	const csv = await saved('CSV');
	expect(csv.name).toMatch(/^history-\d{4}-\d\d-\d\d\.csv$/);
	expect(csv.text).toContain('"Dana Whitfield agreed to be recorded"');
	expect(csv.text).toContain('Time (America/Los_Angeles)');
	const json: { rows: { act: string }[] } = JSON.parse((await saved('JSON')).text);
	expect(json.rows.map(({ act }) => act)).toContain('consented');

	await page.getByRole('link', { name: 'All sessions' }).click();
	await page.getByLabel('From').waitFor();
	// Who was chosen stays chosen, now in all her sessions.
	await page.getByRole('heading', { name: 'History of Dana Whitfield' }).waitFor();
	await page.getByRole('combobox', { name: 'Person' }).selectOption('Lea Brandt');
	await page.getByText('Lea Brandt was connected').waitFor();
	expect(await page.getByRole('table').innerText()).not.toContain('Dana Whitfield waited');
});

test('axe finds nothing on the dashboard and in the history, light and dark', async () => {
	for (const path of ['/', '/practice/history'])
		for (const colorScheme of ['light', 'dark'] as const) {
			await maya.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
			await maya.page.goto(server.address + path);
			await ready(maya.page, path);
			const { violations } = await new AxeBuilder({ page: maya.page }).analyze();
			expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
		}
	await maya.page.emulateMedia({ colorScheme: 'light' });
});

test('nothing is cut off at 320 pixels', async () => {
	await maya.page.setViewportSize({ width: 320, height: 700 });
	for (const path of ['/', '/practice/history']) {
		await maya.page.goto(server.address + path);
		await ready(maya.page, path);
		const wide = await maya.page.evaluate(() => document.documentElement.scrollWidth);
		expect(wide).toBeLessThanOrEqual(320);
	}
	await maya.page.setViewportSize({ width: 1280, height: 800 });
});
