import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { vi } from 'vitest';
import { complaints } from '../e2e/browsers.ts';
import { setUp } from '../e2e/practice.ts';
import { startServer, type TestServer } from '../server.ts';
import { type ExtensionBrowser, extensionId, folder, launchExtension, pageOf } from './browser.ts';

/** The built extension with leave to capture: the browser asks for it in a dialog of its own, which no test can answer. */
export async function permitted(): Promise<{ folder: string; remove: () => Promise<void> }> {
	const copy = await mkdtemp(join(tmpdir(), 'sotto-permitted-'));
	await cp(folder, copy, { recursive: true });
	const path = join(copy, 'manifest.json');
	const manifest = JSON.parse(await readFile(path, 'utf8'));
	const asked = ['scripting', 'tabCapture'];
	for (const name of asked)
		if (!manifest.optional_permissions.includes(name)) throw new Error(`${name} is not optional`);
	manifest.permissions.push(...asked);
	await writeFile(path, JSON.stringify(manifest));
	return { folder: copy, remove: () => rm(copy, { recursive: true }) };
}

/** Two colours in turn under a bar that moves, and a tone of 1000 Hz that comes and goes. */
const film = `<!doctype html><meta charset="utf-8"><title>Weekly meeting</title>
<body style="margin:0"><canvas width="640" height="360" style="width:100vw;height:100vh"></canvas>
<script>
	const [canvas] = document.getElementsByTagName('canvas');
	const draw = (now) => {
		const c = canvas.getContext('2d');
		c.fillStyle = Math.floor(now / 2000) % 2 ? '#1f8a4c' : '#8a2f9a';
		c.fillRect(0, 0, 640, 360);
		c.fillStyle = '#fff';
		c.fillRect((now / 10) % 640, 200, 30, 120);
	};
	setInterval(() => draw(performance.now()), 50);
	addEventListener('click', () => {
		const audio = new AudioContext();
		const [tone, gain] = [audio.createOscillator(), audio.createGain()];
		tone.frequency.value = 1000;
		tone.connect(gain).connect(audio.destination);
		tone.start();
		setInterval(() => { gain.gain.value = Math.floor(performance.now() / 300) % 2 ? 0.6 : 0; }, 50);
	});
</script>`;

/** A site that is not the practice's. */
export async function startSite(): Promise<{ address: string; stop: () => Promise<void> }> {
	const server: Server = createServer(({ url }, response) => {
		response.setHeader('content-type', 'text/html');
		response.end(url === '/blue' ? '<body style="background:#2f5fd0">' : film);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port }: AddressInfo = Object.assign(
		{ address: '', family: '', port: 0 },
		server.address(),
	);
	return {
		address: `http://meeting.example:${port}`,
		stop: () => new Promise((resolve) => void server.close(() => resolve())),
	};
}

/** The tab that shows an address, as the browser itself names it. */
async function tabOf(cdp: CDPSession, url: string): Promise<string> {
	const { targetInfos } = await cdp.send('Target.getTargets', { filter: [{ type: 'tab' }] });
	const found = targetInfos.find((one) => one.url === url);
	if (!found) throw new Error('no tab shows this page');
	return found.targetId;
}

/** A click on the extension's button in the toolbar, while this address is in front: the popup opens. */
export async function clickAction(browser: ExtensionBrowser, url: string): Promise<void> {
	const cdp = await browser.context.browser()?.newBrowserCDPSession();
	if (!cdp) throw new Error('no browser behind the context');
	const targetId = await tabOf(cdp, url);
	await cdp.send('Extensions.triggerAction', { id: extensionId, targetId });
	await cdp.detach();
}

/** Runs something in the open popup, which is no page of the context. */
export async function inPopup(browser: ExtensionBrowser, expression: string): Promise<unknown> {
	const cdp = await browser.context.browser()?.newBrowserCDPSession();
	if (!cdp) throw new Error('no browser behind the context');
	try {
		const url = pageOf('popup/popup.html');
		const { targetInfos } = await cdp.send('Target.getTargets');
		const popup = targetInfos.find((one) => one.type === 'page' && one.url === url);
		if (!popup) return undefined;
		const { sessionId } = await cdp.send('Target.attachToTarget', { targetId: popup.targetId });
		const answered = new Promise<unknown>((resolve) => {
			cdp.on('Target.receivedMessageFromTarget', ({ message }) => {
				const { id, result } = JSON.parse(message);
				if (id === 1) resolve(result?.result?.value);
			});
		});
		const params = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
		const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params });
		await cdp.send('Target.sendMessageToTarget', { sessionId, message });
		return await answered;
	} finally {
		await cdp.detach();
	}
}

