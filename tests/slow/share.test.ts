import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Device } from '../device.ts';
import { launch } from '../e2e/browsers.ts';
import { watch } from '../e2e/people.ts';
import { maya, setUp } from '../e2e/practice.ts';
import { film } from '../films.ts';
import { type Gateway, type Mailbox, openGateway, openMailbox } from '../post.ts';
import { type Recorded, storeRecording } from '../recorded.ts';
import { type TestServer, startServer } from '../server.ts';

const jonas = { name: 'Jonas Whitfield', email: 'jonas@post.example', mobile: '+12065550148' };
const dana = 'Dana Whitfield';

let server: TestServer;
let mailbox: Mailbox;
let gateway: Gateway;
let browser: Browser;
let host: Page;
let recorded: Recorded;
let complaints: string[];

beforeAll(async () => {
	[mailbox, gateway, browser] = await Promise.all([openMailbox(), openGateway(), launch()]);
	server = await startServer({
		env: {
			SMTP_URL: mailbox.url,
			MAIL_FROM: 'visits@alderstreet.example',
			SMS_URL: `${gateway.address}/send?to={to}&text={text}`,
		},
	});
	host = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
	complaints = watch(host);
	await setUp(host, server);
	const device = await Device.signIn({ address: server.address, ...maya });
	const looks = (colour: string, tone: number) => film({ colour, tone, seconds: 8 });
	recorded = await storeRecording(device, {
		people: [
			{ name: maya.name, film: looks('0x1f8a4c', 500), startMs: 0, durationMs: 8_000 },
			{ name: dana, film: looks('0x8a2f9a', 1000), startMs: 0, durationMs: 8_000 },
		],
	});
});

afterAll(async () => {
	await browser?.close();
	await server?.stop();
	await Promise.all([mailbox?.close(), gateway?.close()]);
});

/** Somebody who was never here, with a screen like a phone's. */
async function fresh(): Promise<Page> {
	const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
	return context.newPage();
}

/** Opens the dialog on the recording's page and asks for a share by this way. */
async function share(way: string): Promise<void> {
	await host.goto(`${server.address}/recordings/${recorded.id}`);
	await host.getByRole('button', { name: 'Share by e-mail' }).click();
	const dialog = host.getByRole('dialog', { name: 'Share by e-mail' });
	await dialog.getByRole('radio', { name: way }).check();
	await dialog.getByRole('textbox', { name: 'Full name' }).fill(jonas.name);
	const email = dialog.getByRole('textbox', { name: 'Email' });
	if ((await email.count()) > 0) await email.fill(jonas.email);
	await dialog.getByRole('textbox', { name: 'Mobile' }).fill(jonas.mobile);
	await dialog.getByRole('button', { name: 'Create share' }).click();
}

/** Has the code sent and types it. */
async function proveThePhone(page: Page): Promise<void> {
	const before = gateway.received.length;
	await page.getByRole('button', { name: 'Send me the code' }).click();
	await page.getByRole('timer', { name: 'time left' }).waitFor();
	expect(gateway.received).toHaveLength(before + 1);
	const text = gateway.received.at(-1)?.query.get('text') ?? '';
	const code = /\b\d{6}\b/.exec(text)?.[0] ?? '';
	await page.getByRole('textbox', { name: 'Code from the text message' }).fill(code);
}

const mailed = async (count: number): Promise<string> => {
	await expect.poll(() => mailbox.received.length, { timeout: 30_000 }).toBe(count);
	const text = mailbox.received.at(-1)?.mail.text ?? '';
	return /https?:\/\/\S+\/s\/[\w-]+/.exec(text)?.[0] ?? '';
};
const groups = (text: string) => text.match(/\b\d{5}\b/g);

