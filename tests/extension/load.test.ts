import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import testKey from '../../extension/test-key.json' with { type: 'json' };
import { complaints } from '../e2e/browsers.ts';
import { extensionId, type ExtensionBrowser, folder, launchExtension, pageOf } from './browser.ts';

let browser: ExtensionBrowser;
beforeAll(async () => {
	browser = await launchExtension();
});
afterAll(() => browser.close());

test('the id is the one of its key', () => {
	const digest = createHash('sha256').update(Buffer.from(testKey.key, 'base64')).digest('hex');
	// Chrome writes hexadecimal digits with the letters a to p.
	const letters = digest
		.slice(0, 32)
		.replaceAll(/./g, (digit) => String.fromCodePoint(97 + Number.parseInt(digit, 16)));
	expect(letters).toBe(extensionId);
});

test('the service worker starts, and answers its own pages also after it was ended', async () => {
	expect(new URL((await browser.worker()).url()).host).toBe(extensionId);
	const page = await browser.context.newPage();
	const wrong = complaints(page);
	await page.goto(pageOf('popup/popup.html'));
	const ask = () => page.evaluate(() => chrome.runtime.sendMessage({ type: 'version' }));
	expect(await ask()).toEqual({ protocol: expect.any(Number) });
	await browser.killWorker();
	expect(await ask()).toEqual({ protocol: expect.any(Number) });
	expect(wrong).toEqual([]);
	await page.close();
});

test('no script of the service worker is loaded later than at its start', async () => {
	const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
	const seen = new Set<string>();
	const look = async (path: string): Promise<void> => {
		if (seen.has(path)) return;
		seen.add(path);
		const code = await readFile(join(folder, path), 'utf8');
		expect(code).not.toMatch(/\bimport\s*\(/);
		for (const [, next = ''] of code.matchAll(/(?:from|import)\s*["'](\.[^"']+)["']/g))
			await look(join(path, '..', next));
	};
	await look(manifest.background.service_worker);
	expect(seen.size).toBeGreaterThan(1);
});

test('no page can load a file of it', async () => {
	const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
	expect(manifest.web_accessible_resources).toBeUndefined();
	expect(await readFile(join(folder, 'capture/banner.iife.js'), 'utf8')).not.toBe('');
});
