import { statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	type Person,
	callFlags,
	connect,
	newSession,
	person,
	sees,
	setUp,
	wait,
} from '../e2e/people.ts';
import { type TestServer, startServer } from '../server.ts';
import { type ExtensionBrowser, launchExtension, pageOf } from '../extension/browser.ts';

// Two practices in one packaged app, which has one origin for both.
let first: TestServer;
let second: TestServer;
let browser: ExtensionBrowser;
let dana: Person;

beforeAll(async () => {
	[first, second] = await Promise.all([startServer(), startServer()]);
	[browser, dana] = await Promise.all([launchExtension(callFlags), person()]);
	browser.context.setDefaultTimeout(30_000);
});
afterAll(async () => {
	await Promise.all([browser?.close(), dana?.close()]);
	await Promise.all([first?.stop(), second?.stop()]);
});

const screen = ({ address }: TestServer, path: string): string =>
	`${pageOf('app/index.html')}?${new URLSearchParams({ server: address, path }).toString()}`;

async function setUpAt(server: TestServer): Promise<Page> {
	const page = await browser.context.newPage();
	const { pathname, hash } = new URL(server.setupUrl ?? '');
	await setUp(page, screen(server, pathname) + hash);
	return page;
}

/** Names of the extension's databases and of the folders of its files, and how many bytes are in these. */
async function kept(
	page: Page,
): Promise<{ databases: string[]; folders: string[]; bytes: number }> {
	return page.evaluate(async () => {
		const sizeOf = async (one: FileSystemHandle): Promise<number> => {
			if (one instanceof FileSystemFileHandle) return (await one.getFile()).size;
			let bytes = 0;
			if (one instanceof FileSystemDirectoryHandle)
				for await (const inner of one.values()) bytes += await sizeOf(inner);
			return bytes;
		};
		const root = await navigator.storage.getDirectory();
		const folders: string[] = [];
		for await (const name of root.keys()) folders.push(name);
		const databases = (await indexedDB.databases()).map(({ name = '' }) => name);
		return { databases: databases.toSorted(), folders, bytes: await sizeOf(root) };
	});
}

/** Bytes of all recordings that a server has. */
function stored({ dataDir }: TestServer): number {
	const folder = join(dataDir, 'objects');
	return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
		const file = statSync(join(folder, name));
		return file.isFile() ? sum + file.size : sum;
	}, 0);
}

test('what one practice recorded and could not send is nothing to the other, and is sent when its own is back', async () => {
	const page = await setUpAt(first);
	const { links } = await newSession(page, ['Dana Whitfield'], { record: true });
	await wait(dana.page, links[0] ?? '', 'agree');
	await page.goto(pageOf('app/'));
	await connect(page, 'Dana Whitfield');
	await sees(page, 'Dana Whitfield');
	await page.getByRole('button', { name: 'Start recording' }).click();
	await page.getByText(/^00:0[2-9]$/).waitFor();
	await first.kill('SIGKILL');
	await page.getByText(/^00:(0[4-9]|1\d)$/).waitFor();
	await page.goto('about:blank');
	await page.close();
	const sent = stored(first);

	const other = await setUpAt(second);
	const before = await kept(other);
	expect(before.bytes).toBeGreaterThan(0);
	// Each start of its pages looks for what is left.
	await other.goto(pageOf('app/recordings'));
	await other.getByRole('heading', { name: 'Recordings' }).waitFor();
	await other.goto(pageOf('app/'));
	await newSession(other, ['Tom Becker']);
	const after = await kept(other);
	expect(after.bytes).toBe(before.bytes);
	expect(after.folders).toEqual([encodeURIComponent(`recordings ${first.address}`)]);
	const names = ['sotto', 'sotto-call', 'sotto-codes'].map((name) => `${name} ${first.address}`);
	expect(after.databases).toEqual(
		['pairing', ...names, `sotto ${second.address}`, `sotto-codes ${second.address}`].toSorted(),
	);

	await first.restart();
	const again = await browser.context.newPage();
	await again.goto(screen(first, '/'));
	await again.getByRole('heading', { name: 'Today' }).waitFor();
	await expect.poll(async () => (await kept(again)).bytes, { timeout: 30_000 }).toBe(0);
	expect(stored(first)).toBeGreaterThan(sent);
});