test('their own device: a stranger is sent away, the right one opens after 30 digits were compared', async () => {
	await share('Their own device');
	await host.getByRole('button', { name: 'Done' }).click();
	const link = await mailed(1);

	const stranger = await fresh();
	await stranger.goto(link);
	await proveThePhone(stranger);
	await stranger.getByRole('button', { name: 'Open', exact: true }).click();
	const seen = stranger.getByRole('group', { name: 'Your 30 digits' });
	await seen.waitFor();
	const compare = host.getByRole('button', { name: `Compare with ${jonas.name}` });
	await compare.click({ timeout: 30_000 });
	const dialog = host.getByRole('dialog', { name: 'Compare these numbers' });
	await dialog
		.getByText(/^\d{5}$/)
		.first()
		.waitFor();
	expect(groups(await dialog.innerText())).toEqual(groups(await seen.innerText()));
	expect(groups(await seen.innerText())).toHaveLength(6);
	// Whose keys would go there, as she signed it herself.
	await dialog.getByText(/^What it gets: the sound and picture of .*Dana Whitfield/).waitFor();
	await dialog.getByRole('button', { name: 'They do not match' }).click();
	await stranger.getByRole('heading', { name: 'This device was not approved' }).waitFor();

	const own = await fresh();
	await own.goto(link);
	await proveThePhone(own);
	await own.getByRole('button', { name: 'Open', exact: true }).click();
	const digits = own.getByRole('group', { name: 'Your 30 digits' });
	await digits.waitFor();
	await compare.click({ timeout: 30_000 });
	await dialog
		.getByText(/^\d{5}$/)
		.first()
		.waitFor();
	expect(groups(await dialog.innerText())).toEqual(groups(await digits.innerText()));
	await dialog.getByRole('button', { name: 'They match' }).click();
	await own.getByRole('button', { name: 'Play', exact: true }).waitFor({ timeout: 30_000 });
	await own.getByText(`Only ${jonas.name}'s device can open it, checked by voice`).waitFor();
	await host
		.getByText(`Only ${jonas.name}'s device can open it, checked by voice`)
		.waitFor({ timeout: 30_000 });

	// The same browser opens it again without being asked twice; another one does not.
	await own.reload();
	await proveThePhone(own);
	await own.getByRole('button', { name: 'Open', exact: true }).click();
	await own.getByRole('button', { name: 'Play', exact: true }).waitFor({ timeout: 30_000 });
	const other = await fresh();
	await other.goto(link);
	await proveThePhone(other);
	await other.getByRole('button', { name: 'Open', exact: true }).click();
	await other.getByRole('heading', { name: 'Another device has the key' }).waitFor();
});

test('ended while it plays, it is closed on the screen of who watches', async () => {
	await share('Five words by phone');
	const list = host.getByRole('list', { name: 'The five words' }).getByRole('listitem');
	await list.nth(4).waitFor();
	const words = await list.allInnerTexts();
	await host.getByRole('button', { name: 'I have read them out' }).click();
	const page = await fresh();
	await page.goto(await mailed(2));
	await proveThePhone(page);
	await page.getByRole('textbox', { name: 'The five words' }).fill(words.join(' '));
	await page.getByRole('button', { name: 'Open', exact: true }).click();
	await page.getByRole('button', { name: 'Play', exact: true }).waitFor({ timeout: 60_000 });
	// The server does not know this page any more: the phone is proven again, nothing else is lost.
	await server.restart();
	const src = await page.locator('video').first().getAttribute('src');
	await page.evaluate(async (path) => {
		const answer = await fetch(path ?? '', { headers: { range: 'bytes=100000-' } });
		await answer.arrayBuffer().catch(() => undefined);
	}, src);
	await page.getByText(/^Too much time went by/).waitFor();
	await proveThePhone(page);
	await page.getByRole('textbox', { name: 'The five words' }).fill(words.join(' '));
	await page.getByRole('button', { name: 'Open', exact: true }).click();
	await page.getByRole('button', { name: 'Play', exact: true }).waitFor({ timeout: 60_000 });
	await host
		.getByRole('button', { name: `End the share for ${jonas.name}` })
		.first()
		.click();
	await host.getByRole('button', { name: 'End it now' }).click();
	await page.getByRole('heading', { name: 'This share was ended' }).waitFor({ timeout: 60_000 });
	expect(await page.locator('video').count()).toBe(0);
});

test('a full link, where the practice allows it: the key leaves the address at once and is mailed to nobody', async () => {
	await host.goto(`${server.address}/practice/settings`);
	await host.getByRole('checkbox', { name: 'Allow full links' }).check();
	await host.getByRole('button', { name: 'Save settings' }).click();
	await host.getByText('Saved').waitFor();
	await share('A full link');
	const full = await host.getByRole('textbox', { name: 'Full link' }).inputValue();
	expect(full).toMatch(/\/s\/[\w-]{22}#[\w-]{22}$/);
	const page = await fresh();
	await page.goto(full);
	await page.getByRole('button', { name: 'Send me the code' }).waitFor();
	expect(page.url()).toBe(full.split('#')[0]);
	await proveThePhone(page);
	await page.getByRole('button', { name: 'Open', exact: true }).click();
	await page.getByRole('button', { name: 'Play', exact: true }).waitFor({ timeout: 30_000 });
	expect(mailbox.received).toHaveLength(2);

	// A gateway on the way made a part of the path of the fragment.
	const spoilt = await fresh();
	await spoilt.goto(full.replace('#', '%23'));
	await spoilt.getByRole('heading', { name: 'Something on the way changed this link' }).waitFor();
	await page.reload();
	await page.getByRole('heading', { name: 'Something on the way changed this link' }).waitFor();
	expect(complaints).toEqual([]);
});
