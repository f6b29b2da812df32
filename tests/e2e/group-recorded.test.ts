import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
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
