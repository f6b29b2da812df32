import { join } from 'node:path';
import Database from 'better-sqlite3';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, startServer } from '../server.ts';
import { launch } from './browsers.ts';
import { newSession } from './people.ts';
import { expect as expectThat } from './playwright.ts';
import { setUp } from './practice.ts';

// What a database that somebody changed behind the server's back looks like on the screen.
let server: TestServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
	server = await startServer();
	browser = await launch();
	page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
	await setUp(page, server);
	await newSession(page, ['Dana Whitfield']);
	await page.goto(server.address);
	await newSession(page, ['Lea Brandt']);
}, 120_000);

afterAll(async () => {
	await browser?.close();
	await server?.stop();
});

const open = () => page.goto(`${server.address}/practice/history`);

test('an honest history says so; one that was altered is named on every page, and its entry', async () => {
	await open();
	await expectThat(
		page.getByText(/entries were checked: they are as they were written/),
	).toBeVisible();
	await open();
	await expectThat(page.getByText(/The history goes on from what this browser saw/)).toBeVisible();
	const download = page.waitForEvent('download');
	await page.getByRole('button', { name: 'Save a witness' }).click();
	expect((await download).suggestedFilename()).toMatch(/^history-witness-\d{4}-\d\d-\d\d\.txt$/);

	await server.kill('SIGTERM');
	const database = new Database(join(server.dataDir, 'sotto.db'));
	const made = database.prepare("select max(n) as n from history where act = 'session-made'").get();
	const { n } = v.parse(v.object({ n: v.number() }), made);
	database.prepare("update history set act = 'session-cancelled' where n = ?").run(n);
	database.close();
	await server.restart();

	await page.goto(server.address);
	await expectThat(page.getByText(`Entry ${n} is not as it was written.`)).toBeVisible();
	await page.getByRole('link', { name: 'Show the history' }).click();
	const alert = page.getByRole('alert').filter({ hasText: 'The history was changed' });
	await expectThat(alert.getByText(`Entry ${n} is not as it was written.`)).toBeVisible();
	await expectThat(page.getByRole('row').filter({ hasText: `Entry ${n}` })).toBeVisible();
	const found = await new AxeBuilder({ page }).analyze();
	expect(found.violations.map(({ id }) => id)).toEqual([]);
});
