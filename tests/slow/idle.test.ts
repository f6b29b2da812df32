import { afterAll, expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { launch } from '../e2e/browsers.ts';
import { maya, setUp } from '../e2e/practice.ts';

// Three seconds stand for the fifteen minutes.
const server = await startServer({ env: { IDLE_MINUTES: '0.05' } });
const browser = await launch();
afterAll(async () => {
	await browser.close();
	await server.stop();
});

test('after the idle limit the keys are gone, here and on the server; a call holds them', async () => {
	const context = await browser.newContext();
	const page = await context.newPage();
	await setUp(page, server);
	await page.evaluate(() => {
		const { promise, resolve } = Promise.withResolvers<void>();
		void navigator.locks.request('in-call', { mode: 'shared' }, () => promise);
		addEventListener('end-of-call', () => resolve(), { once: true });
	});
	await page.waitForTimeout(6000);
	expect(await page.getByRole('heading', { name: 'Today' }).isVisible()).toBe(true);
	await page.evaluate(() => dispatchEvent(new Event('end-of-call')));
	await page.getByRole('button', { name: 'Unlock' }).waitFor();
	await page.reload();
	await page.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await page.getByRole('button', { name: 'Unlock' }).click();
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	await context.close();
});

test('a browser that was closed over the limit opens nothing when it comes back', async () => {
	const context = await browser.newContext();
	const page = await context.newPage();
	await page.goto(`${server.address}/sign-in`);
	await page.getByRole('textbox', { name: 'Email' }).fill(maya.email);
	await page.getByRole('textbox', { name: 'Password' }).fill(maya.password);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('heading', { name: 'Today' }).waitFor();
	await page.close();
	await new Promise((resolve) => setTimeout(resolve, 4000));
	const again = await context.newPage();
	await again.goto(server.address);
	await again.getByRole('button', { name: 'Unlock' }).waitFor();
	expect(await again.getByRole('heading', { name: 'Locked' }).isVisible()).toBe(true);
	await context.close();
});
