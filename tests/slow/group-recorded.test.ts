import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { colours, duration, mediaOf, shareOf } from '../e2e/analyse.ts';
import { looks } from '../e2e/media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from '../e2e/people.ts';

const host = 'Dr. Maya Okafor';
const [ines, tom] = ['Ines Becker', 'Tom Becker'];

let server: TestServer;
let maya: Person;
let first: Person;
let second: Person;
let links: string[];

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const status = (page: Page, name: string) => page.getByRole('status', { name, exact: true });

beforeAll(async () => {
	server = await startServer();
	[maya, first, second] = await Promise.all([
		person({ looks: looks.maya }),
		person({ looks: looks.dana }),
		person({ looks: looks.tom }),
	]);
	await setUp(maya.page, server.setupUrl ?? '');
	({ links } = await newSession(maya.page, [ines, tom], { record: true }));
}, 180_000);

afterAll(async () => {
	await Promise.all([maya?.close(), first?.close(), second?.close()]);
	await server?.stop();
});

afterEach(() => {
	const wrong = [maya, first, second].flatMap(({ complaints }) => complaints.splice(0));
	if (wrong.length > 0) throw new Error(wrong.join('\n'));
});

test('a later arrival who did not agree takes the recorder out first, and everybody is told', async () => {
	await wait(first.page, links[0] ?? '', 'agree');
	await maya.page.goto(server.address);
	await connect(maya.page, ines);
	await Promise.all([sees(maya.page, ines), sees(first.page, host)]);
	await button(maya.page, 'Start recording').click();
	await status(first.page, 'Recording').waitFor();
	await wait(second.page, links[1] ?? '', 'decline');
	await button(maya.page, `Connect ${tom}`).click();
	for (const { page } of [maya, first]) await status(page, 'Recording paused').waitFor();
	await status(second.page, 'Not recording').waitFor();
	await Promise.all([sees(first.page, tom), sees(second.page, ines)]);
	expect(await second.page.getByRole('listitem').filter({ hasText: 'Recorder' }).count()).toBe(0);
	expect(await button(maya.page, 'Resume recording').isDisabled()).toBe(true);
});

test('the host is in the recording with her picture also while the only other person wants sound alone', async () => {
	await button(second.page, 'Leave').click();
	await button(first.page, 'More').click();
	await button(first.page, 'Sound without pictures').click();
	await button(first.page, 'Close').click();
	await button(maya.page, 'Resume recording').click();
	await maya.page.getByText(/^00:(0[89]|[1-5]\d)$/).waitFor();
	await button(maya.page, 'Stop recording').click();
	await maya.page.getByRole('link', { name: 'Open the recording' }).click({ timeout: 60_000 });
	await button(maya.page, 'Play').click();
	await sees(maya.page, host);
	const file = await mediaOf(maya.page, host);
	expect(duration(file)).toBeGreaterThan(7);
	// Two pictures a second, to the end.
	expect(colours(file).length / 2).toBeGreaterThan(duration(file) - 2);
	expect(shareOf(file, looks.maya)).toBe(1);
});
