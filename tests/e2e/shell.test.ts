import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { complaints, launch } from './browsers.ts';
import { setUp } from './practice.ts';

const built = join(import.meta.dirname, '../../build/pwa');
const folder = await mkdtemp(join(tmpdir(), 'sotto-pages-'));
const pages = join(folder, 'pwa');
await cp(built, pages, { recursive: true, filter: (path) => !/\.(br|gz)$/.test(path) });
const server = await startServer({ env: { PAGES_DIR: pages } });
const browser = await launch();
afterAll(async () => {
	await browser.close();
	await server.stop();
	await rm(folder, { recursive: true });
});

/** Until the service worker answers for this page. */
async function controlled(page: Page): Promise<void> {
	await page.evaluate(async () => {
		await navigator.serviceWorker.ready;
		if (navigator.serviceWorker.controller) return;
		await new Promise((resolve) =>
			navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
		);
	});
}

/** Puts another version on the server: the same service worker under another name. */
async function deploy(name: string): Promise<void> {
	const file = join(pages, 'service-worker.js');
	const text = await readFile(file, 'utf8');
	const next = text.replace(/version:([`"'])[^`"']+\1/, `version:"${name}"`);
	expect(next).not.toBe(text);
	await writeFile(file, next);
}

const title = /^Calls and recordings/;

test('the browser finds nothing that keeps it from being installed', async () => {
	const page = await browser.newPage();
	await page.goto(server.address);
	await controlled(page);
	const session = await page.context().newCDPSession(page);
	const { errors } = await session.send('Page.getAppManifest');
	const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
	expect(errors).toEqual([]);
	// The tests' windows are private, which is the one thing that the browser objects to.
	const serious = installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito');
	expect(serious).toEqual([]);
	await page.close();
});

test('every page starts without a network, unknown addresses too', async () => {
	const context = await browser.newContext();
	const page = await context.newPage();
	const wrong = complaints(page);
	await page.goto(server.address);
	await controlled(page);
	await context.setOffline(true);
	await page.reload();
	await page.getByRole('heading', { name: title }).waitFor();
	await page.goto(`${server.address}/sign-in?next=%2Fsessions%2Fnew`);
	await page.getByRole('button', { name: 'Sign in' }).waitFor();
	await page.getByRole('textbox', { name: 'Email' }).fill('maya@alderstreet.example');
	await page.getByRole('textbox', { name: 'Password' }).fill('quiet-harbor-eleven');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('alert').getByText('offline').waitFor();
	await page.goto(`${server.address}/nowhere`);
	await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
	const unexpected = wrong.filter((line) => !/ERR_INTERNET_DISCONNECTED|Not found/.test(line));
	expect(unexpected).toEqual([]);
	await context.close();
});

/** In a task of its own: what evaluate() itself does is exempt from the policy. */
function attacks(): Promise<string[]> {
	const script = document.createElement('script');
	const tries: (() => unknown)[] = [
		() => Reflect.construct(Function, ['return 1']),
		() => Object.assign(script, { src: 'https://example.invalid/' }),
		() => Object.assign(document.createElement('p'), { innerHTML: '<b>' }),
		() => new Worker('data:text/javascript,'),
		() => new Worker('/mark.svg'),
	];
	const names = () =>
		tries.map((attempt) => {
			try {
				return String(attempt());
			} catch (error) {
				return error instanceof Error ? error.name : 'unknown';
			}
		});
	return new Promise((resolve) => void setTimeout(() => resolve(names())));
}

test('a script that got into the page can load and start nothing', async () => {
	const page = await browser.newPage();
	await page.goto(server.address);
	await page.getByRole('heading', { name: title }).waitFor();
	const refused = ['EvalError', ...Array.from({ length: 4 }, () => 'TypeError')];
	expect(await page.evaluate(attacks)).toEqual(refused);
	await page.close();
});

test('a new version asks first, waits for the end of a call in any tab, and then is there', async () => {
	const context = await browser.newContext();
	const page = await context.newPage();
	await page.goto(server.address);
	await controlled(page);
	const call = await context.newPage();
	await call.goto(server.address);
	await call.evaluate(() => {
		const { promise, resolve } = Promise.withResolvers<void>();
		void navigator.locks.request('in-call', { mode: 'shared' }, () => promise);
		addEventListener('end-of-call', () => resolve(), { once: true });
	});
	await deploy('next');
	await page.evaluate(async () => {
		const registration = await navigator.serviceWorker.getRegistration();
		await registration?.update();
	});
	await page.getByText('A new version of Sotto is ready.').waitFor();
	const later = page.getByRole('button', { name: 'After the call' });
	await later.waitFor();
	expect(await later.isDisabled()).toBe(true);
	await call.evaluate(() => dispatchEvent(new Event('end-of-call')));
	await page.getByRole('button', { name: 'Restart now' }).click();
	await page.waitForFunction(
		() => performance.getEntriesByType('navigation')[0]?.toJSON().type === 'reload',
	);
	await page.getByRole('heading', { name: title }).waitFor();
	const names = await page.evaluate(async () => caches.keys());
	expect(names.at(-1)).toBe('app-next');
	expect(await page.getByText('A new version of Sotto is ready.').count()).toBe(0);
	await context.close();
});

test('nothing of the build is asked from another site', async () => {
	const files = await readdir(built, { recursive: true });
	const html = files.filter((name) => name.endsWith('.html'));
	expect(html).toContain('200.html');
	for (const name of html) {
		const text = await readFile(join(built, name), 'utf8');
		expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
		expect(text).toContain('require-trusted-types-for');
	}
});

test('a server of another version is not asked again and again; the page says what to do', async () => {
	const context = await browser.newContext();
	const page = await context.newPage();
	await setUp(page, { setupUrl: server.setupUrl ?? '' });
	let sockets = 0;
	await page.routeWebSocket(/\/api\/socket$/, (socket) => {
		sockets++;
		socket.onMessage(() => socket.close({ code: 4007 }));
	});
	await page.reload();
	await page.getByText('Sotto was updated at the server.').waitFor();
	const before = sockets;
	// Whatever else makes it come back.
	await page.evaluate(() => dispatchEvent(new Event('online')));
	await page.evaluate(() => fetch('/healthz'));
	expect(sockets).toBe(before);
	await page.unrouteAll();
	await page.getByRole('button', { name: 'Load again' }).click();
	await page.getByText('Sotto was updated at the server.').waitFor({ state: 'hidden' });
	await context.close();
});
