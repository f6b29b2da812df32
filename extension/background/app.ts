import * as v from 'valibot';
import { AppAsk, type AppGoto, type AppState, AppUsed, AppWent } from '#protocol/packaged.ts';
import { api } from '../chrome.ts';
import { serverOf } from '../pairing/page.ts';
import { appAddress, readHome, writeHome } from '../shared/home.ts';
import { type Limit, mayAgain } from './often.ts';

declare const self: ServiceWorkerGlobalScope;

/** A page that does not answer within this time is left alone; another one is opened. */
const answerMs = 1_500;

/** Pages of one server may bring up the app so often: more would take the screen from whoever sits there. */
const openings: Limit = { of: 'app', times: 10, withinMs: 60_000 };

/** Where all its pages are. */
const folder = (): string => api.runtime.getURL('app/');

/** What a page did; undefined when it says nothing. */
async function tell(page: WindowClient, message: AppGoto): Promise<AppWent | undefined> {
	const { port1, port2 } = new MessageChannel();
	const reply = new Promise<unknown>((resolve) => {
		port1.addEventListener('message', ({ data }) => resolve(data), { once: true });
		setTimeout(() => resolve(undefined), answerMs);
	});
	port1.start();
	page.postMessage(message, [port2]);
	const went = v.safeParse(AppWent, await reply);
	port1.close();
	return went.success ? went.output : undefined;
}

/**
 * Shows a path of the packaged app at a server: in the tab where that very call runs, in one that is free to go
 * there, or in a new one. A call that runs is not disturbed.
 */
export async function showInPackage(server: string, path: string): Promise<void> {
	for (const page of await self.clients.matchAll({ type: 'window' })) {
		if (!page.url.startsWith(folder())) continue;
		const went = await tell(page, { type: 'app-goto', server, path });
		if (went?.tab === undefined || went.answer === 'busy') continue;
		const tab = await api.tabs.update(went.tab, { active: true });
		if (tab) await api.windows.update(tab.windowId, { focused: true });
		return;
	}
	const { windowId } = await api.tabs.create({ url: appAddress(server, path), active: true });
	await api.windows.update(windowId, { focused: true });
}

async function answer(asked: AppAsk): Promise<AppState> {
	const { server } = asked;
	if (asked.type === 'app-open') {
		await writeHome(server, 'packaged');
		if (await mayAgain(server, openings)) await showInPackage(server, asked.path);
	}
	return { chosen: (await readHome(server)) === 'packaged' };
}

/** Whoever signed in there works there, unless she chose otherwise. */
async function used(server: string): Promise<void> {
	if ((await readHome(server)) === undefined) await writeHome(server, 'packaged');
}

/** Leads into the packaged app. Registers its listeners at once; call it in the first turn of the worker. */
export function startApp(): void {
	api.runtime.onMessageExternal.addListener((message: unknown, sender, respond) => {
		const asked = v.safeParse(AppAsk, message);
		if (!asked.success || serverOf(sender, asked.output.server) === undefined) return false;
		// The reason stays here: a page learns only that it did not work.
		answer(asked.output).then(respond, () => respond({ error: 'unexpected' }));
		return true;
	});
	self.addEventListener('message', (event) => {
		const message = v.safeParse(AppUsed, event.data);
		const { source } = event;
		if (!message.success || !(source instanceof Client)) return;
		if (!source.url.startsWith(folder())) return;
		event.waitUntil(used(message.output.server));
	});
}
