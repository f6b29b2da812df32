import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type Worker, chromium } from 'playwright-core';
import testKey from '../../extension/test-key.json' with { type: 'json' };
import { browserArgs, executablePath } from '../browser.ts';

/** The built extension. */
export const folder = join(import.meta.dirname, '../../build/extension');
/** Its id, which its key fixes. */
export const extensionId: string = testKey.id;
/** The address of a page of it. */
export const pageOf = (path: string): string => `chrome-extension://${extensionId}/${path}`;

export interface ExtensionBrowser {
	readonly context: BrowserContext;
	/** Its service worker, the one that runs now. */
	worker(): Promise<Worker>;
	/** Ends the service worker, as the browser does with one that idles; the next event starts it again. */
	killWorker(): Promise<void>;
	close(): Promise<void>;
}

const isOurs = (url: string): boolean => url.startsWith(`chrome-extension://${extensionId}/`);

/** A browser process with the extension loaded and a profile of its own, which is removed at the end. `from` is the built extension. */
export async function launchExtension(
	args: readonly string[] = [],
	from: string = folder,
	/** Of the usual flags. */
	without: readonly string[] = [],
): Promise<ExtensionBrowser> {
	const profile = await mkdtemp(join(tmpdir(), 'sotto-extension-'));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: executablePath(),
		headless: false,
		ignoreDefaultArgs: ['--disable-extensions'],
		args: [
			...['--headless=new', ...browserArgs].filter((flag) => !without.includes(flag)),
			`--disable-extensions-except=${from}`,
			`--load-extension=${from}`,
			'--enable-unsafe-extension-debugging',
			...args,
		],
	});
	const running = (): Worker | undefined =>
		context.serviceWorkers().findLast((one) => isOurs(one.url()));
	return {
		context,
		worker: async () =>
			running() ?? context.waitForEvent('serviceworker', { predicate: (one) => isOurs(one.url()) }),
		async killWorker() {
			const session = await context.browser()?.newBrowserCDPSession();
			if (!session) throw new Error('no browser behind the context');
			const { targetInfos } = await session.send('Target.getTargets');
			for (const { type, url, targetId } of targetInfos)
				if (type === 'service_worker' && isOurs(url))
					await session.send('Target.closeTarget', { targetId });
			await session.detach();
		},
		async close() {
			await context.close();
			await rm(profile, { recursive: true, force: true });
		},
	};
}
