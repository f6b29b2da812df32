import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Device } from '../device.ts';
import { film } from '../films.ts';
import { type Gateway, type Mailbox, openGateway, openMailbox } from '../post.ts';
import { type Recorded, storeRecording } from '../recorded.ts';
import { type TestServer, startServer } from '../server.ts';
import { call as http } from '../wire.ts';
import { launch } from './browsers.ts';
import { watch } from './people.ts';
import { maya, setUp } from './practice.ts';

const jonas = { name: 'Jonas Whitfield', email: 'jonas@post.example', mobile: '+12065550148' };
const dana = 'Dana Whitfield';
const hours = 2;

let server: TestServer;
let mailbox: Mailbox;
let gateway: Gateway;
let browser: Browser;
let host: Page;
let guest: Page;
let recorded: Recorded;
let complaints: string[][];
let link = '';
let words: string[] = [];

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
	// Nobody who was ever here: no account, no storage, a screen like a phone's.
	const fresh = await browser.newContext({ viewport: { width: 390, height: 844 } });
	guest = await fresh.newPage();
	complaints = [watch(host), watch(guest)];
	await setUp(host, server);
	const device = await Device.signIn({ address: server.address, ...maya });
	const looks = (colour: string, tone: number) => film({ colour, tone, seconds: 8 });
	recorded = await storeRecording(device, {
		people: [
			{ name: maya.name, film: looks('0x1f8a4c', 500), startMs: 0, durationMs: 8_000 },
			{ name: dana, film: looks('0x8a2f9a', 1000), startMs: 0, durationMs: 8_000 },
		],
	});
}, 120_000);

afterAll(async () => {
	await browser?.close();
	await server?.stop();
	await Promise.all([mailbox?.close(), gateway?.close()]);
});

/** The code in the newest text message. */
const texted = () =>
	/\b\d{6}\b/.exec(gateway.received.at(-1)?.query.get('text') ?? '')?.[0] ?? 'no code';
const shared = (page: Page) => page.getByRole('region', { name: 'Shared by e-mail' });

async function faultsOf(page: Page): Promise<unknown[]> {
	const { violations } = await new AxeBuilder({ page }).analyze();
	return violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
}

test('a share is made, and its words are on the screen of who made it only', async () => {
	await host.goto(`${server.address}/recordings/${recorded.id}`);
	await host.getByRole('button', { name: 'Share by e-mail' }).click();
	const dialog = host.getByRole('dialog', { name: 'Share by e-mail' });
	await dialog.getByRole('textbox', { name: 'Full name' }).fill(jonas.name);
	await dialog.getByRole('textbox', { name: 'Email' }).fill(jonas.email);
	await dialog.getByRole('textbox', { name: 'Mobile' }).fill('+1 206 555 0148');
	await dialog.getByRole('spinbutton', { name: 'Expires in (hours)' }).fill(String(hours));
	await dialog.getByRole('checkbox', { name: maya.name }).uncheck();
	// Nobody is made to say why: then it counts in the accounting of disclosures.
	const why = dialog.getByRole('combobox', { name: 'Why may they have it?' });
	expect(await why.inputValue()).toBe('unsaid');
	await why.selectOption('authorized');
	await dialog.getByRole('textbox', { name: 'What is it for?' }).fill('Care at home');
	const ways = dialog.getByRole('radiogroup', { name: 'How do they get the key?' });
	expect(await ways.getByRole('radio', { name: 'Five words by phone' }).isChecked()).toBe(true);
	await ways.getByRole('radio', { name: 'Their own device' }).waitFor();
	// The practice does not allow it.
	expect(await ways.getByRole('radio', { name: 'A full link' }).count()).toBe(0);
	await dialog
		.getByText('The code checks the phone. It is not part of the encryption.')
		.first()
		.waitFor();
	expect(await faultsOf(host)).toEqual([]);
	await dialog.getByRole('button', { name: 'Create share' }).click();
	const list = dialog.getByRole('list', { name: 'The five words' }).getByRole('listitem');
	await list.nth(4).waitFor();
	words = await list.allInnerTexts();
	expect(words).toHaveLength(5);
	// It is said to be sent only when it was.
	await dialog.getByText('E-mailed', { exact: true }).waitFor({ timeout: 20_000 });
	await dialog.getByRole('button', { name: 'I have read them out' }).click();
	await shared(host).getByText('Not opened yet').waitFor();

	await expect.poll(() => mailbox.received.length, { timeout: 20_000 }).toBe(1);
	const { mail, raw } = mailbox.received[0] ?? {};
	link = /https?:\/\/\S+\/s\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? '';
	expect(link).toMatch(/\/s\/[\w-]{22}$/);
	for (const word of [...words, dana, '#']) expect(mail?.text).not.toContain(word);
	expect(raw?.toString()).not.toContain(dana);
});

