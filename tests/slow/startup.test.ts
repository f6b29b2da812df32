import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as v from 'valibot';
import { type CodeAsk, CodeState } from '../../extension/shared/code.ts';
import { browserArgs, executablePath } from '../browser.ts';
import { extensionId, pageOf } from '../extension/browser.ts';
import { type Hostile, evil, honest, startHostile } from '../extension/hostile.ts';
import { packageFor, soon } from '../extension/pinned.ts';
import { type Site, copySite, makeReleaseKey } from '../extension/site.ts';

const restarts = 6;
/** It says that it ran, and plants a service worker for later. */
const script = `<script>${evil('startup')}navigator.serviceWorker.register('/service-worker.js')</script>`;
const key = makeReleaseKey();
let site: Site;
let server: Hostile;
let from: string;
let profile: string;

beforeAll(async () => {
	site = await copySite();
	await site.publish(key, 1_800_000_000_000);
	server = await startHostile(site.folder);
	from = await packageFor(key);
	profile = await mkdtemp(join(tmpdir(), 'sotto-startup-'));
	await install();
});
afterAll(async () => {
	await server.close();
	await Promise.all(
		[from, profile].map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })),
	);
	await site.remove();
});

/** An extension of the profile, as somebody has it who installed it: it is there again after a restart. */
async function install(): Promise<void> {
	const manifest = JSON.parse(await readFile(join(from, 'manifest.json'), 'utf8'));
	const matches: string[] = manifest.host_permissions;
	const given = {
		api: [...manifest.permissions, 'browsingData', 'webRequest'],
		explicit_host: matches,
		scriptable_host: matches,
		manifest_permissions: [],
	};
	const settings = {
		[extensionId]: {
			active_permissions: given,
			granted_permissions: given,
			creation_flags: 38,
			from_webstore: false,
			location: 4,
			path: from,
			state: 1,
			was_installed_by_default: false,
			was_installed_by_oem: false,
			withholding_permissions: false,
		},
	};
	await mkdir(join(profile, 'Default'), { recursive: true });
	await writeFile(
		join(profile, 'Default/Preferences'),
		JSON.stringify({ extensions: { ui: { developer_mode: true }, settings } }),
	);
}

/** A browser that opens a page at its start. Nothing looks into it before `look`: that would change its timing. */
async function start(url: string) {
	const file = join(profile, 'DevToolsActivePort');
	await rm(file, { force: true });
	const args = ['--headless=new', ...browserArgs, '--remote-debugging-port=0'];
	const child = spawn(executablePath(), [...args, `--user-data-dir=${profile}`, url], {
		stdio: 'ignore',
	});
	const read = () => readFile(file, 'utf8').catch(() => '');
	return {
		/** A page of the extension. */
		async look(): Promise<Page> {
			await soon(read).toMatch(/^\d+\n/);
			const [port] = (await read()).split('\n');
			const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
			const [context] = browser.contexts();
			if (!context) throw new Error('no context');
			const page = await context.newPage();
			await page.goto(pageOf('popup/popup.html'));
			return page;
		},
		async stop(): Promise<void> {
			if (child.exitCode !== null) return;
			const exit = new Promise((resolve) => void child.once('exit', resolve));
			child.kill('SIGTERM');
			await exit;
		},
	};
}

const ask = (page: Page, type: CodeAsk['type']): Promise<unknown> =>
	page.evaluate((message) => chrome.runtime.sendMessage(message), { type, origin: server.origin });
const mode = async (page: Page) => v.parse(CodeState, await ask(page, 'code-state')).view.mode;

test('a page that is there before the rules is never called pinned, and does not stay', async ({
	annotate,
}) => {
	const first = await start('about:blank');
	expect(await ask(await first.look(), 'code-pin')).toMatchObject({ pinned: true });
	await first.stop();

	let ran = 0;
	const modes = new Set<string>();
	for (let restart = 0; restart < restarts; restart += 1) {
		server.asked.length = 0;
		server.beacons.length = 0;
		server.behave((_, path) => (path === '/' ? { body: script } : undefined));
		const browser = await start(`${server.origin}/`);
		await soon(() => server.asked).toContain('/');
		const page = await browser.look();
		await soon(async () => {
			const now = await mode(page);
			modes.add(now);
			return now;
		}).toBe('blocked');
		if (server.beacons.length > 0) ran += 1;
		// What it planted while nothing held it is gone: the published app comes from the site again.
		server.behave(honest);
		const app = await page.context().newPage();
		await app.goto(`${server.origin}/sign-in`);
		await app.getByRole('button', { name: 'Sign in' }).waitFor();
		// It may be loaded again meanwhile.
		const free = () => app.evaluate(() => !navigator.serviceWorker.controller).catch(() => false);
		await soon(free).toBe(true);
		await browser.stop();
	}
	expect([...modes]).not.toContain('pinned');
	await annotate(`ran in ${ran} of ${restarts} starts`);
});
