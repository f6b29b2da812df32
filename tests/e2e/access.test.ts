import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { join, openApp, password } from '../app.ts';
import { Device } from '../device.ts';
import { film } from '../films.ts';
import { type Recorded, storeRecording } from '../recorded.ts';
import { type TestServer, startServer } from '../server.ts';
import { launch } from './browsers.ts';
import { watch } from './people.ts';
import { maya, setUp } from './practice.ts';

// Tom's recording: an admin opens it for a reason, he is told, gives and takes access, and deletes it.
const tom = { name: 'Tom Reyes', email: 'tom@alderstreet.example' };
const ida = { name: 'Ida Brandt', email: 'ida@alderstreet.example' };
const reason = 'Complaint by the client of 12 May';
let server: TestServer;
let browser: Browser;
let admin: Page;
let host: Page;
let recorded: Recorded;
let left: Recorded;
let tomsId: string;
let complaints: string[];

async function pageOf(width: number): Promise<Page> {
	const context = await browser.newContext({ viewport: { width, height: 844 } });
	return context.newPage();
}

beforeAll(async () => {
	server = await startServer();
	browser = await launch();
	admin = await pageOf(1280);
	complaints = watch(admin);
	await setUp(admin, server);
	const app = await openApp(server.address);
	await app.account.signIn(maya.email, maya.password);
	({ id: tomsId } = await join(app, { ...tom, role: 'clinician' }));
	await join(app, { ...ida, role: 'clinician' });
	const device = await Device.signIn({ address: server.address, email: tom.email, password });
	const look = { colour: '0x1f8a4c', tone: 500, seconds: 8 };
	const films = { film: film(look), startMs: 0, durationMs: 8000 };
	const people = [
		{ name: tom.name, ...films },
		{ name: 'Dana Whitfield', ...films },
	] as const;
	recorded = await storeRecording(device, { people: [...people] });
	left = await storeRecording(device, { people: [...people] });
	host = await pageOf(390);
}, 120_000);

afterAll(async () => {
	await browser?.close();
	await server?.stop();
});

const accessible = async (page: Page) => {
	const { violations } = await new AxeBuilder({ page }).analyze();
	expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
};

test('an admin says why before a recording of somebody else opens', async () => {
	await admin.goto(`${server.address}/recordings/${recorded.id}`);
	await admin.getByRole('heading', { name: 'Why do you open this recording?' }).waitFor();
	expect(await admin.getByText('Dana Whitfield').count()).toBe(0);
	const open = admin.getByRole('button', { name: 'Open the recording' });
	expect(await open.isDisabled()).toBe(true);
	await accessible(admin);
	await admin.getByRole('textbox', { name: 'Reason' }).fill(reason);
	await open.click();
	await admin.getByRole('button', { name: 'Play', exact: true }).waitFor();
	expect(complaints).toEqual([]);
});