/** What the page without a window connects in its audio, as `TYPE to TYPE`, from now on. */
export async function followSound(browser: ExtensionBrowser): Promise<() => readonly string[]> {
	await (
		await browser.worker()
	).evaluate(async () => {
		if ((await chrome.runtime.getContexts({})).some((one) => one.contextType.startsWith('OFF')))
			return;
		const url = 'offscreen/offscreen.html';
		const { AUDIO_PLAYBACK, USER_MEDIA } = chrome.offscreen.Reason;
		const reasons = [AUDIO_PLAYBACK, USER_MEDIA];
		await chrome.offscreen.createDocument({ url, reasons, justification: 'sound' });
	});
	const cdp = await browser.context.browser()?.newBrowserCDPSession();
	if (!cdp) throw new Error('no browser behind the context');
	const url = pageOf('offscreen/offscreen.html');
	const { targetInfos } = await cdp.send('Target.getTargets', { filter: [{}] });
	const page = targetInfos.find((one) => one.url === url && one.type !== 'tab');
	if (!page) throw new Error('no page without a window');
	const { sessionId } = await cdp.send('Target.attachToTarget', { targetId: page.targetId });
	const types = new Map<string, string>();
	const connected: string[] = [];
	const enabled = new Promise<void>((resolve) => {
		cdp.on('Target.receivedMessageFromTarget', (told) => {
			const { id, method, params } = JSON.parse(told.message);
			if (id === 1) resolve();
			if (method === 'WebAudio.audioNodeCreated')
				types.set(params.node.nodeId, params.node.nodeType);
			if (method === 'WebAudio.nodesConnected')
				connected.push(`${types.get(params.sourceId)} to ${types.get(params.destinationId)}`);
		});
	});
	const message = JSON.stringify({ id: 1, method: 'WebAudio.enable' });
	await cdp.send('Target.sendMessageToTarget', { sessionId, message });
	await enabled;
	return () => connected;
}

/** A button of the popup by its words. Gives whether it was there. */
export const pressInPopup = (browser: ExtensionBrowser, name: string): Promise<unknown> =>
	inPopup(
		browser,
		`(() => {
			const found = [...document.querySelectorAll('button')].find((one) => one.textContent.trim() === ${JSON.stringify(name)});
			found?.click();
			return found !== undefined;
		})()`,
	);

/** With them the browser looks for a camera instead of the tab. */
const fakes = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];

const flags = [
	'--autoplay-policy=no-user-gesture-required',
	'--host-resolver-rules=MAP *.example 127.0.0.1',
];

/** Until it is true; `ms` at most. */
const until = (check: () => Promise<boolean>, ms = 30_000): Promise<void> =>
	vi.waitFor(
		async () => {
			if (!(await check())) throw new Error('it never was so');
		},
		{ timeout: ms, interval: 100 },
	);

/** What a page shows where it does not come to what was waited for. */
export async function orSay<Result>(page: Page, wait: Promise<Result>): Promise<Result> {
	try {
		return await wait;
	} catch (cause) {
		const says = await page.locator('body').innerText();
		throw new Error(`the page at ${new URL(page.url()).pathname} says: ${says}`, { cause });
	}
}

/** A practice whose extension is paired, and a site of somebody else. */
export class Stage {
	readonly server: TestServer;
	readonly site: Awaited<ReturnType<typeof startSite>>;
	readonly browser: ExtensionBrowser;
	readonly context: BrowserContext;
	/** The web app of the practice. */
	readonly app: Page;
	/** What it complained about. */
	readonly wrong: string[];
	readonly #extension: Awaited<ReturnType<typeof permitted>>;

	private constructor(
		made: Pick<Stage, 'server' | 'site' | 'browser' | 'app'>,
		extension: Awaited<ReturnType<typeof permitted>>,
	) {
		({ server: this.server, site: this.site, browser: this.browser, app: this.app } = made);
		this.context = made.browser.context;
		this.wrong = complaints(made.app);
		this.#extension = extension;
	}

	/** `real`: on the screen of `DISPLAY`, and with the extension as it is, so that the browser asks for its leave. */
	static async open({ real = false } = {}): Promise<Stage> {
		const asIs = { folder, remove: () => Promise.resolve() };
		const [server, site, extension] = await Promise.all([
			startServer(),
			startSite(),
			real ? asIs : permitted(),
		]);
		const without = real ? [...fakes, '--headless=new'] : fakes;
		const browser = await launchExtension(flags, extension.folder, without);
		const app = await browser.context.newPage();
		const stage = new Stage({ server, site, browser, app }, extension);
		await setUp(app, server);
		await stage.pair();
		return stage;
	}

