import { readFileSync } from 'node:fs';
import { bundle } from './bundle.ts';
import { type Site, startSite } from './site.ts';
import type { Stage } from './visit.ts';

const pagesFolder = `${import.meta.dirname}/../pages`;

/** The page of a call with nothing of ours, on a server of its own. */
export async function startBare(): Promise<Site> {
	const html = readFileSync(`${pagesFolder}/bare.html`, 'utf8');
	return startSite({ '/': html, '/bare.js': await bundle('bare.ts') });
}

/** Both browsers are on that page, and the clinician's may press Connect. */
export async function openBare(stage: Stage, site: Site, hash = ''): Promise<void> {
	const { host, guest } = stage;
	await guest.page.goto(site.address);
	await host.page.goto(`${site.address}/${hash}`);
	for (const { page } of [guest, host]) await page.locator('#connect:not(:disabled)').waitFor();
}

/** Both pages are left, so that nothing of one call runs during the next. */
export async function leave({ host, guest }: Stage): Promise<void> {
	for (const { page } of [host, guest]) await page.goto('about:blank');
	await host.page.waitForTimeout(500);
}
