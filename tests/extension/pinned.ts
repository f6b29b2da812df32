import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import * as v from 'valibot';
import { type CodeAsk, CodeState } from '../../extension/shared/code.ts';
import type { CodeView } from '../../extension/shared/state.ts';
import { type ExtensionBrowser, extensionId, folder, launchExtension, pageOf } from './browser.ts';
import type { ReleaseKey } from './site.ts';

/** The extension as it is built for the holder of a release key. */
export async function packageFor(key: ReleaseKey): Promise<string> {
	const to = await mkdtemp(join(tmpdir(), 'sotto-package-'));
	await cp(folder, to, { recursive: true });
	await writeFile(join(to, 'release-key.json'), JSON.stringify({ key: key.publicKey }));
	return to;
}

export interface PinningBrowser extends ExtensionBrowser {
	/** Pins as the settings do, after a real click for the permissions; gives the service worker's answer. */
	pin(origin: string): Promise<unknown>;
	ask(type: CodeAsk['type'], origin: string): Promise<unknown>;
	/** The label that popup and settings show of a site. */
	label(origin: string): Promise<CodeView>;
	mode(origin: string): Promise<CodeView['mode']>;
	/** What the user chooses in the browser's own page of extensions at "Site access". */
	reach(sites: 'ON_CLICK' | 'ON_ALL_SITES'): Promise<void>;
}

/** Expects it of what `read` gives before long; a busy machine takes its time. */
export const soon = <Value>(read: () => Value) => expect.poll(read, { timeout: 20_000 });

/** A click on a button of the page, which asks for the permissions as the settings do. */
async function grant(page: Page): Promise<void> {
	await page.evaluate(() => {
		const button = document.createElement('button');
		button.textContent = 'Permissions for pinning';
		button.addEventListener('click', () => {
			const permissions: chrome.runtime.ManifestPermission[] = ['browsingData', 'webRequest'];
			chrome.permissions.request({ permissions }, (given) => {
				button.textContent = given ? 'Given' : 'Refused';
			});
		});
		document.body.prepend(button);
	});
	await page.getByRole('button', { name: 'Permissions for pinning' }).click();
	await page.getByRole('button', { name: 'Given' }).waitFor();
}

/** A browser with the extension of this key. */
export async function launchPinning(
	key: ReleaseKey,
	args: readonly string[] = [],
): Promise<PinningBrowser> {
	const from = await packageFor(key);
	const browser = await launchExtension(args, from);
	const page = await browser.context.newPage();
	await page.goto(pageOf('popup/popup.html'));
	const ask = (type: CodeAsk['type'], origin: string): Promise<unknown> =>
		page.evaluate((message) => chrome.runtime.sendMessage(message), { type, origin });
	let granted = false;
	const label = async (origin: string): Promise<CodeView> =>
		v.parse(CodeState, await ask('code-state', origin)).view;
	return {
		...browser,
		ask,
		async pin(origin) {
			if (!granted) await grant(page);
			granted = true;
			return ask('code-pin', origin);
		},
		label,
		mode: async (origin) => (await label(origin)).mode,
		async reach(sites) {
			const extensions = await browser.context.newPage();
			await extensions.goto('chrome://extensions');
			await extensions.evaluate(
				`chrome.developerPrivate.updateExtensionConfiguration(${JSON.stringify({ extensionId, hostAccess: sites })})`,
			);
			await extensions.close();
		},
		async close() {
			await browser.close();
			await rm(from, { recursive: true });
		},
	};
}
