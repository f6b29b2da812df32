import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { launch } from './browsers.ts';
import { maya, setUp, signIn } from './practice.ts';

const server = await startServer();
const browser = await launch();
afterAll(async () => {
	await browser.close();
	await server.stop();
});

const context = await browser.newContext();
const page = await context.newPage();
const fresh = 'another-long-password-2026';
let recoveryKey = '';

/** A security key in software, as the browser's own tools offer it. */
async function authenticator(on: Page, options: { prf: boolean }): Promise<void> {
	const tools = await on.context().newCDPSession(on);
	await tools.send('WebAuthn.enable');
	await tools.send('WebAuthn.addVirtualAuthenticator', {
		options: {
			protocol: 'ctap2',
			ctap2Version: 'ctap2_1',
			transport: 'internal',
			hasResidentKey: true,
			hasUserVerification: true,
			isUserVerified: true,
			automaticPresenceSimulation: true,
			hasPrf: options.prf,
		},
	});
}

const faults = async (on: Page): Promise<string[]> => {
	const { violations } = await new AxeBuilder({ page: on }).analyze();
	return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
};

const today = (on: Page) => on.getByRole('heading', { name: 'Today' }).waitFor();
const vault = async (on: Page): Promise<void> => {
	await on.getByRole('link', { name: 'Your vault' }).click();
	await on.getByRole('heading', { name: 'Your vault' }).waitFor();
};

/** Shows once more that it is she, as every change of a way in wants it. */
const prove = async (on: Page, by: string): Promise<void> => {
	const dialog = on.getByRole('dialog', { name: 'First, show that it is you' });
	if (by === 'passkey') return dialog.getByRole('button', { name: 'Use a passkey' }).click();
	await dialog.getByRole('textbox', { name: 'Password' }).fill(by);
	await dialog.getByRole('button', { name: 'Go on' }).click();
};

test('an authenticator without PRF is no way in, and says so', async () => {
	await setUp(page, server);
	const other = await browser.newContext();
	const tab = await other.newPage();
	await authenticator(tab, { prf: false });
	await tab.goto(`${server.address}/sign-in`);
	await signIn(tab);
	await today(tab);
	await vault(tab);
	await tab.getByRole('button', { name: 'Add a passkey' }).click();
	await prove(tab, maya.password);
	await tab.getByText('This passkey cannot unlock an account.').waitFor();
	await tab.getByText('that opens nothing. Delete it there.').waitFor();
	await tab.getByText('None yet.').waitFor();
	await other.close();
});

test('a passkey unlocks, and signs in without an address', async () => {
	await authenticator(page, { prf: true });
	await vault(page);
	await page.getByRole('button', { name: 'Add a passkey' }).click();
	await prove(page, 'not-her-password-at-all');
	await page.getByRole('dialog').getByRole('alert').waitFor();
	await prove(page, maya.password);
	await page.getByText('The passkey opens your account from now on.').waitFor();
	await page.getByRole('button', { name: 'Lock', exact: true }).click();
	await page.getByRole('button', { name: 'Use a passkey' }).click();
	await page.getByRole('heading', { name: 'Your vault' }).waitFor();
	await page.getByRole('button', { name: 'Sign out', exact: true }).click();
	// Everything is forgotten by then; a page that comes sooner may still find her signed in.
	await page.getByRole('textbox', { name: 'Email' }).waitFor();
	await page.goto(`${server.address}/sign-in`);
	await page.getByRole('button', { name: 'Use a passkey' }).click();
	await today(page);
});

test('the password is changed, and the passkey still unlocks', async () => {
	await vault(page);
	await page.getByRole('button', { name: 'Change password' }).click();
	await prove(page, 'passkey');
	await page.getByRole('textbox', { name: 'New password', exact: true }).fill(fresh);
	const again = page.getByRole('textbox', { name: 'The new password once more' });
	await again.fill('something-else-entirely');
	await page.getByRole('button', { name: 'Save the new password' }).click();
	await page.getByText('These two are not the same.').waitFor();
	await again.fill(fresh);
	await page.getByRole('button', { name: 'Save the new password' }).click();
	await page.getByText('Your password is changed.').waitFor();
	await page.getByRole('button', { name: 'Lock', exact: true }).click();
	await page.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await page.getByRole('button', { name: 'Unlock' }).click();
	await page.getByRole('alert').waitFor();
	await page.getByRole('button', { name: 'Use a passkey' }).click();
	await page.getByRole('heading', { name: 'Your vault' }).waitFor();
});

test('a new recovery key is in force only once it was written down', async () => {
	await page.getByRole('button', { name: 'Make a new recovery key' }).click();
	await page.getByRole('button', { name: 'Cancel' }).click();
	await page.getByRole('button', { name: 'Make a new recovery key' }).click();
	await prove(page, fresh);
	const region = page.getByRole('region', { name: 'Recovery key' });
	recoveryKey = (await region.textContent())?.trim() ?? '';
	await page.getByRole('textbox', { name: 'Type the last group' }).fill(recoveryKey.slice(-4));
	const unlockers = '**/api/account/unlockers';
	await page.route(unlockers, (route) => route.abort());
	await page.getByRole('button', { name: 'I have saved it' }).click();
	await page.getByText('The new key may not be in force yet.').waitFor();
	expect((await region.textContent())?.trim()).toBe(recoveryKey);
	await page.unroute(unlockers);
	await page.getByRole('button', { name: 'I have saved it' }).click();
	await page.getByText('Your new recovery key is in force.').waitFor();
});

