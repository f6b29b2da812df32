import { MediaServer } from '#lib/play/serve.ts';
import { parseMediaPath } from '#lib/play/wire.ts';
import { self } from '$app/service-worker';

/** Answers `/media/...`; to be called once while the worker starts. */
export function serveMedia(): void {
	const media = new MediaServer({
		get: (id) => self.clients.get(id),
		open: async () => (await self.clients.matchAll()).map(({ id }) => id),
		claim: () => self.clients.claim(),
	});
	self.addEventListener('message', (event) => {
		if (event.source instanceof Client) event.waitUntil(media.obey(event.source.id, event.data));
	});
	self.addEventListener('fetch', (event) => {
		const url = new URL(event.request.url);
		const name = url.origin === location.origin ? parseMediaPath(url.pathname) : undefined;
		if (!name || event.request.mode === 'navigate') return;
		const answer = media.answer(event.clientId, event.request, name);
		event.respondWith(answer.then(({ response }) => response));
		event.waitUntil(answer.then(({ over }) => over));
	});
}