	/** Pairs the browser; ends on the page with the list of browsers. */
	async pair(): Promise<void> {
		const { app, context } = this;
		await app.goto(`${this.server.address}/practice/extension`);
		const opened = context.waitForEvent('page');
		await app.getByRole('button', { name: /^Pair this browser/ }).click();
		const window = await opened;
		await window.getByRole('button', { name: 'Same code, pair' }).click();
		await app.getByRole('listitem').filter({ hasText: 'this browser' }).waitFor();
	}

	async close(): Promise<void> {
		await this.browser.close();
		await Promise.all([this.server.stop(), this.site.stop(), this.#extension.remove()]);
	}

	/** What is being captured, as the popup shows it. */
	async state() {
		const worker = await this.browser.worker();
		const { state } = await worker.evaluate(() => chrome.storage.session.get('state'));
		return Object(state).capture;
	}

	async badge(): Promise<string> {
		return (await this.browser.worker()).evaluate(() => chrome.action.getBadgeText({}));
	}

	/** A tab of the other site, with sound. */
	async openTab(): Promise<Page> {
		const tab = await this.context.newPage();
		await tab.goto(this.site.address);
		await tab.mouse.click(100, 100);
		return tab;
	}

	/** A click on the button in the toolbar, and on the one in the popup. */
	async press(tab: Page): Promise<void> {
		await tab.bringToFront();
		await clickAction(this.browser, tab.url());
		await until(async () => (await pressInPopup(this.browser, 'Record this tab')) === true);
	}

	/** From the click to the page that asks. */
	async ask(tab: Page, press = () => this.press(tab)): Promise<Page> {
		const opened = this.context.waitForEvent('page', (page) => page.url().includes('capture'));
		await press();
		return opened;
	}

	async start(tab: Page, title: string, press = () => this.press(tab)): Promise<void> {
		const page = await this.ask(tab, press);
		await orSay(page, page.getByRole('textbox', { name: 'Title' }).fill(title));
		await page.getByRole('radio', { name: 'Everybody in it has agreed to be recorded' }).check();
		const closed = page.waitForEvent('close');
		await page.getByRole('button', { name: 'Start recording' }).click();
		await this.is('recording');
		await closed;
	}

	/** Until the popup says why this tab is not recorded. */
	async refused(words: string): Promise<void> {
		const expression = `document.body.innerText.includes(${JSON.stringify(words)})`;
		await until(async () => (await inPopup(this.browser, expression)) === true);
	}

	/** Until it is so; `ms` at most. */
	async is(state: 'recording' | 'gap' | 'failed', ms = 20_000): Promise<void> {
		await until(async () => (await this.state())?.state === state, ms);
	}

	/** Until so much was recorded since the start. */
	async recorded(ms: number): Promise<void> {
		await until(async () => Date.now() - (await this.state()).startedAt > ms);
	}

	/** Until nothing is captured, and all of it is at the server. */
	async over(): Promise<void> {
		await until(async () => (await this.state()) === null);
	}

	/** Until the popup says that it stopped by itself, and that was seen. */
	async seen(): Promise<void> {
		await this.is('failed');
		const page = await this.context.newPage();
		await page.goto(pageOf('popup/popup.html'));
		const alert = page
			.getByRole('alert')
			.filter({ hasText: /Recording stopped unexpectedly at \d/ });
		await alert.waitFor();
		if ((await this.badge()) !== '!') throw new Error('the button says nothing of it');
		await page.getByRole('button', { name: 'OK' }).click();
		await this.over();
		await page.close();
	}

	/** Bytes of captures that are still in this browser. */
	async leftHere(): Promise<number> {
		return (await this.browser.worker()).evaluate(async () => {
			const root = await navigator.storage.getDirectory();
			let files = 0;
			for await (const handle of root.values())
				if (handle instanceof FileSystemDirectoryHandle)
					for await (const _ of handle.keys()) files++;
			return files;
		});
	}

	async stop(): Promise<void> {
		const page = await this.context.newPage();
		await page.goto(pageOf('popup/popup.html'));
		await page.getByRole('button', { name: 'Stop recording' }).click();
		await this.over();
		await page.close();
	}

	/** Opens a recording in the app, to be played. */
	async watch(title: string): Promise<void> {
		await this.app.goto(`${this.server.address}/recordings`);
		const row = this.app.getByRole('row').filter({ hasText: title });
		await row.getByRole('link').click();
		await this.app.locator('video').waitFor({ state: 'attached' });
	}
}