test('a scanner that fetches everything in the mail changes nothing', async () => {
	for (let again = 0; again < 3; again++) {
		const answer = await fetch(link, { headers: { accept: 'text/html' } });
		expect(answer.status).toBe(200);
		await answer.text();
	}
	expect(gateway.received).toHaveLength(0);
	await host.reload();
	await shared(host).getByText('Not opened yet').waitFor();
});

test('a stranger on a phone opens it by code and five words, and sees only whom he was given', async () => {
	await guest.goto(link);
	await guest.getByRole('heading', { name: 'A recording is ready for you' }).waitFor();
	await guest.getByRole('button', { name: 'Send me the code' }).click();
	await guest.getByRole('timer', { name: 'time left' }).waitFor();
	expect(gateway.received).toHaveLength(1);
	const code = guest.getByRole('textbox', { name: 'Code from the text message' });
	const phrase = guest.getByRole('textbox', { name: 'The five words' });
	const open = guest.getByRole('button', { name: 'Open', exact: true });
	const right = texted();

	await code.fill(right === '123456' ? '654321' : '123456');
	await phrase.fill(words.join(' '));
	await open.click();
	await guest.getByText('That is not the code. Tries left: 4.').waitFor();
	await code.fill(right);
	await phrase.fill(words.toReversed().join(' '));
	await open.click();
	await guest.getByText('The code was right.').waitFor();
	await guest.getByText(/These are not the words/).waitFor({ timeout: 60_000 });

	// A few letters are enough: the rest is offered.
	const long = words.toSorted((a, b) => b.length - a.length)[0] ?? '';
	await phrase.fill('');
	await phrase.pressSequentially(long.slice(0, -1));
	await guest.getByRole('button', { name: `Use ${long}`, exact: true }).click();
	expect((await phrase.inputValue()).trim()).toBe(long);
	const [first = '', ...others] = words;
	await phrase.fill(`${first.toUpperCase()}  ${others.join('-')}`);
	expect(await faultsOf(guest)).toEqual([]);
	await open.click();

	const play = guest.getByRole('button', { name: 'Play', exact: true });
	await play.waitFor({ timeout: 60_000 });
	expect(await guest.locator('video').count()).toBe(1);
	expect(await guest.getByRole('checkbox', { name: /^Hear/ }).count()).toBe(1);
	await play.click();
	await guest
		.getByText('Anyone with the five words and the text message code; the server cannot')
		.waitFor();
	const time = () =>
		guest
			.locator(`video[aria-label="${dana}"]`)
			.evaluate((video: HTMLVideoElement) => video.currentTime);
	await expect.poll(time, { timeout: 20_000 }).toBeGreaterThan(1);
	expect(await guest.evaluate(() => document.body.scrollWidth)).toBeLessThanOrEqual(390);
	expect(await faultsOf(guest)).toEqual([]);
});

test('nothing of it is kept in the browser that showed it', async () => {
	const kept = await guest.evaluate(async () => {
		const names = await caches.keys();
		const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
		return {
			paths: requests.flat().map(({ url }) => new URL(url).pathname),
			databases: (await indexedDB.databases()).map(({ name }) => name),
			texts: JSON.stringify([localStorage, sessionStorage].map((one) => Object.entries(one))),
		};
	});
	expect(kept.paths.filter((path) => /^\/(?:media|api|s)\//.test(path))).toEqual([]);
	expect(kept.databases).not.toContain('sotto-share');
	for (const secret of [recorded.id, dana, ...words]) expect(kept.texts).not.toContain(secret);
});

test('the sharer sees that it was opened, and can show the words again', async () => {
	await host.reload();
	await shared(host)
		.getByText(/^Opened once/)
		.waitFor();
	await shared(host)
		.getByRole('button', { name: `Show the words for ${jonas.name}` })
		.click();
	const list = host.getByRole('list', { name: 'The five words' }).getByRole('listitem');
	await list.nth(4).waitFor();
	expect(await list.allInnerTexts()).toEqual(words);
});

test('when its time is over the same link opens nothing, and says so', async () => {
	await server.restart({ CLOCK_OFFSET_MS: String(hours * 60 * 60_000 + 60_000) });
	await guest.goto(link);
	await guest.getByRole('heading', { name: 'The time of this share is over' }).waitFor();
	expect(await guest.locator('video').count()).toBe(0);
	const id = link.split('/').at(-1) ?? '';
	const send = await http(server.address, 'POST', `/api/shares/${id}/code`, { body: {} });
	expect(send.status).toBe(410);
	expect(gateway.received).toHaveLength(1);
});

test('nothing was complained about but what was refused on purpose', () => {
	expect(complaints).toEqual([[], []]);
});
