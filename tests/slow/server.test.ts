import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageApp } from '../../scripts/package-app.ts';
import { invitationFor } from '../e2e/accounts.ts';
import { complaints } from '../e2e/browsers.ts';
import { setUp } from '../e2e/practice.ts';
import { type TestServer, startServer } from '../server.ts';
import { type ExtensionBrowser, folder, launchExtension, pageOf } from '../extension/browser.ts';

const pwa = join(import.meta.dirname, '../../build/pwa');
let server: TestServer;

beforeAll(async () => {
	server = await startServer();
});
afterAll(() => server?.stop());

/** What axe finds, light and dark, and whether a narrow window cuts something off. */
async function faults(page: Page): Promise<unknown[]> {
	const found: unknown[] = [];
	await page.setViewportSize({ width: 320, height: 700 });
	const wide = await page.evaluate(() => document.documentElement.scrollWidth);
	if (wide > 320) found.push(['scrolls sideways', wide]);
	for (const colorScheme of ['dark', 'light'] as const) {
		await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		const { violations } = await new AxeBuilder({ page }).analyze();
		found.push(...violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]));
	}
	return found;
}

/** A build for this server alone. */
async function builtFor(origin: string): Promise<string> {
	const one = await mkdtemp(join(tmpdir(), 'sotto-built-'));
	await cp(folder, one, { recursive: true });
	const file = join(one, 'manifest.json');
	const manifest = JSON.parse(await readFile(file, 'utf8'));
	await writeFile(file, JSON.stringify({ ...manifest, host_permissions: [`${origin}/*`] }));
	packageApp(pwa, one);
	return one;
}

async function open(browser: ExtensionBrowser): Promise<{ page: Page; wrong: string[] }> {
	const page = await browser.context.newPage();
	const wrong = complaints(page);
	await page.goto(pageOf('app/index.html'));
	return { page, wrong };
}

test('where several servers are possible, it asks for one, in words or by a link', async () => {
	const browser = await launchExtension();
	const { page, wrong } = await open(browser);
	await page.getByRole('heading', { name: 'Which practice?' }).waitFor();
	expect(await faults(page)).toEqual([]);
	const address = page.getByRole('textbox', { name: 'Address or link' });
	await address.fill('https://visit.example.org');
	await page.getByRole('button', { name: 'Open' }).click();
	await page.getByText('This extension was made for other servers').waitFor();
	// The address alone, as somebody types it.
	await address.fill(server.address.replace('http://', ''));
	await page.getByRole('button', { name: 'Open' }).click();
	await page.getByText(`none from ${server.address}.`).waitFor();
	expect(await faults(page)).toEqual([]);
	// The link that the server printed leads to its screen in the package.
	await address.fill(server.setupUrl ?? '');
	await page.getByRole('button', { name: 'Open' }).click();
	await page.getByRole('heading', { name: 'Set up your practice' }).waitFor();
	await page.goto(pageOf('app/sign-in'));
	await page.getByText(`none from ${server.address}.`).waitFor();
	expect(await faults(page)).toEqual([]);
	// Another tab may be at another server: this one stays where it is.
	const other = await browser.context.newPage();
	const elsewhere = server.address.replace('localhost', '127.0.0.1');
	await other.goto(
		`${pageOf('app/index.html')}?${new URLSearchParams({ server: elsewhere }).toString()}`,
	);
	await other.getByText(`none from ${elsewhere}.`).waitFor();
	await page.reload();
	await page.getByText(`none from ${server.address}.`).waitFor();
	await page.getByRole('button', { name: 'Use another server' }).click();
	await page.getByRole('heading', { name: 'Which practice?' }).waitFor();
	expect(wrong).toEqual([]);
	await browser.close();
});

test('a build for one server asks nothing, and can reach no other', async () => {
	const one = await builtFor(server.address);
	const browser = await launchExtension([], one);
	const { page } = await open(browser);
	await page.getByText(`none from ${server.address}.`).waitFor();
	expect(await page.getByRole('button', { name: 'Use another server' }).count()).toBe(0);
	const elsewhere = server.address.replace('localhost', '127.0.0.1');
	await page.goto(
		`${pageOf('app/index.html')}?${new URLSearchParams({ server: elsewhere }).toString()}`,
	);
	await page.getByText(`none from ${server.address}.`).waitFor();
	const reach = (origin: string) =>
		page.evaluate(
			(at) =>
				fetch(`${at}/api/config`).then(
					({ status }) => status,
					() => 'refused',
				),
			origin,
		);
	expect(await reach(server.address)).toBe(200);
	expect(await reach(elsewhere)).toBe('refused');
	const { pathname, hash } = new URL(server.setupUrl ?? '');
	const path = new URLSearchParams({ path: pathname }).toString();
	await setUp(page, { setupUrl: `${pageOf('app/index.html')}?${path}${hash}` });
	expect(page.url()).toBe(pageOf('app/'));
	// A later build may be for more servers.
	const kept = await page.evaluate(() => indexedDB.databases());
	expect(kept.map(({ name }) => name)).toContain(`sotto ${server.address}`);
	// A link for a colleague leads to the web app: it is there that she finds this one, or none.
	await page.goto(pageOf('app/practice/people'));
	const link = await invitationFor(page, { email: 'tom@alderstreet.example' });
	expect(link.startsWith(`${server.address}/invite/`)).toBe(true);
	// What is too old or too new for the server cannot be loaded anew from there.
	await page.routeWebSocket(/\/api\/socket$/, (socket) => {
		socket.onMessage(() => socket.close({ code: 4007 }));
	});
	await page.goto(pageOf('app/'));
	await page.getByText('The server speaks another version than this extension.').waitFor();
	expect(await page.getByRole('button', { name: 'Load again' }).count()).toBe(0);
	await browser.close();
	await rm(one, { recursive: true });
});

test('a script that got into the packaged page can load and start nothing', async () => {
	const browser = await launchExtension();
	const { page } = await open(browser);
	await page.getByRole('heading', { name: 'Which practice?' }).waitFor();
	// In a task of its own: what evaluate() itself does is exempt from the policy.
	const names = await page.evaluate(
		(origin) =>
			new Promise<string[]>((resolve) => {
				const script = document.createElement('script');
				const tries: (() => unknown)[] = [
					() => Reflect.construct(Function, ['return 1']),
					() => Object.assign(script, { src: `${origin}/code.js` }),
					() => Object.assign(document.createElement('p'), { innerHTML: '<b>' }),
					() => new Worker('data:text/javascript,'),
					() => new Worker(`${origin}/service-worker.js`),
					() => new Worker('/app/mark.svg'),
				];
				const attempt = (one: () => unknown) => {
					try {
						return String(one());
					} catch (error) {
						return error instanceof Error ? error.name : 'unknown';
					}
				};
				setTimeout(() => resolve(tries.map(attempt)));
			}),
		server.address,
	);
	expect(names).toEqual(['EvalError', ...Array.from({ length: 5 }, () => 'TypeError')]);
	// As text: what reads this file would put a function of its own in the place of import().
	const imported = await page.evaluate(`new Promise((resolve) => {
		addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
		setTimeout(() => import('${server.address}/service-worker.js').then(() => resolve('ran')));
	})`);
	expect(imported).toBe('script-src-elem');
	await browser.close();
});
