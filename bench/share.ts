/** How long a share takes: from the button to the link, and from the code to the first picture of one hour. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { Device } from '../tests/device.ts';
import { person } from '../tests/e2e/people.ts';
import { maya, setUp } from '../tests/e2e/practice.ts';
import { film } from '../tests/films.ts';
import { openGateway, openMailbox } from '../tests/post.ts';
import { storeRecording } from '../tests/recorded.ts';
import { startServer } from '../tests/server.ts';
import { hour } from './playback.ts';
import type { Figures, Options } from './tools/options.ts';
import { median, range, say, table } from './tools/table.ts';

const hourMs = 60 * 60_000;

/** Fills in the dialog; gives the milliseconds from the button to the words, and the words. */
async function share(page: Page): Promise<{ linkMs: number; words: string }> {
	await page.getByRole('button', { name: 'Share by e-mail' }).click();
	const dialog = page.getByRole('dialog', { name: 'Share by e-mail' });
	await dialog.getByRole('textbox', { name: 'Full name' }).fill('Jonas Whitfield');
	await dialog.getByRole('textbox', { name: 'Email' }).fill('jonas@post.example');
	await dialog.getByRole('textbox', { name: 'Mobile' }).fill('+12065550148');
	const linkMs = await dialog.getByRole('button', { name: 'Create share' }).evaluate(
		(button: HTMLElement) =>
			new Promise<number>((resolve) => {
				const startedAt = performance.now();
				const watch = new MutationObserver(() => {
					if (document.querySelectorAll('dialog ol li').length < 5) return;
					watch.disconnect();
					resolve(performance.now() - startedAt);
				});
				watch.observe(document.body, { subtree: true, childList: true });
				button.click();
			}),
	);
	const list = dialog.getByRole('list', { name: 'The five words' }).getByRole('listitem');
	const words = (await list.allInnerTexts()).join(' ');
	await dialog.getByRole('button', { name: 'I have read them out' }).click();
	return { linkMs, words };
}

/** Milliseconds from Open, with code and words typed, to the first picture of the hour. */
async function open(page: Page, { words, code }: { words: string; code: () => string }) {
	await page.getByRole('button', { name: 'Send me the code' }).click();
	await page.getByRole('timer', { name: 'time left' }).waitFor();
	await page.getByRole('textbox', { name: 'Code from the text message' }).fill(code());
	await page.getByRole('textbox', { name: 'The five words' }).fill(words);
	// Nobody reads a text message and types five words faster than this.
	await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
	return page.getByRole('button', { name: 'Open', exact: true }).evaluate(
		(button: HTMLElement, name) =>
			new Promise<number>((resolve) => {
				const startedAt = performance.now();
				const watch = new MutationObserver(() => {
					const video = document.querySelector<HTMLVideoElement>(`video[aria-label="${name}"]`);
					if (!video) return;
					watch.disconnect();
					video.requestVideoFrameCallback(() => resolve(performance.now() - startedAt));
				});
				watch.observe(document.body, { subtree: true, childList: true });
				button.click();
			}),
		maya.name,
	);
}

/** `linkMs`: button to "link ready"; `firstFrameMs`: code and words to the first picture, in a profile that was never here. Medians. */
export async function run({ repeats = 5 }: Options): Promise<Figures> {
	const [mailbox, gateway] = await Promise.all([openMailbox(), openGateway()]);
	const server = await startServer({
		env: {
			SMTP_URL: mailbox.url,
			MAIL_FROM: 'visits@alderstreet.example',
			SMS_URL: `${gateway.address}/send?to={to}&text={text}`,
		},
	});
	const host = await person();
	try {
		await setUp(host.page, server);
		const device = await Device.signIn({ address: server.address, ...maya });
		const short = film({ colour: '0x8a2f9a', tone: 1000, seconds: 5 });
		const recorded = await storeRecording(device, {
			people: [
				{ name: maya.name, film: readFileSync(hour()), startMs: 0, durationMs: hourMs },
				{ name: 'Dana Whitfield', film: short, startMs: 0, durationMs: 5_000 },
			],
		});
		const links: number[] = [];
		const frames: number[] = [];
		// The first round is thrown away: the server has read nothing yet.
		for (let at = 0; at <= repeats; at++) {
			await host.page.goto(`${server.address}/recordings/${recorded.id}`);
			await host.page.getByRole('button', { name: 'Play', exact: true }).waitFor();
			const { linkMs, words } = await share(host.page);
			while (mailbox.received.length <= at) await new Promise((resolve) => setTimeout(resolve, 50));
			const link = /https?:\/\/\S+\/s\/[\w-]+/.exec(mailbox.received.at(-1)?.mail.text ?? '')?.[0];
			const guest = await person({ width: 390, height: 844 });
			await guest.page.goto(link ?? '');
			const code = () =>
				/\b\d{6}\b/.exec(gateway.received.at(-1)?.query.get('text') ?? '')?.[0] ?? '';
			const firstFrameMs = await open(guest.page, { words, code });
			await guest.close();
			if (at === 0) continue;
			links.push(linkMs);
			frames.push(firstFrameMs);
		}
		say('  one hour of one person, by five words');
		table([
			{ what: 'button to link', ms: Math.round(median(links)), range: range(links) },
			{ what: 'code to first picture', ms: Math.round(median(frames)), range: range(frames) },
		]);
		return { linkMs: Math.round(median(links)), firstFrameMs: Math.round(median(frames)) };
	} finally {
		await host.close();
		await server.stop();
		await Promise.all([mailbox.close(), gateway.close()]);
	}
}
