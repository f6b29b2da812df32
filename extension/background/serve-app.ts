import { MediaServer } from '#lib/play/serve.ts';
import { parseMediaPath } from '#lib/play/wire.ts';
import { api } from '../chrome.ts';

declare const self: ServiceWorkerGlobalScope;

/** Where the packaged app lives inside the extension. */
const folder = '/app/';
/** Its one page: every address inside the folder is a screen of it. */
const shell = 'app/index.html';

/**
 * Answers the packaged app: its addresses with the page out of the package, and `/media/...` with opened recordings.
 * The network has no part in the first. To be called once while the worker starts.
 */
export function servePackage(): void {
	const media = new MediaServer({
		get: (id) => self.clients.get(id),
		open: async () => (await self.clients.matchAll()).map(({ id }) => id),
		claim: () => self.clients.claim(),
	});
	self.addEventListener('message', (event) => {
		if (event.source instanceof Client) event.waitUntil(media.obey(event.source.id, event.data));
	});
	self.addEventListener('fetch', (event) => {
		const { origin, pathname } = new URL(event.request.url);
		if (origin !== location.origin) return;
		if (event.request.mode === 'navigate') {
			if (pathname.startsWith(folder)) event.respondWith(fetch(api.runtime.getURL(shell)));
			return;
		}
		const name = parseMediaPath(pathname);
		if (!name) return;
		const answer = media.answer(event.clientId, event.request, name);
		event.respondWith(answer.then(({ response }) => response));
		event.waitUntil(answer.then(({ over }) => over));
	});
}