test('another browser gets in with the new recovery key, and is signed out from here', async () => {
	const other = await browser.newContext();
	const tab = await other.newPage();
	await tab.goto(`${server.address}/sign-in`);
	await tab.getByRole('link', { name: 'Use recovery key' }).click();
	await tab.getByRole('textbox', { name: 'Email' }).fill(maya.email);
	await tab.getByRole('textbox', { name: 'Recovery key' }).fill(recoveryKey);
	await tab.getByRole('textbox', { name: 'New password' }).fill(`${fresh}-2`);
	await tab.getByRole('button', { name: 'Set new password' }).click();
	await today(tab);
	await page.reload();
	const devices = page.getByRole('list', { name: 'Where you are signed in' });
	await devices.getByText('Last used').first().waitFor();
	await devices
		.getByRole('button', { name: /^Remove/ })
		.first()
		.click();
	await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
	await page.getByText(/ is signed out\.$/).waitFor();
	await other.close();
});

test('a passkey that was removed opens nothing', async () => {
	await page.getByRole('button', { name: /^Remove the passkey of/ }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
	await prove(page, `${fresh}-2`);
	await page.getByText('The passkey is removed.').waitFor();
	await page.getByRole('button', { name: 'Lock', exact: true }).click();
	await page.getByRole('button', { name: 'Use a passkey' }).click();
	await page.getByText('This passkey opens no account here.').waitFor();
	await page.getByRole('textbox', { name: 'Password' }).fill(`${fresh}-2`);
	await page.getByRole('button', { name: 'Unlock' }).click();
	await page.getByRole('heading', { name: 'Your vault' }).waitFor();
});

test('a browser without a password is let in by one that is open, once both show the same digits', async () => {
	const other = await browser.newContext();
	const tab = await other.newPage();
	await tab.goto(`${server.address}/sign-in`);
	await tab.getByRole('link', { name: 'Use another browser of yours' }).click();
	await tab.getByText('Waiting for the other browser.').waitFor();
	const code = await tab.getByRole('region', { name: 'Code of this browser' }).textContent();
	await page.getByRole('button', { name: 'Add a browser' }).click();
	await prove(page, `${fresh}-2`);
	const dialog = page.getByRole('dialog', { name: 'Add a browser' });
	const field = dialog.getByRole('textbox', { name: 'Code of the other browser' });
	await field.fill('0000-0000');
	await dialog.getByRole('button', { name: 'Find this browser' }).click();
	await dialog.getByText('No browser waits with this code.').waitFor();
	await field.fill(code ?? '');
	await dialog.getByRole('button', { name: 'Find this browser' }).click();
	const digits = await dialog.getByRole('region', { name: 'Digits to compare' }).textContent();
	const there = tab.getByRole('region', { name: 'Digits to compare' });
	expect(digits).toMatch(/^\d{3} \d{3} \d{3}$/);
	expect(await there.textContent()).toBe(digits);
	for (const on of [tab, page]) expect(await faults(on)).toEqual([]);
	await tab.getByRole('button', { name: 'The digits are the same' }).click();
	await tab.getByText('Now press “The digits are the same” in the other browser too.').waitFor();
	await dialog.getByRole('button', { name: 'The digits are the same' }).click();
	await today(tab);
	await page.getByText(/ is let in\.$/).waitFor();
	await page.getByText('Let in on').waitFor();
	await other.close();
});

test('all keys are replaced, and only what is new is a way in', async () => {
	const newest = 'a-lantern-for-the-stairs';
	await page.getByRole('button', { name: 'Replace all my keys' }).click();
	await prove(page, `${fresh}-2`);
	const dialog = page.getByRole('dialog', { name: 'New keys' });
	await dialog.getByRole('textbox', { name: 'New password', exact: true }).fill(newest);
	await dialog.getByRole('textbox', { name: 'The new password once more' }).fill(newest);
	await dialog.getByRole('button', { name: 'Make my new keys' }).click();
	const text = (await dialog.getByRole('region', { name: 'Recovery key' }).textContent()) ?? '';
	expect(text.trim()).not.toBe(recoveryKey);
	await dialog.getByRole('textbox', { name: 'Type the last group' }).fill(text.trim().slice(-4));
	await dialog.getByRole('button', { name: 'I have saved it' }).click();
	await page.getByText('All of yours is sealed for your new keys.').waitFor();
	await page.getByRole('heading', { name: 'Your vault' }).waitFor();
	await page.getByRole('button', { name: 'Lock', exact: true }).click();
	await page.getByRole('textbox', { name: 'Password' }).fill(`${fresh}-2`);
	await page.getByRole('button', { name: 'Unlock' }).click();
	await page.getByRole('alert').waitFor();
	await page.getByRole('textbox', { name: 'Password' }).fill(newest);
	await page.getByRole('button', { name: 'Unlock' }).click();
	await page.getByRole('heading', { name: 'Your vault' }).waitFor();
});

test.each(['light', 'dark'] as const)(
	'the vault has no fault that axe finds, %s',
	async (colorScheme) => {
		await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		await page.getByText('This browser', { exact: true }).waitFor();
		expect(await faults(page)).toEqual([]);
	},
);
