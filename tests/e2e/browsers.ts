import { type Browser, type Page, chromium } from 'playwright-core';
import { browserArgs, executablePath } from '../browser.ts';

/** A browser process of its own; `args` are added to the usual ones. */
export async function launch(args: readonly string[] = []): Promise<Browser> {
	return chromium.launch({ executablePath: executablePath(), args: [...browserArgs, ...args] });
}

/** Everything a page complains about from now on: thrown errors, errors of the console, violations of the policy. */
export function complaints(page: Page): string[] {
	const list: string[] = [];
	page.on('pageerror', (error) => list.push(error.message));
	page.on('console', (message) => {
		if (message.type() === 'error') list.push(message.text());
	});
	return list;
}
