import { afterAll, expect as assert, test } from 'vitest';
import { startServer } from '../server.ts';
import { acceptInvitation, invitationFor } from './accounts.ts';
import { person, setUp } from './people.ts';
import { expect } from './playwright.ts';
import { maya } from './practice.ts';

const server = await startServer();
const admin = await person();
const dana = await person();
afterAll(async () => {
	await admin.close();
	await dana.close();
	await server.stop();
});

const name = 'Dana Whitfield';
const email = 'dana@example.org';
const password = 'orange-window-seven';

test('a participant with an account finds her appointment, joins it, and sees nothing of the practice', async () => {
	await setUp(admin.page, server.setupUrl ?? '');
	await admin.page.getByRole('link', { name: 'Practice' }).click();
	const link = await invitationFor(admin.page, { email, role: 'participant-only' });
	await acceptInvitation(dana.page, { link, name, password });
	const row = admin.page.getByRole('listitem').filter({ hasText: email });
	await expect(row.getByRole('button', { name: `Deactivate ${name}` })).toBeVisible();
	await dana.page.reload();
	await dana.page.getByRole('link', { name: 'Sign in' }).click();
	await dana.page.getByRole('textbox', { name: 'Email' }).fill(email);
	await dana.page.getByRole('textbox', { name: 'Password' }).fill(password);
	await dana.page.getByRole('button', { name: 'Sign in' }).click();
	await expect(dana.page.getByRole('heading', { name: 'My appointments' })).toBeVisible();
	await expect(dana.page.getByText('No appointments are planned for you.')).toBeVisible();

	await admin.page.getByRole('link', { name: 'Today', exact: true }).click();
	await admin.page.getByRole('link', { name: 'New session now' }).click();
	await admin.page.getByRole('textbox', { name: 'Participant name' }).fill(name);
	const account = admin.page.getByRole('combobox', { name: 'Account (optional)' });
	await account.selectOption({ label: `${name}, ${email}` });
	await admin.page.getByRole('button', { name: 'Create session' }).click();
	await expect(admin.page.getByRole('textbox', { name: `Link for ${name}` })).toBeVisible();

	// Her page notices by itself; whom she meets was sealed to her.
	const join = dana.page.getByRole('link', { name: `Join ${maya.name}` });
	await expect(join).toBeVisible();
	for (const other of ['Schedule', 'Practice', 'Outbox'])
		await expect(dana.page.getByRole('link', { name: other, exact: true })).toBeHidden();
	await dana.page.getByRole('link', { name: 'Recordings' }).click();
	await expect(dana.page.getByRole('heading', { name: 'Recordings' })).toBeVisible();
	for (const path of ['/practice/people', '/practice/settings', '/schedule', '/sessions/new']) {
		await dana.page.goto(server.address + path);
		await expect(
			dana.page.getByRole('heading', { name: 'This page is for the staff of the practice' }),
		).toBeVisible();
	}
	await dana.page.goto(server.address);
	await join.click();
	await expect(dana.page.getByRole('heading', { name: 'Waiting room' })).toBeVisible();
	await admin.page.getByRole('link', { name: 'Today', exact: true }).click();
	await expect(admin.page.getByRole('button', { name: `Connect ${name}` })).toBeEnabled();
	assert(admin.complaints).toEqual([]);
});
