import * as v from 'valibot';
import { type Bytes, fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { ByteRange } from '#crypto/track/fixed.ts';
import { boundRange, parseRange, partialHeaders } from '#lib/play/range.ts';
import { SealedMedia } from '#lib/play/sealed.ts';
import {
	GiveKey,
	type MediaHeld,
	type MediaTrouble,
	type NeedKey,
	ToWorker,
	type Trouble,
	parseMediaPath,
} from '#lib/play/wire.ts';
import { self } from '$app/service-worker';

/** A page that does not answer this long has no key for us. */
const keyTimeoutMs = 4_000;
/** A server that does not answer is asked again after these times before the page hears of it. */
const againMs = [400, 1_200, 2_400];
/** Keys of one page: one for each person of a recording, with room for a second recording. */
const mediaPerPageMax = 16;

/** Tells the lives of this worker apart. */
const life = toBase64url(random(16));

interface Name {
	readonly recording: string;
	readonly track: string;
}

class MediaError extends Error {
	override readonly name = 'MediaError';
	readonly trouble: Trouble;

	constructor(trouble: Trouble, options?: ErrorOptions) {
		super(trouble, options);
		this.trouble = trouble;
	}
}

function troubleOf(error: unknown): Trouble {
	if (error instanceof MediaError) return error.trouble;
	return error instanceof CryptoError ? 'altered' : 'unreachable';
}

/** What each page has been given the key of, by the id of its client. Gone when this worker is stopped: then it asks again. */
const shelf = new Map<string, Map<string, Promise<SealedMedia>>>();

async function pageOf(client: string): Promise<Client> {
	const page = await self.clients.get(client);
	if (!page) throw new MediaError('no-key');
	return page;
}

/** Only what is worth the way to the browser's process: most answers need no word with the page. */
async function tell(client: string, message: MediaHeld | MediaTrouble): Promise<void> {
	const page = await self.clients.get(client);
	page?.postMessage(message);
}

async function askForKey(client: string, name: Name): Promise<GiveKey> {
	const page = await pageOf(client);
	const { port1, port2 } = new MessageChannel();
	const reply = new Promise<unknown>((resolve) => {
		port1.addEventListener('message', (event) => resolve(event.data), { once: true });
		setTimeout(() => resolve(null), keyTimeoutMs);
	});
	port1.start();
	page.postMessage({ type: 'need-key', ...name } satisfies NeedKey, [port2]);
	const given = v.safeParse(GiveKey, await reply);
	port1.close();
	if (!given.success || !given.output) throw new MediaError('no-key');
	return given.output;
}

async function* piecesOf(response: Response): AsyncGenerator<Uint8Array> {
	const reader = response.body?.getReader();
	if (!reader) return;
	try {
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			yield value;
		}
	} finally {
		// The element went elsewhere: the rest need not come.
		await reader.cancel();
	}
}

async function fetchSealed(given: GiveKey, range: ByteRange): Promise<Response> {
	const headers = {
		authorization: `Bearer ${given.token}`,
		range: `bytes=${range.from}-${range.to - 1}`,
	};
	let response: Response;
	try {
		response = await fetch(given.url, { headers, cache: 'no-store' });
	} catch (cause) {
		throw new MediaError('unreachable', { cause });
	}
	if (response.status === 206) return response;
	await response.body?.cancel();
	if (response.status === 401) throw new MediaError('no-key');
	if (response.status === 404 || response.status === 410) throw new MediaError('gone');
	// RFC 9110 §15.5.17: the object is shorter than it was.
	throw new MediaError(response.status === 416 ? 'altered' : 'unreachable');
}

async function openMedia(client: string, name: Name): Promise<SealedMedia> {
	let given = await askForKey(client, name);
	const source = async (range: ByteRange) => {
		for (let again = 0; ; again++) {
			try {
				return piecesOf(await fetchSealed(given, range));
			} catch (error) {
				const waitMs = againMs[again];
				if (!(error instanceof MediaError) || waitMs === undefined) throw error;
				// The token ran out: the page has a newer one, unless it was locked.
				if (error.trouble === 'no-key' && again === 0) given = await askForKey(client, name);
				else if (error.trouble === 'unreachable')
					await new Promise((resolve) => setTimeout(resolve, waitMs));
				else throw error;
			}
		}
	};
	return SealedMedia.open({
		key: given.key,
		name: {
			recording: fromBase64url(name.recording),
			track: fromBase64url(name.track),
			part: given.part,
		},
		partBytes: given.partBytes,
		source,
	});
}

