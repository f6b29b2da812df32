import type { Page } from 'playwright-core';
import type { TestServer } from '../server.ts';

/** The first admin of the tests. */
export const maya = {
	practice: 'Alder Street Counseling',
	name: 'Dr. Maya Okafor',
	email: 'maya@alderstreet.example',
	password: 'quiet-harbor-eleven',
} as const;

/** Walks from the printed address to the dashboard; gives the recovery key. */
export async function setUp(page: Page, server: Pick<TestServer, 'setupUrl'>): Promise<string> {
	await page.goto(server.setupUrl ?? '');
	await page.getByRole('textbox', { name: 'Practice name' }).fill(maya.practice);
	await page.getByRole('textbox', { name: 'Your name' }).fill(maya.name);
	await page.getByRole('textbox', { name: 'Email' }).fill(maya.email);
	await page.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await page.getByRole('button', { name: 'Create practice' }).click();
	await page.getByRole('heading', { name: 'Save your recovery key' }).waitFor();
	const text = await page.getByRole('region', { name: 'Recovery key' }).textContent();
	const recoveryKey = text?.trim() ?? '';
	const last = page.getByRole('textbox', { name: 'Type the last group' });
	await last.fill(recoveryKey.split(' ').at(-1) ?? '');
	await page.getByRole('button', { name: 'I have saved it' }).click();
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	return recoveryKey;
}

/** Signs in on the page that is open, whatever it was on its way to. */
export async function signIn(page: Page, password: string = maya.password): Promise<void> {
	await page.getByRole('textbox', { name: 'Email' }).fill(maya.email);
	await page.getByRole('textbox', { name: 'Password' }).fill(password);
	await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Makes a session from the dashboard; gives the private link of each person. */
export async function newSession(
	page: Page,
	options: { names: readonly string[]; record?: boolean },
): Promise<string[]> {
	const { names, record = false } = options;
	await page.getByRole('link', { name: 'New session now' }).click();
	const fields = page.getByRole('textbox', { name: 'Participant name' });
	for (const [at, name] of names.entries()) {
		if (at > 0) await page.getByRole('button', { name: 'Add participant' }).click();
		await fields.nth(at).fill(name);
	}
	if (record) await page.getByRole('radio', { name: 'Record', exact: true }).check();
	await page.getByRole('button', { name: 'Create session' }).click();
	const links: string[] = [];
	for (const name of names)
		links.push(await page.getByRole('textbox', { name: `Link for ${name}` }).inputValue());
	return links;
}
