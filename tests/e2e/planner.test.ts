import { afterAll, expect, test } from 'vitest';
import { addDays, dateOf } from '../../pwa/src/lib/time.ts';
import { startServer } from '../server.ts';
import { type Person, person, setUp } from './people.ts';
import { maya } from './practice.ts';

const server = await startServer();
const host = await person();
const planner = await person();
afterAll(async () => {
	await host.close();
	await planner.close();
	await server.stop();
});

const password = 'green-lantern-twelve';
const sam = { name: 'Sam Ortiz', email: 'sam@alderstreet.example' };
const tomorrow = addDays(dateOf(Date.now(), 'America/Los_Angeles'), 1);

async function invite({ page }: Person): Promise<string> {
	await page.getByRole('link', { name: 'Practice', exact: true }).click();
	await page.getByRole('button', { name: 'Invite a colleague' }).click();
	await page.getByRole('textbox', { name: 'Email' }).fill(sam.email);
	await page.getByRole('combobox', { name: 'Role' }).selectOption('scheduler');
	await page.getByRole('button', { name: 'Create invitation' }).click();
	const box = page.getByRole('textbox', { name: `Invitation link for ${sam.email}` });
	const link = await box.inputValue();
	await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
	return link;
}

async function accept({ page }: Person, link: string): Promise<void> {
	await page.goto(link);
	await page.getByRole('textbox', { name: 'Your name' }).fill(sam.name);
	await page.getByRole('textbox', { name: 'Password' }).fill(password);
	await page.getByRole('button', { name: 'Accept invitation' }).click();
	const key = await page.getByRole('region', { name: 'Recovery key' }).textContent();
	const last = page.getByRole('textbox', { name: 'Type the last group' });
	await last.fill(key?.trim().split(' ').at(-1) ?? '');
	await page.getByRole('button', { name: 'I have saved it' }).click();
	await page.getByRole('heading', { name: 'You are confirmed' }).waitFor();
	await page.getByRole('link', { name: 'Sign in' }).click();
	await page.getByRole('textbox', { name: 'Email' }).fill(sam.email);
	await page.getByRole('textbox', { name: 'Password' }).fill(password);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('heading', { name: 'Today' }).waitFor();
}

test('a scheduler plans for the host, who has the same people and the same link', async () => {
	await setUp(host.page, server.setupUrl ?? '');
	await accept(planner, await invite(host));
	const { page } = planner;
	await page.getByRole('link', { name: 'Schedule', exact: true }).click();
	await page.getByRole('link', { name: 'Schedule a session', exact: true }).click();
	const whose = page.getByRole('combobox', { name: 'Whose session is it?' });
	expect(await whose.locator('option').allTextContents()).toEqual([maya.name]);
	// Only the host can sign a notice, so there is no such choice, and the page says why.
	await page.getByText('must be signed by the colleague’s own keys').waitFor();
	expect(await page.getByRole('radio', { name: 'Record' }).count()).toBe(0);
	await page.getByLabel('Date').fill(tomorrow);
	await page.getByLabel('Time', { exact: true }).fill('10:00');
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Dana Whitfield');
	await page.getByRole('button', { name: 'Create session' }).click();
	const box = (at: Person) => at.page.getByRole('textbox', { name: 'Link for Dana Whitfield' });
	const link = await box(planner).inputValue();
	await page.getByText(`Session of ${maya.name}`).waitFor();
	expect(await page.getByRole('link', { name: 'Start the call' }).count()).toBe(0);
	await host.page.getByRole('link', { name: 'Schedule', exact: true }).click();
	await host.page.getByRole('radio', { name: 'Day' }).check();
	await host.page.getByRole('button', { name: 'Next day' }).click();
	await host.page.getByRole('link', { name: 'Dana Whitfield' }).click();
	await host.page.getByRole('link', { name: 'Start the call' }).waitFor();
	expect(await box(host).inputValue()).toBe(link);
	expect(host.complaints).toEqual([]);
	expect(planner.complaints).toEqual([]);
});
