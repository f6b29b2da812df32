import * as v from 'valibot';
import { packaged, server } from '#lib/net/home.ts';
import { AppGoto, type AppUsed } from '#protocol/packaged.ts';

function hear(event: MessageEvent<unknown>): void {
	const asked = v.safeParse(AppGoto, event.data);
	const [port] = event.ports;
	if (!asked.success || !port) return;
	const { path } = asked.output;
	const at = location.href;
	const answer = (went: unknown) => port.postMessage({ answer: went, at });
	if (asked.output.server !== server) return answer('busy');
	const { port1, port2 } = new MessageChannel();
	port1.addEventListener('message', ({ data }) => answer(data), { once: true });
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
