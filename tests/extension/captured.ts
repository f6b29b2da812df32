import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { type ExtensionBrowser, extensionId, folder, pageOf } from './browser.ts';

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
const page = `<!doctype html><meta charset="utf-8"><title>Weekly meeting</title>
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
	const server: Server = createServer((_, response) => {
		response.setHeader('content-type', 'text/html');
		response.end(page);
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

/** The tab of a page, as the browser itself names it. */
async function tabOf(cdp: CDPSession, shown: Page): Promise<string> {
	const url = shown.url();
	const { targetInfos } = await cdp.send('Target.getTargets', { filter: [{ type: 'tab' }] });
	const found = targetInfos.find((one) => one.url === url);
	if (!found) throw new Error('no tab shows this page');
	return found.targetId;
}

/** A click on the extension's button in the toolbar, while this page is in front: the popup opens. */
export async function clickAction(browser: ExtensionBrowser, shown: Page): Promise<void> {
	const cdp = await browser.context.browser()?.newBrowserCDPSession();
	if (!cdp) throw new Error('no browser behind the context');
	await shown.bringToFront();
	const targetId = await tabOf(cdp, shown);
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
