import * as v from 'valibot';
import { packaged, server } from '#lib/net/home.ts';
import { AppGoto, type AppUsed, type AppWent } from '#protocol/packaged.ts';

type GetCurrent = () => Promise<unknown>;

const Browser = v.object({
	tabs: v.object({
		getCurrent: v.custom<GetCurrent>((value) => typeof value === 'function'),
	}),
});
const Tab = v.object({ id: v.number() });

/** The tab that this page of the extension is in. */
async function tabHere(): Promise<number | undefined> {
	const browser = v.safeParse(Browser, Reflect.get(globalThis, 'chrome'));
	if (!browser.success) return undefined;
	const tab = v.safeParse(Tab, await browser.output.tabs.getCurrent());
	return tab.success ? tab.output.id : undefined;
}

async function reply(port: MessagePort, answer: unknown): Promise<void> {
	const tab = await tabHere();
	port.postMessage({ answer, ...(tab !== undefined && { tab }) });
}

function hear(event: MessageEvent<unknown>): void {
	const asked = v.safeParse(AppGoto, event.data);
	const [port] = event.ports;
	if (!asked.success || !port) return;
	const { path } = asked.output;
	const busy: AppWent['answer'] = 'busy';
	if (asked.output.server !== server) return void reply(port, busy);
	const { port1, port2 } = new MessageChannel();
	port1.addEventListener('message', ({ data }) => void reply(port, data), {
		once: true,
	});
	port1.start();
	window.postMessage({ type: 'sotto-goto', path }, location.origin, [port2]);
}

/**
 * Lets the extension's service worker ask for a path in a page out of the package, as its content script asks in a
 * page of the web app: both have the same answer, see #lib/net/goto.ts. Until the answer is called.
 */
export function relayGoto(): () => void {
	if (!packaged) return () => {};
	const { serviceWorker } = navigator;
	serviceWorker.addEventListener('message', hear);
	serviceWorker.startMessages();
	return () => serviceWorker.removeEventListener('message', hear);
}

/** Says that somebody is signed in here: what the extension opens, it opens here from now on. */
export function tellUsed(): void {
	if (!packaged || server === undefined) return;
	const message: AppUsed = { type: 'app-used', server };
	void navigator.serviceWorker.ready.then(({ active }) => active?.postMessage(message));
}
