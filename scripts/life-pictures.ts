/** What happens to a recording after the visit, photographed: asked for, kept, shared, stored. */
import type { Locator, Page } from 'playwright-core';
import { Device } from '../tests/device.ts';
import { type Person, email, password, person } from '../tests/e2e/people.ts';
import { film } from '../tests/films.ts';
import { openGateway, openMailbox } from '../tests/post.ts';
import { storeRecording } from '../tests/recorded.ts';
import type { TestServer } from '../tests/server.ts';

export interface Visited {
	readonly server: TestServer;
	readonly maya: Person;
	readonly dana: Person;
	/** Dana's private link. */
	readonly link: string;
	/** Address of the recording. */
	readonly recording: string;
	readonly picture: (page: Page, name: string, of?: Locator) => Promise<void>;
}

const dayMs = 86_400_000;

export async function lifePictures(visited: Visited): Promise<void> {
	await afterVisit(visited);
	await keptUntil(visited);
	await shared(visited);
	await visited.maya.page.goto(`${visited.server.address}/vault`);
	await visited.maya.page.getByText('This browser', { exact: true }).waitFor();
	await visited.picture(visited.maya.page, 'vault');
	await stored(visited);
}

const button = (page: Page, name: string): Locator =>
	page.getByRole('button', { name, exact: true });

/** Dana asks for a copy. */
async function afterVisit({ dana, link, picture }: Visited): Promise<void> {
	await dana.page.goto(link);
	await dana.page.reload();
	await button(dana.page, 'Ask for a copy').click();
	await button(dana.page, 'Send request').click();
	await dana.page.getByText(/^To be answered by /).waitFor();
	await picture(dana.page, 'after-visit');
}

/** The practice has rules, and the recording a day that one of them asks for. */
async function keptUntil({ server, maya: { page }, recording, picture }: Visited): Promise<void> {
	await page.goto(`${server.address}/practice/retention`);
	await page.getByLabel('States of licence and practice').fill('CA');
	await button(page, 'Save rules').click();
	await page.getByText('They hold for sessions that are planned from now on.').waitFor();
	await page.goto(recording);
	await button(page, 'Change how long').click();
	await page.getByLabel('What it is kept for').selectOption('Part of the medical record');
	await page.getByRole('radio', { name: 'An adult' }).check();
	await page.getByLabel('States where the patient was').fill('WA');
	await page.getByText(/^The rule: Washington/).waitFor();
	await page.getByLabel('I know, keep it shorter').check();
	await button(page, 'Save').click();
	const kept = page.getByRole('region', { name: 'Kept until' });
	await kept.getByText(/Washington, psychologist/).waitFor();
	await picture(page, 'kept', kept);
}

/** Jonas, who has no account, opens it on his phone with five words. */
async function shared({ server, maya: { page }, recording, picture }: Visited): Promise<void> {
	const [mailbox, gateway] = await Promise.all([openMailbox(), openGateway()]);
	await server.restart({
		SMTP_URL: mailbox.url,
		MAIL_FROM: 'visits@alderstreet.example',
		SMS_URL: `${gateway.address}/send?to={to}&text={text}`,
	});
	await page.goto(recording);
	await button(page, 'Share by e-mail').click();
	const dialog = page.getByRole('dialog', { name: 'Share by e-mail' });
	await dialog.getByRole('textbox', { name: 'Full name' }).fill('Jonas Whitfield');
	await dialog.getByRole('textbox', { name: 'Email' }).fill('jonas@post.example');
	await dialog.getByRole('textbox', { name: 'Mobile' }).fill('+1 206 555 0148');
	await button(page, 'Create share').click();
	await dialog.getByText('E-mailed', { exact: true }).waitFor();
	await picture(page, 'share');
	const list = dialog.getByRole('list', { name: 'The five words' }).getByRole('listitem');
	const words = await list.allInnerTexts();
	await button(page, 'I have read them out').click();

	const jonas = await person({ width: 390, height: 844 });
	// Invitations that lay in the outbox went out too.
	const mails = mailbox.received.map(({ mail }) => mail.text ?? '').join('\n');
	await jonas.page.goto(/https?:\/\/\S+\/s\/[\w-]+/.exec(mails)?.[0] ?? '');
	await button(jonas.page, 'Send me the code').click();
	await jonas.page.getByRole('timer', { name: 'time left' }).waitFor();
	await picture(jonas.page, 'share-code');
	const code = /\b\d{6}\b/.exec(gateway.received[0]?.query.get('text') ?? '')?.[0] ?? '';
	await jonas.page.getByRole('textbox', { name: 'Code from the text message' }).fill(code);
	await jonas.page.getByRole('textbox', { name: 'The five words' }).fill(words.join(' '));
	await button(jonas.page, 'Open').click();
	await button(jonas.page, 'Play').click();
	await jonas.page.waitForTimeout(3000);
	await button(jonas.page, 'Pause').click();
	await picture(jonas.page, 'share-watch');
	await jonas.close();
	await Promise.all([mailbox.close(), gateway.close()]);
}

/** More from the months before, as the server's clock has it, so that there is something to draw. */
async function stored({ server, maya: { page }, picture }: Visited): Promise<void> {
	const one = film({ colour: '0x1f8a4c', tone: 500, seconds: 20, kilobits: 2000 });
	for (const [months, recordings] of [4, 3, 5, 6].entries()) {
		await server.restart({ CLOCK_OFFSET_MS: String((months - 4) * 30 * dayMs) });
		const device = await Device.signIn({ address: server.address, email, password });
		const filmed = { film: one, startMs: 0, durationMs: 20_000 };
		const people = [
			{ name: 'Dr. Maya Okafor', ...filmed },
			{ name: 'Dana Whitfield', ...filmed },
		] as const;
		for (let made = 0; made < recordings; made++) await storeRecording(device, { people });
	}
	await server.restart();
	await page.goto(`${server.address}/practice/storage`);
	await page.getByRole('table', { name: 'Storage by month' }).waitFor();
	await page.getByLabel('Price of a gigabyte a month (optional)').fill('0.5');
	await button(page, 'Save').click();
	await page.getByRole('columnheader', { name: 'Cost a month' }).waitFor();
	await picture(page, 'storage');
}
