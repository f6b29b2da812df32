import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Mailbox, openMailbox } from '../post.ts';
import { type TestServer, startServer } from '../server.ts';
import { type Person, person, setUp } from './people.ts';
import { expect as expectThat } from './playwright.ts';

const dana = { name: 'Dana Whitfield', email: 'dana@patients.example', mobile: '+1 555 014 7731' };

let server: TestServer;
let mailbox: Mailbox;
let maya: Person;
let patient: Person;

beforeAll(async () => {
	[server, mailbox] = await Promise.all([startServer(), openMailbox()]);
	[maya, patient] = await Promise.all([person(), person()]);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), patient?.close()]);
	await server?.stop();
	await mailbox?.close();
});

async function makeSession(options: { record?: boolean } = {}): Promise<void> {
	const { page } = maya;
	await page.goto(`${server.address}/sessions/new`);
	await page.getByRole('textbox', { name: 'Participant name' }).fill(dana.name);
	await page.getByRole('textbox', { name: 'Email (optional)' }).fill(dana.email);
	await page.getByRole('textbox', { name: 'Mobile (optional)' }).fill(dana.mobile);
	if (options.record) await page.getByRole('radio', { name: 'Record', exact: true }).check();
	await page.getByRole('button', { name: 'Create session' }).click();
	await expectThat(page.getByRole('textbox', { name: `Link for ${dana.name}` })).toBeVisible();
}

test('without mail and text messages the outbox shows what would have been sent', async () => {
	const { page } = maya;
	await page.goto(server.address);
	await page.getByRole('link', { name: 'Outbox' }).click();
	await expectThat(page.getByRole('heading', { name: 'Outbox' })).toBeVisible();
	await expectThat(page.getByText('Mail and text messages are not set up')).toBeVisible();
	await expectThat(page.getByText('Nothing is waiting for you.')).toBeVisible();

	await makeSession({ record: true });
	await page.goto(`${server.address}/practice/outbox`);
	const items = page.getByRole('list', { name: 'Messages' }).getByRole('listitem');
	const mail = items.filter({ hasText: 'Invitation by e-mail' }).first();
	const text = items.filter({ hasText: 'Invitation by text message' }).first();
	const to = { mail: dana.email, text: '+15550147731' };
	expect(await mail.getByRole('textbox', { name: 'To' }).inputValue()).toBe(to.mail);
	expect(await text.getByRole('textbox', { name: 'To' }).inputValue()).toBe(to.text);
	for (const one of [mail, text]) {
		const words = await one.textContent();
		expect(words).toContain('This session will be recorded.');
		expect(words).toContain('Dr. Maya Okafor');
		expect(words).not.toContain(dana.name);
	}
	await mail.getByRole('button', { name: 'Copy the message' }).click();
	const copied = await page.evaluate(() => navigator.clipboard.readText());
	expect(copied).toContain(`${server.address}/j/`);
	expect(copied).not.toMatch(/\/j\/[\w-]+#/);
	const { violations } = await new AxeBuilder({ page }).analyze();
	expect(violations).toEqual([]);
});

test('an outbox that cannot be read says so, and is read again', async () => {
	const { page } = maya;
	await page.route('**/api/outbox', (route) => route.abort());
	await page.goto(`${server.address}/practice/outbox`);
	const alert = page.getByRole('alert').filter({ hasText: 'The server cannot be reached' });
	await expectThat(alert).toBeVisible();
	await page.unroute('**/api/outbox');
	await page.getByRole('button', { name: 'Try again' }).click();
	await expectThat(page.getByRole('list', { name: 'Messages' })).toBeVisible();
	await expectThat(alert).toBeHidden();
});

test('from one’s own mail program: a new mail with the private link', async () => {
	const { page } = maya;
	await makeSession();
	const link = await page.getByRole('textbox', { name: `Link for ${dana.name}` }).inputValue();
	const own = page.getByRole('link', { name: `mail program: the link for ${dana.name}` });
	await expectThat(page.getByText('Your mail provider and that of the reader')).toBeVisible();
	const href = (await own.getAttribute('href')) ?? '';
	expect(href.startsWith(`mailto:${encodeURIComponent(dana.email)}?`)).toBe(true);
	expect(decodeURIComponent(href)).toContain(link);
	expect(link).toContain('#');
});

test('with a mail server the invitation arrives, and its link leads to the waiting room', async () => {
	await server.restart({ SMTP_URL: mailbox.url, MAIL_FROM: 'visits@alderstreet.example' });
	await makeSession({ record: true });
	await expect.poll(() => mailbox.received.length, { timeout: 20_000 }).toBe(1);
	const { mail, event, raw } = mailbox.received[0] ?? {};
	expect(event).toMatchObject({ method: 'REQUEST', sequence: 0 });
	expect(raw?.toString()).not.toContain(dana.name);
	const link = /https?:\/\/\S+\/j\/\S+/.exec(mail?.text ?? '')?.[0] ?? '';
	expect(link).not.toContain('#');
	await patient.page.goto(link);
	await expectThat(patient.page.getByRole('heading', { name: 'Waiting room' })).toBeVisible();
	await expectThat(
		patient.page.getByRole('region', { name: 'This session will be recorded' }),
	).toBeVisible();
	expect(maya.complaints).toEqual([]);
	expect(patient.complaints).toEqual([]);
});
