import { afterAll, expect, test } from 'vitest';
import { addDays, dateOf } from '../../pwa/src/lib/time.ts';
import { startServer } from '../server.ts';
import { acceptInvitation, confirmed, invitationFor } from '../e2e/accounts.ts';
import { type Person, person, setUp } from '../e2e/people.ts';
import { maya } from '../e2e/practice.ts';

const server = await startServer();
const host = await person();
const planner = await person();
const leaver = await person();
afterAll(async () => {
	await host.close();
	await leaver.close();
	await planner.close();
	await server.stop();
});

const password = 'green-lantern-twelve';
interface Colleague {
	readonly name: string;
	readonly email: string;
	readonly role: string;
}
const sam = { name: 'Sam Ortiz', email: 'sam@alderstreet.example', role: 'scheduler' };
const lea = { name: 'Lea Brandt', email: 'lea@alderstreet.example', role: 'clinician' };
const tomorrow = addDays(dateOf(Date.now(), 'America/Los_Angeles'), 1);

async function invite({ page }: Person, who: Colleague): Promise<string> {
	await page.getByRole('link', { name: 'Practice', exact: true }).click();
	return invitationFor(page, who);
}

async function accept({ page }: Person, who: Colleague, link: string): Promise<void> {
	await acceptInvitation(page, { link, name: who.name, password });
	await confirmed(page);
	await page.getByRole('link', { name: 'Sign in' }).click();
	await page.getByRole('textbox', { name: 'Email' }).fill(who.email);
	await page.getByRole('textbox', { name: 'Password' }).fill(password);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('heading', { name: 'Today' }).waitFor();
}

test('a scheduler plans for the host, who has the same people and the same link', async () => {
	await setUp(host.page, server.setupUrl ?? '');
	await accept(planner, sam, await invite(host, sam));
	const { page } = planner;
	// Nobody waits for her.
	expect(await page.getByRole('link', { name: 'Browser extension' }).count()).toBe(0);
	await page.getByRole('link', { name: 'Schedule', exact: true }).click();
	await page.getByRole('link', { name: 'Schedule a session', exact: true }).click();
	const whose = page.getByRole('combobox', { name: 'Whose session is it?' });
	await expect.poll(() => whose.locator('option').allTextContents()).toEqual([maya.name]);
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
	// The planner sees what the host’s day is full of.
	await page.getByRole('link', { name: 'Schedule', exact: true }).click();
	await page.getByRole('link', { name: 'Schedule a session', exact: true }).click();
	await page.getByLabel('Date').fill(tomorrow);
	await page.getByLabel('Time', { exact: true }).fill('10:30');
	await page.getByText('Overlaps with Dana Whitfield').waitFor();
	expect(host.complaints).toEqual([]);
	expect(planner.complaints).toEqual([]);
});

test('what a host who left had planned is made anew for another', async () => {
	await accept(leaver, lea, await invite(host, lea));
	const { page } = leaver;
	// A host who is no admin finds where her browser is paired.
	await page.getByRole('link', { name: 'Browser extension' }).click();
	await page.getByRole('heading', { name: 'This browser' }).waitFor();
	await page.getByRole('link', { name: 'Schedule', exact: true }).click();
	await page.getByRole('link', { name: 'Schedule a session', exact: true }).click();
	await page.getByLabel('Date').fill(tomorrow);
	await page.getByLabel('Time', { exact: true }).fill('14:00');
	await page.getByRole('textbox', { name: 'Participant name' }).fill('Ines Becker');
	await page.getByRole('button', { name: 'Create session' }).click();
	await page.getByRole('heading', { name: 'Session with Ines Becker' }).waitFor();
	const admin = host.page;
	await admin.getByRole('link', { name: 'Practice', exact: true }).click();
	await admin.getByRole('button', { name: `Deactivate ${lea.name}` }).click();
	await admin.getByRole('dialog').getByRole('button', { name: 'Deactivate', exact: true }).click();
	await admin.getByText('Deactivated').first().waitFor();
	await admin.getByRole('link', { name: 'Schedule', exact: true }).click();
	await admin.getByRole('radio', { name: 'Day' }).check();
	await admin.getByRole('button', { name: 'Next day' }).click();
	await admin.getByRole('link', { name: 'Ines Becker' }).click();
	await admin.getByText(`${lea.name} is not in this practice any more`).waitFor();
	expect(await admin.getByRole('textbox', { name: 'Link for Ines Becker' }).count()).toBe(0);
	const gone = admin.url();
	await admin.getByRole('button', { name: 'Give to another host' }).click();
	const dialog = admin.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Make it anew' }).click();
	await admin.getByRole('link', { name: 'Start the call' }).waitFor();
	await admin.getByRole('textbox', { name: 'Link for Ines Becker' }).waitFor();
	expect(admin.url()).not.toBe(gone);
	await admin.goto(gone);
	await admin.getByText('This session was cancelled').waitFor();
	expect(host.complaints).toEqual([]);
});
