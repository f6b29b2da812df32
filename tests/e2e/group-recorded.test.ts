import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { colours, duration, mediaOf, shareOf } from './analyse.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';

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

test('who agrees for everyone with her and for a child says so, and the host reads it', async () => {
	const { page } = first;
	await page.goto(links[0] ?? '');
	await page.getByRole('checkbox', { name: 'Others are with me' }).check();
	await page.getByRole('checkbox', { name: 'A child or a person in my care' }).check();
	await button(page, 'I agree, and so does everyone with me').click();
	await page.getByText('Type the name of the person you decide for.').waitFor();
	await page.getByRole('textbox', { name: 'Their name' }).fill('Mia Becker');
	await button(page, 'Check camera and microphone').click();
	await button(page, 'I agree, and so does everyone with me').click();
	await page.getByText('You said that everyone with you agrees too.').waitFor();
	await page.getByText('You agreed for Mia Becker too.').waitFor();
	await status(page, `Waiting for ${host}`).waitFor();
	// The answer is in the signed receipt, which outlives the page.
	await page.reload();
	await page.getByText('You agreed for Mia Becker too.').waitFor();
	await status(page, `Waiting for ${host}`).waitFor();
});

test('the host writes to who waits that she is late, and it is read before the call', async () => {
	await maya.page.goto(server.address);
	await wait(second.page, links[1] ?? '', 'decline');
	await connect(maya.page, tom);
	await Promise.all([sees(maya.page, tom), sees(second.page, host)]);
	const waiting = maya.page.getByRole('region', { name: 'Waiting' });
	await waiting.getByText('So did everyone at that device.').waitFor();
	await waiting.getByText('Also on behalf of Mia Becker.').waitFor();
	await button(maya.page, `Tell ${ines} that you are late`).click();
	await maya.page.getByRole('textbox', { name: `Your words to ${ines}` }).fill('Two more minutes');
	await button(maya.page, `Tell ${ines}`).click();
	await maya.page.getByText(`Sent to ${ines}.`).waitFor();
	await first.page
		.getByRole('log', { name: `Words from ${host}` })
		.getByText('Two more')
		.waitFor();
	expect(await second.page.getByText('Two more').count()).toBe(0);
});

test('a later arrival who did not agree takes the recorder out first, and everybody is told', async () => {
	// Tom leaves, Ines is recorded, and Tom comes back without having agreed.
	await button(second.page, 'Leave').click();
	await button(maya.page, `Connect ${ines}`).click();
	await Promise.all([sees(maya.page, ines), sees(first.page, host)]);
	await button(maya.page, 'Start recording').click();
	await status(first.page, 'Recording').waitFor();
	await button(second.page, 'Join again').click();
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
