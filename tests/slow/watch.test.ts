import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { type Person, connect, newSession, person, setUp, wait } from '../e2e/people.ts';
import type { Page } from '../e2e/playwright.ts';
import { spyOnSystem } from '../e2e/system.ts';

let server: TestServer;
let maya: Person;
let dana: Person;
let lea: Person;
let links: readonly string[];
let other: readonly string[];

beforeAll(async () => {
	server = await startServer();
	[maya, dana, lea] = await Promise.all([person(), person(), person()]);
	await maya.context.addInitScript(spyOnSystem);
	await setUp(maya.page, server.setupUrl ?? '');
	({ links } = await newSession(maya.page, ['Dana Whitfield', 'Tom Becker']));
	await maya.page.goto(server.address);
	({ links: other } = await newSession(maya.page, ['Lea Brandt']));
	await maya.page.goto(server.address);
	await maya.page.getByRole('button', { name: 'Desktop notification' }).click();
}, 120_000);
beforeEach(async () => {
	await Promise.all([dana.page.goto('about:blank'), lea.page.goto('about:blank')]);
});
afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close(), lea?.close()]);
	await server?.stop();
});

const waits = (page: Page, name: string) =>
	page.getByRole('status', { name: `${name} is waiting`, exact: true });
const shows = (page: Page, people: number) => {
	const list = page.getByRole('list', { name: 'Waiting', exact: true });
	return expect.poll(() => list.getByRole('listitem').count(), { timeout: 20_000 }).toBe(people);
};
const looksAway = (page: Page) =>
	page.evaluate(() => {
		document.hasFocus = () => false;
	});
const told = (page: Page) => page.evaluate(() => window.told.length);

test('every page of the practice says who waits, once; a running call is left in peace', async () => {
	const { page } = maya;
	await page.getByRole('link', { name: 'Schedule', exact: true }).click();
	await page.getByRole('heading', { name: 'Schedule' }).waitFor();
	await looksAway(page);
	const before = await told(page);
	await wait(dana.page, links[0] ?? '');
	await waits(page, 'Dana Whitfield').waitFor();
	await page.waitForFunction((count) => window.told.length === count + 1, before);
	await page.waitForFunction(() => window.rung > 0 && window.badge === 1);
	expect(await page.title()).toMatch(/^\(1\) Schedule/);

	await page.getByRole('link', { name: 'Show who waits' }).click();
	await shows(page, 1);
	expect(await told(page)).toBe(before + 1);

	await connect(page, 'Dana Whitfield');
	await looksAway(page);
	const rung = await page.evaluate(() => window.rung);
	await wait(lea.page, other[0] ?? '');
	await page.getByText('Somebody waits for another session').waitFor();
	await page.waitForFunction(() => window.badge === 1 && document.title.startsWith('(1) '));
	expect(await told(page)).toBe(before + 1);
	expect(await page.evaluate(() => window.rung)).toBe(rung);
	expect(await page.getByText('Lea Brandt').count()).toBe(0);
	await page.getByRole('button', { name: 'Leave' }).click();
	await page.getByRole('link', { name: 'Back to today' }).click();
	await waits(page, 'Lea Brandt').waitFor();
});

test('after the tab was frozen and the server started anew, the dashboard shows who is there now', async () => {
	const { page } = maya;
	await page.goto(server.address);
	await wait(dana.page, links[1] ?? '');
	await waits(page, 'Tom Becker').waitFor();
	const before = await told(page);
	const session = await maya.context.newCDPSession(page);
	await session.send('Page.setWebLifecycleState', { state: 'frozen' });
	await server.kill('SIGTERM');
	await server.restart();
	await dana.page.goto('about:blank');
	await wait(lea.page, other[0] ?? '');
	await looksAway(page);
	await session.send('Page.setWebLifecycleState', { state: 'active' });
	await waits(page, 'Lea Brandt').waitFor({ timeout: 40_000 });
	await shows(page, 1);
	await page.waitForFunction(() => document.title.startsWith('(1) Today'));
	// One is new, and who waited before is not told of again.
	await page.waitForFunction((count) => window.told.length === count + 1, before);
	await session.detach();
});

test('offline for a while and with a clock that jumped, nobody is shown twice and nobody is missing', async () => {
	const { page } = maya;
	await page.goto(server.address);
	await wait(dana.page, links[1] ?? '');
	await waits(page, 'Tom Becker').waitFor();
	await looksAway(page);
	const before = await told(page);
	const dropped = page.waitForEvent('websocket');
	await page.clock.install();
	await page.clock.fastForward(10 * 60_000);
	// The clock was set: the old connection is not believed any more.
	await dropped;
	await page.clock.resume();
	await shows(page, 1);
	await waits(page, 'Tom Becker').waitFor();
	await maya.context.setOffline(true);
	await dana.page.goto('about:blank');
	await wait(lea.page, other[0] ?? '');
	await maya.context.setOffline(false);
	await waits(page, 'Lea Brandt').waitFor({ timeout: 40_000 });
	await shows(page, 1);
	await page.waitForFunction((count) => window.told.length === count + 1, before);
	expect(maya.complaints).toEqual([]);
});
