import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, expect as assert, test } from 'vitest';
import type { People } from '../../signaling/protocol/people.ts';
import { startServer } from '../server.ts';
import { acceptInvitation, invitationFor } from './accounts.ts';
import { alter } from './alter.ts';
import { type Person, newSession, person, setUp } from './people.ts';
import { maya } from './practice.ts';
import { expect } from './playwright.ts';

const server = await startServer();
const admin = await person();
const tom = await person();
afterAll(async () => {
	await admin.close();
	await tom.close();
	await server.stop();
});

const email = 'tom@alderstreet.example';
const name = 'Tom Reyes';
const password = 'green-lantern-twelve';

const invite = ({ page }: Person, to: string, role?: string): Promise<string> =>
	invitationFor(page, { email: to, role });

const accept = ({ page }: Person, at: string, withPassword: string): Promise<void> =>
	acceptInvitation(page, { link: at, name, password: withPassword });

async function signIn({ page }: Person, withPassword: string): Promise<void> {
	await page.getByRole('textbox', { name: 'Email' }).fill(email);
	await page.getByRole('textbox', { name: 'Password' }).fill(withPassword);
	await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Picks a role, and confirms what the dialog asks. */
async function changeRole(page: Page, role: string): Promise<void> {
	await page.getByRole('combobox', { name: `Role of ${name}` }).selectOption(role);
	await page.getByRole('button', { name: `Change the role of ${name}` }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Change the role' }).click();
}

/** What axe finds on this page, wide and narrow, light and dark. */
async function faults(page: Page): Promise<unknown[]> {
	const found: unknown[] = [];
	const before = page.viewportSize();
	for (const width of [390, 320])
		for (const colorScheme of ['light', 'dark'] as const) {
			await page.setViewportSize({ width, height: 800 });
			await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
			const { violations } = await new AxeBuilder({ page }).analyze();
			found.push(...violations.map(({ id, nodes }) => [width, id, nodes.map(({ html }) => html)]));
			const wide = await page.evaluate(() => document.documentElement.scrollWidth);
			if (wide > width) found.push([width, 'scrolls sideways', wide]);
			const below = await page.evaluate(() => {
				const top = (what: string) => document.querySelector(what)?.getBoundingClientRect().top;
				return (top('main nav') ?? 0) > (top('h1') ?? 0);
			});
			if (below) found.push([width, 'what comes before the heading stands below it']);
		}
	await page.emulateMedia({ colorScheme: 'light' });
	if (before) await page.setViewportSize(before);
	return found;
}

let link = '';

test('a colleague is invited, accepts elsewhere, is confirmed, and sees her own empty day', async () => {
	await setUp(admin.page, server.setupUrl ?? '');
	await admin.page.getByRole('link', { name: 'Practice' }).click();
	await expect(admin.page.getByRole('heading', { name: 'People' })).toBeVisible();
	link = await invite(admin, email);
	assert(new URL(link).hash.length).toBeGreaterThan(80);
	assert(await faults(admin.page)).toEqual([]);
	await tom.page.goto(link);
	await expect(tom.page.getByRole('heading', { name: 'Accept your invitation' })).toBeVisible();
	assert(await faults(tom.page)).toEqual([]);
	// Nobody can confirm while the admin's keys are locked.
	await admin.page.getByRole('button', { name: 'Lock' }).click();
	await expect(admin.page.getByRole('button', { name: 'Unlock' })).toBeVisible();
	await accept(tom, link, password);
	const waiting = tom.page.getByRole('status', { name: 'Waiting for an admin to confirm' });
	await expect(waiting).toBeVisible();
	await admin.page.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await admin.page.getByRole('button', { name: 'Unlock' }).click();
	await expect(admin.page.getByRole('combobox', { name: `Role of ${name}` })).toBeVisible();
	await tom.page.reload();
	await expect(tom.page.getByRole('heading', { name: 'You are confirmed' })).toBeVisible();
	await tom.page.getByRole('link', { name: 'Sign in' }).click();
	await signIn(tom, password);
	await expect(tom.page.getByRole('heading', { name: 'Today' })).toBeVisible();
	await expect(tom.page.getByRole('link', { name: 'Practice', exact: true })).toBeHidden();
	assert(admin.complaints).toEqual([]);
	assert(tom.complaints).toEqual([]);
});

test('a link works once, and a broken one says so', async () => {
	const tab = await tom.context.newPage();
	await tab.goto(link);
	await expect(tab.getByRole('heading', { name: 'You are confirmed' })).toBeVisible();
	await tab.goto(`${link.slice(0, -6)}AAAAAA`);
	await tab.reload();
	await expect(tab.getByText('This is not the server of your invitation')).toBeVisible();
	await tab.goto(new URL(link).origin + new URL(link).pathname);
	await expect(tab.getByText('This link is not complete')).toBeVisible();
	await tab.close();
});

test('a role is changed, and the colleague’s page follows', async () => {
	const { page } = admin;
	// By keyboard alone: choosing changes nothing yet, and Escape takes it back.
	const role = page.getByRole('combobox', { name: `Role of ${name}` });
	await role.focus();
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	const asked = page.getByRole('dialog', { name: `Change the role of ${name}?` });
	await expect(asked.getByText(`${name} goes on as: Supervisor.`)).toBeVisible();
	await page.keyboard.press('Escape');
	// Its words are gone when the page has heard of it too.
	await page.locator('dialog h2').waitFor({ state: 'detached' });
	await page.keyboard.press('Enter');
	await expect(asked).toBeVisible();
	await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await expect(page.getByRole('status').getByText(`${name} is Supervisor now.`)).toBeVisible();
	await changeRole(page, 'scheduler');
	await expect(tom.page.getByRole('link', { name: 'Recordings' })).toBeHidden();
	await changeRole(page, 'admin');
	await expect(tom.page.getByRole('link', { name: 'Practice', exact: true })).toBeVisible();
	// A second admin can do what the first one can: the keys came sealed to her.
	await tom.page.getByRole('link', { name: 'Practice', exact: true }).click();
	await tom.page.getByRole('combobox', { name: `Role of ${maya.name}` }).waitFor();
	const another = 'rosa@alderstreet.example';
	const made = new URL(await invite(tom, another, 'scheduler'));
	const same = page.getByRole('textbox', { name: `Invitation link for ${another}` });
	await expect(same).toBeVisible();
	assert(await same.inputValue()).toBe(made.href);
	await page.getByRole('button', { name: `Withdraw the invitation for ${another}` }).click();
	await expect(same).toBeHidden();
	await role.selectOption('clinician');
	await page.getByRole('button', { name: `Change the role of ${name}` }).click();
	// Who knew the keys of the practice may have kept them: it is said before, and everybody is told after.
	const dialog = page.getByRole('dialog');
	await expect(dialog.getByText('could open every recording of the practice')).toBeVisible();
	await dialog.getByRole('button', { name: 'Change the role' }).click();
	await expect(tom.page.getByRole('link', { name: 'Practice', exact: true })).toBeHidden();
	for (const one of [page, tom.page]) {
		const told = one.getByRole('alert').getByText('The practice has a new signing key');
		await expect(told).toBeVisible();
		await one.reload();
		await expect(told).toBeVisible();
		await one.getByRole('button', { name: 'I have seen it' }).click();
		await expect(told).toBeHidden();
	}
});

test('keys that the server swapped are not put on the list', async () => {
	const { page } = admin;
	const to = 'sam@alderstreet.example';
	const stop = await alter<People>(page, '**/api/people', (body) => {
		for (const { registration } of body.invitations)
			if (registration) registration.member.publicIdentity = body.members[0]!.publicIdentity;
		return body;
	});
	const sam = await person();
	await accept(sam, await invite(admin, to), password);
	const alert = page.getByRole('alert').getByText('This registration does not fit its invitation');
	await expect(alert).toBeVisible();
	await expect(
		sam.page.getByRole('status', { name: 'Waiting for an admin to confirm' }),
	).toBeVisible();
	await page.getByRole('button', { name: `Withdraw the invitation for ${to}` }).click();
	await expect(alert).toBeHidden();
	await stop();
	await sam.close();
});

test('who lost every key is let back in with new ones, and her colleagues are told aloud', async () => {
	const { page } = admin;
	await page.getByRole('button', { name: `Let ${name} back in with new keys` }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Create invitation' }).click();
	const again = await dialog
		.getByRole('textbox', { name: `Invitation link for ${email}` })
		.inputValue();
	await page.keyboard.press('Escape');
	const fresh = await person();
	await accept(fresh, again, 'another-lantern-one');
	await expect(page.getByRole('alert').getByText(`${name} has new keys`)).toBeVisible();
	await fresh.page.reload();
	await expect(fresh.page.getByRole('heading', { name: 'You are confirmed' })).toBeVisible();
	await page.reload();
	await expect(page.getByRole('alert').getByText(`${name} has new keys`)).toBeVisible();
	await page.getByRole('button', { name: 'I have seen it' }).click();
	await expect(page.getByRole('alert')).toBeHidden();
	// The old device is out.
	await expect(tom.page.getByRole('button', { name: 'Sign in' })).toBeVisible();
	await signIn(tom, 'another-lantern-one');
	await expect(tom.page.getByRole('link', { name: 'Today' })).toBeVisible();
	await fresh.close();
});

test('a deactivated member is out at once', async () => {
	const { page } = admin;
	await page.getByRole('button', { name: `Deactivate ${name}` }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Deactivate', exact: true }).click();
	await expect(tom.page.getByRole('button', { name: 'Sign in' })).toBeVisible();
	await signIn(tom, 'another-lantern-one');
	await expect(tom.page.getByText('This account was deactivated')).toBeVisible();
	await expect(
		page.getByRole('button', { name: `Let ${name} back in with new keys` }),
	).toBeVisible();
});

test('settings are kept, and a shorter idle lock holds', async () => {
	const { page } = admin;
	await page.getByRole('link', { name: 'Settings' }).click();
	const words = 'Call 911 or go to the nearest emergency room.';
	await page.getByRole('textbox', { name: 'What to do in an emergency' }).fill(words);
	await page.getByRole('radio', { name: 'Record all sessions' }).check();
	await page.getByRole('textbox', { name: 'Lock after (minutes)' }).fill('5');
	await page.getByRole('button', { name: 'Save settings' }).click();
	await expect(page.getByText('Saved', { exact: true })).toBeVisible();
	await page.reload();
	const emergency = page.getByRole('textbox', { name: 'What to do in an emergency' });
	await expect(emergency).toBeVisible();
	assert(await emergency.inputValue()).toBe(words);
	assert(await page.getByRole('radio', { name: 'Record all sessions' }).isChecked()).toBe(true);
	const idle = page.getByRole('textbox', { name: 'Lock after (minutes)' });
	assert(await idle.inputValue()).toBe('5');
	assert(await faults(page)).toEqual([]);
	await page.getByRole('link', { name: 'Today' }).click();
	const { links } = await newSession(page, ['Dana Whitfield']);
	await tom.page.goto(links[0] ?? '');
	await expect(tom.page.getByRole('heading', { name: 'Waiting room' })).toBeVisible();
	await expect(tom.page.getByText(words)).toBeVisible();
	await expect(
		tom.page.getByRole('region', { name: 'This session will be recorded' }),
	).toBeVisible();
});

test('settings that the server changed are not believed', async () => {
	const { page } = admin;
	await page.goto(`${server.address}/practice/settings`);
	const all = page.getByRole('radio', { name: 'Record all sessions' });
	await expect(all).toBeVisible();
	// Another answer than the one that an admin signed, first beside the signature and then without it.
	let change: object = { recordAll: false, supervisorsOpen: true, idleMs: 1000 };
	const stop = await alter<object>(page, '**/api/practice/settings', (body) => ({
		...body,
		...change,
	}));
	await page.reload();
	await expect(all).toBeVisible();
	assert(await all.isChecked()).toBe(true);
	const supervisors = page.getByRole('checkbox', { name: 'Supervisors may open recordings' });
	assert(await supervisors.isChecked()).toBe(false);
	const doubt = page.getByRole('alert').getByText('could not be verified');
	await expect(doubt).toBeHidden();
	change = { ...change, policy: null };
	await page.reload();
	await expect(doubt).toBeVisible();
	assert(await all.isChecked()).toBe(true);
	await stop();
	await page.reload();
	await expect(all).toBeVisible();
	await expect(doubt).toBeHidden();
});
