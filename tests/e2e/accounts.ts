import type { Page } from 'playwright-core';
import { expect } from './playwright.ts';

/** Opens the dialog for an invitation and gives its link. */
export async function invitationFor(
	page: Page,
	{ email, role }: { email: string; role?: string | undefined },
): Promise<string> {
	await page.getByRole('button', { name: 'Invite a colleague' }).click();
	await page.getByRole('textbox', { name: 'Email' }).fill(email);
	if (role) await page.getByRole('combobox', { name: 'Role', exact: true }).selectOption(role);
	await page.getByRole('button', { name: 'Create invitation' }).click();
	const dialog = page.getByRole('dialog');
	const link = await dialog
		.getByRole('textbox', { name: `Invitation link for ${email}` })
		.inputValue();
	await dialog.getByRole('button', { name: 'Close' }).click();
	return link;
}

/** Accepts an invitation, up to the saved recovery key. */
export async function acceptInvitation(
	page: Page,
	{ link, name, password }: { link: string; name: string; password: string },
): Promise<void> {
	await page.goto(link);
	await expect(page.getByRole('heading', { name: 'Accept your invitation' })).toBeVisible();
	await page.getByRole('textbox', { name: 'Your name' }).fill(name);
	await page.getByRole('textbox', { name: 'Password' }).fill(password);
	await page.getByRole('button', { name: 'Accept invitation' }).click();
	const region = page.getByRole('region', { name: 'Recovery key' });
	const key = (await region.textContent())?.trim() ?? '';
	const last = page.getByRole('textbox', { name: 'Type the last group' });
	await last.fill(key.split(' ').at(-1) ?? '');
	await page.getByRole('button', { name: 'I have saved it' }).click();
}

/** Until a page says that an admin has confirmed: it asks four times a minute, and at once when somebody comes back to it. */
export async function confirmed(page: Page): Promise<void> {
	await page.getByRole('status', { name: 'Waiting for an admin to confirm' }).waitFor();
	await page.waitForFunction(
		() => {
			document.dispatchEvent(new Event('visibilitychange'));
			return document.querySelector('h1')?.textContent === 'You are confirmed';
		},
		undefined,
		{ polling: 300 },
	);
}