test('the host is told on a phone, sees who did what, shares it with a colleague and takes it back', async () => {
	await host.goto(`${server.address}/sign-in`);
	await host.getByRole('textbox', { name: 'Email' }).fill(tom.email);
	await host.getByRole('textbox', { name: 'Password' }).fill(password);
	await host.getByRole('button', { name: 'Sign in' }).click();
	const note = host.getByRole('status', { name: 'Somebody opened a recording of yours' });
	await note.getByText(`${maya.name} opened your recording`).waitFor();
	await note.getByText(`Reason: ${reason}`).waitFor();
	await note.getByRole('button', { name: 'I know' }).click();
	await note.waitFor({ state: 'detached' });

	await host.goto(`${server.address}/recordings/${recorded.id}`);
	const openers = host.getByRole('region', { name: 'Who can open this' });
	await openers.getByText(`What ${maya.name} did (1)`).click();
	await openers.getByText(reason).waitFor();
	await openers.getByRole('button', { name: 'Share with a colleague' }).click();
	const sharing = host.getByRole('dialog', { name: 'Share with a colleague' });
	const colleague = sharing.getByRole('combobox', { name: 'Colleague' });
	// Administrators can open it already.
	expect(await colleague.getByRole('option').allTextContents()).toEqual(['', ida.name]);
	await colleague.selectOption(ida.name);
	await sharing.getByRole('button', { name: `Share with ${ida.name}` }).click();
	const take = openers.getByRole('button', { name: `Take access away from ${ida.name}` });
	await take.click();
	const taking = host.getByRole('dialog', { name: `Take access away from ${ida.name}?` });
	await taking.getByText('This does not take back what').waitFor();
	await accessible(host);
	await taking.getByRole('button', { name: 'Take access away' }).click();
	await openers.getByText(`${ida.name} can no longer open this recording.`).waitFor();
	await take.waitFor({ state: 'detached' });
	await openers.getByText(`${ida.name} may have kept keys of it.`).waitFor();
	await openers.getByRole('button', { name: 'Seal anew' }).click();
	const relocking = host.getByRole('dialog', { name: 'Seal this recording anew?' });
	await relocking.getByRole('checkbox', { name: tom.name }).waitFor();
	expect(await relocking.getByRole('checkbox', { name: ida.name }).count()).toBe(0);
	await relocking.getByRole('button', { name: 'Cancel' }).click();
	await openers.getByText(`What ${tom.name} did`).click();
	await openers.getByText(`took away access to the recording: ${ida.name}`).waitFor();
});

test('after deleting it he gets a receipt, and again whenever he looks', async () => {
	await host.getByRole('button', { name: 'Delete recording' }).click();
	const dialog = host.getByRole('dialog', { name: 'Delete this recording?' });
	await dialog.getByRole('button', { name: 'Delete now' }).click();
	const receipt = host.getByRole('region', { name: 'Receipt of the deletion' });
	for (const again of [false, true]) {
		if (again) await host.reload();
		await receipt.getByText('Sealed keys: 2').waitFor();
		await receipt.getByText('Sealed tracks: 3').waitFor();
		await receipt.getByText('Members who opened it: 2').waitFor();
		await receipt.getByText(`${tom.name} signed that it is to be deleted`).waitFor();
	}
	await accessible(host);
	const overflows = await host.evaluate(() => document.body.scrollWidth > innerWidth);
	expect(overflows).toBe(false);
});

test('when he left, an admin hands his recording to a colleague and seals it anew', async () => {
	await admin.goto(`${server.address}/practice/people`);
	await admin.getByRole('button', { name: `Deactivate ${tom.name}` }).click();
	const leaving = admin.getByRole('dialog');
	await leaving.getByRole('button', { name: 'Deactivate', exact: true }).click();
	await admin.getByText('Deactivated', { exact: true }).waitFor();
	await admin.goto(`${server.address}/practice/left?of=${tomsId}`);
	await admin.getByRole('combobox', { name: 'New host' }).selectOption(ida.name);
	await accessible(admin);
	await admin.getByRole('button', { name: 'Hand over to this colleague' }).click();
	await admin.getByText('Done: 1 of 1.').waitFor();
	await admin.getByRole('button', { name: 'Start with the new keys' }).click();
	await admin.getByText('Done: 1 of 1.').nth(1).waitFor();
	// Nothing is his any more.
	await admin.getByText(`Nothing that you can open was recorded by ${tom.name}`).waitFor();
	await admin.goto(`${server.address}/recordings/${left.id}`);
	await admin.getByRole('textbox', { name: 'Reason' }).fill(reason);
	await admin.getByRole('button', { name: 'Open the recording' }).click();
	const openers = admin.getByRole('region', { name: 'Who can open this' });
	await openers.getByText(ida.name).first().waitFor();
	expect(await openers.getByText(tom.name, { exact: true }).count()).toBe(0);
	expect(complaints).toEqual([]);
});
