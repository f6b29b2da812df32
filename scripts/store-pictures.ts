/** The extension at work with a practice of its own, photographed for a store: docs/pictures/store-*.png, 1280 by 800. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { callFlags, newSession, person, setUp, wait } from '../tests/e2e/people.ts';
import { launchExtension, pageOf } from '../tests/extension/browser.ts';
import { startServer } from '../tests/server.ts';
import { root, say } from './prepare.js';
import { shrink } from './shrink.ts';

const folder = join(root, 'docs/pictures');
const work = await mkdtemp(join(tmpdir(), 'sotto-store-'));
const size = { width: 1280, height: 800 };
const tokens = await readFile(join(root, 'pwa/src/lib/ui/tokens.css'), 'utf8');

const look = `
	body { margin: 0; height: 800px; display: flex; align-items: center; gap: 56px; padding: 0 72px;
		box-sizing: border-box; background: var(--stage); color: var(--ink); font-family: var(--sans); }
	h1 { font: 500 46px/1.15 var(--serif); margin: 0 0 18px; letter-spacing: -0.01em; text-wrap: balance; }
	p { font-size: 21px; line-height: 1.5; color: var(--ink-2); margin: 0; text-wrap: pretty; }
	div { flex: 1; min-width: 0; }
	img { display: block; max-height: 704px; max-width: 780px; border: 1px solid var(--line);
		border-radius: 14px; box-shadow: var(--shadow-2); }
`;

/** What a page shows when everything has come to rest. */
async function still(
	page: Page,
	{ width = 360, height = 600, whole = true } = {},
): Promise<string> {
	await page.setViewportSize({ width, height });
	await page.mouse.move(0, 0);
	// No style element: the policy of the packaged app lets none in.
	await page.evaluate(() => {
		const sheet = new CSSStyleSheet();
		sheet.replaceSync('::-webkit-scrollbar { display: none }');
		document.adoptedStyleSheets.push(sheet);
	});
	await page.waitForTimeout(600);
	const bytes = await page.screenshot({ fullPage: whole });
	return `data:image/png;base64,${bytes.toString('base64')}`;
}

/** One picture for the store: some words, and beside them what the extension shows. */
async function compose(on: Page, name: string, words: readonly [string, string], shots: string[]) {
	await on.setViewportSize(size);
	const pictures = shots.map((shot) => `<img src="${shot}" alt="">`).join('');
	await on.setContent(
		`<style>${tokens}${look}</style><div><h1>${words[0]}</h1><p>${words[1]}</p></div>${pictures}`,
	);
	const path = join(work, `${name}.png`);
	await on.screenshot({ path });
	shrink(path, join(folder, `${name}.png`));
	say(`docs/pictures/${name}.png`);
}

await mkdir(folder, { recursive: true });
const server = await startServer();
const extension = await launchExtension(callFlags);
const { context } = extension;
const canvas = await context.newPage();
const maya = await context.newPage();
await maya.setViewportSize(size);
await setUp(maya, server.setupUrl ?? '');

await maya.goto(`${server.address}/practice/extension`);
const opening = context.waitForEvent('page');
await maya.getByRole('button', { name: 'Pair this browser' }).click();
const asking = await opening;
await asking.getByRole('button', { name: 'Same code, pair', disabled: false }).waitFor();
await compose(
	canvas,
	'store-pairing',
	[
		'Pair it once',
		'Page and extension show the same digits. You compare them; then it knows your waiting room.',
	],
	[await still(asking, { width: 420 })],
);
await asking.getByRole('button', { name: 'Same code, pair' }).click();
await asking.getByRole('button', { name: 'Close this window' }).click();

const guests = await Promise.all([person(), person()]);
for (const [at, name] of ['Dana Whitfield', 'Luis Ferreira'].entries()) {
	const recorded = at === 0;
	await maya.goto(server.address);
	const { links } = await newSession(maya, [name], { record: recorded });
	const page = guests[at]?.page;
	if (page) await wait(page, links[0] ?? '', recorded ? 'agree' : undefined);
}
await maya.goto(server.address);
await maya.getByRole('status', { name: 'Luis Ferreira is waiting' }).waitFor();

const popup = await context.newPage();
await popup.goto(pageOf('popup/popup.html'));
await popup.getByRole('button', { name: 'Connect Luis Ferreira' }).waitFor();
await compose(
	canvas,
	'store-waiting',
	[
		'Somebody is waiting',
		'You are told also when no page of Sotto is open. Connect takes you into the session.',
	],
	[await still(popup)],
);
const panel = await context.newPage();
await panel.goto(pageOf('panel/panel.html'));
await panel.getByRole('button', { name: 'Connect Luis Ferreira' }).waitFor();
await compose(
	canvas,
	'store-panel',
	['Beside your notes', 'The side panel shows today’s sessions and who waits.'],
	[await still(panel, { width: 400, height: 760, whole: false })],
);
const settings = await context.newPage();
await settings.goto(pageOf('settings/settings.html'));
await settings.getByRole('radio', { name: 'Nobody' }).waitFor();
await compose(
	canvas,
	'store-settings',
	[
		'Names nobody',
		'Notifications pass through the operating system. They name who waits only if you say so.',
	],
	[await still(settings, { width: 700, height: 690, whole: false })],
);
const packaged = await context.newPage();
await packaged.goto(
	pageOf(`app/sign-in?${new URLSearchParams({ server: server.address }).toString()}`),
);
await packaged.getByText('All code of this page comes from the extension').waitFor();
await compose(
	canvas,
	'store-packaged',
	[
		'The app is in the package',
		'Opened from the extension, calls and recordings run no code of the server.',
	],
	[await still(packaged, { width: 740, height: 690, whole: false })],
);
await Promise.all(guests.map((guest) => guest.close()));
await extension.close();
await server.stop();
await rm(work, { recursive: true });