async function forgetClosedPages(): Promise<void> {
	const open = new Set((await self.clients.matchAll()).map(({ id }) => id));
	for (const id of shelf.keys()) if (!open.has(id)) shelf.delete(id);
}

function mediaFor(client: string, name: Name): Promise<SealedMedia> {
	const held = shelf.get(client) ?? new Map<string, Promise<SealedMedia>>();
	shelf.set(client, held);
	const id = `${name.recording}/${name.track}`;
	const known = held.get(id);
	if (known) return known;
	const [oldest] = held.keys();
	if (oldest !== undefined && held.size >= mediaPerPageMax) held.delete(oldest);
	void forgetClosedPages();
	const opening = openMedia(client, name);
	held.set(id, opening);
	opening.catch(() => held.delete(id));
	return opening;
}

/**
 * The body of an answer. At a segment that is not as it was sealed it goes quiet until the element goes elsewhere:
 * an error would end the playing of what came before, which is intact.
 */
function bodyOf(options: {
	pieces: AsyncGenerator<Bytes>;
	tellHeld: (held: boolean) => void;
	tellTrouble: (trouble: Trouble) => void;
	done: () => void;
}): ReadableStream<Bytes> {
	const { pieces, tellHeld, tellTrouble, done } = options;
	const quiet = Promise.withResolvers<void>();
	let held = false;
	return new ReadableStream<Bytes>({
		pull: async (controller) => {
			try {
				const next = await pieces.next();
				if (!next.done) return controller.enqueue(next.value);
				controller.close();
			} catch (error) {
				const trouble = troubleOf(error);
				held = trouble === 'altered';
				if (held) {
					tellHeld(true);
					return quiet.promise;
				}
				// An answer of the server that broke off is asked for again by the element, without a word.
				if (error instanceof MediaError) tellTrouble(trouble);
				controller.error(error);
			}
			done();
		},
		cancel: async () => {
			if (held) tellHeld(false);
			quiet.resolve();
			done();
			await pieces.return(undefined);
		},
	});
}

async function answer(event: FetchEvent, name: Name): Promise<Response> {
	const { clientId } = event;
	try {
		const media = await mediaFor(clientId, name);
		const asked = parseRange(event.request.headers.get('range') ?? 'bytes=0-', media.size);
		if (!asked) {
			const headers = { 'content-range': `bytes */${media.size}` };
			return new Response(null, { status: 416, headers });
		}
		const range = boundRange(asked, media.segmentPayloadBytes);
		const over = Promise.withResolvers<void>();
		event.waitUntil(over.promise);
		const body = bodyOf({
			pieces: media.read(range),
			tellHeld: (held) => void tell(clientId, { type: 'media-held', ...name, held, worker: life }),
			tellTrouble: (trouble) => void tell(clientId, { type: 'media-trouble', ...name, trouble }),
			done: over.resolve,
		});
		const headers = { ...partialHeaders(range, media.size), 'content-type': 'video/webm' };
		return new Response(body, { status: 206, headers });
	} catch (error) {
		const trouble = troubleOf(error);
		await tell(clientId, { type: 'media-trouble', ...name, trouble });
		return new Response(null, { status: trouble === 'no-key' ? 403 : 502 });
	}
}

/** Opens what an element will ask for; when that fails, the element hears of it. */
async function prepare(client: string, name: Name): Promise<void> {
	try {
		await mediaFor(client, name);
	} catch (error) {
		if (!(error instanceof MediaError) && !(error instanceof CryptoError)) throw error;
	}
}

function obey(event: ExtendableMessageEvent): void {
	const command = v.safeParse(ToWorker, event.data);
	if (!command.success || !(event.source instanceof Client)) return;
	const { id } = event.source;
	switch (command.output.type) {
		case 'forget-all-media':
			shelf.clear();
			break;
		case 'forget-media':
			shelf.delete(id);
			break;
		case 'prepare-media': {
			const { recording, track } = command.output;
			event.waitUntil(prepare(id, { recording, track }));
			break;
		}
		case 'claim':
			event.waitUntil(self.clients.claim());
	}
}

/** Answers `/media/...`; to be called once while the worker starts. */
export function serveMedia(): void {
	self.addEventListener('message', obey);
	self.addEventListener('fetch', (event) => {
		const url = new URL(event.request.url);
		const name = url.origin === location.origin ? parseMediaPath(url.pathname) : undefined;
		if (!name || event.request.mode === 'navigate') return;
		event.respondWith(answer(event, name));
	});
}
