import * as v from 'valibot';
import { type Bytes, fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { ByteRange } from '#crypto/track/fixed.ts';
import { readKept } from './kept.ts';
import { boundRange, parseRange, partialHeaders } from './range.ts';
import { SealedMedia } from './sealed.ts';
import {
	GiveKey,
	type MediaHeld,
	type MediaTrouble,
	type NeedKey,
	ToWorker,
	type Trouble,
	readerHeader,
} from './wire.ts';

/** A page that does not answer this long has no key for us. */
const keyTimeoutMs = 4_000;
/** A server that does not answer is asked again after these times before the page hears of it. */
const againMs = [400, 1_200, 2_400];
/** Keys of one page: one for each person of a recording, with room for a second recording. */
const mediaPerPageMax = 16;

/** Tells the lives of this worker apart. */
const life = toBase64url(random(16));

/** The pages of a service worker, by the ids of their clients. */
export interface Pages {
	get(id: string): Promise<Page | undefined>;
	/** Ids of those that are open. */
	open(): Promise<string[]>;
	/** Takes over pages that were loaded without this worker. */
	claim(): Promise<void>;
}

export interface Page {
	postMessage(message: unknown, transfer?: Transferable[]): void;
}

/** What a media address names. */
export interface Name {
	readonly recording: string;
	readonly track: string;
}

/** An answer to a media element. */
export interface Served {
	readonly response: Response;
	/** When its last byte was given, or nobody wants it any more: so long the worker has to live. */
	readonly over: Promise<void>;
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

/** The same out of a copy that this device keeps. */
async function keptPieces(folder: string, part: number, name: Name, range: ByteRange) {
	try {
		return await readKept({ folder, ...name, part }, range);
	} catch (cause) {
		throw new MediaError('gone', { cause });
	}
}

/**
 * The body of an answer. At a segment that is not as it was sealed it goes quiet until the element goes elsewhere:
 * an error would end the playing of what came before, which is intact.
 */
function bodyOf(options: {
	pieces: AsyncGenerator<Bytes>;
	/** False for who only reads: it fails at once. */
	waits: boolean;
	tellHeld: (held: boolean) => void;
	tellTrouble: (trouble: Trouble) => void;
	done: () => void;
}): ReadableStream<Bytes> {
	const { pieces, waits, tellHeld, tellTrouble, done } = options;
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
				held = trouble === 'altered' && waits;
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

/** The answers to `/media/...`: one core for the service worker of the web app and that of the extension. */
export class MediaServer {
	readonly #pages: Pages;
	/** What each page has been given the key of, by the id of its client. Gone when this worker is stopped: then it asks again. */
	readonly #shelf = new Map<string, Map<string, Promise<SealedMedia>>>();

	constructor(pages: Pages) {
		this.#pages = pages;
	}

	/** Does what a page says; resolves when it is done. What is no command of ours is passed over. */
	async obey(client: string, message: unknown): Promise<void> {
		const command = v.safeParse(ToWorker, message);
		if (!command.success) return;
		switch (command.output.type) {
			case 'forget-all-media':
				this.#shelf.clear();
				break;
			case 'forget-media':
				this.#shelf.delete(client);
				break;
			case 'prepare-media': {
				const { recording, track } = command.output;
				await this.#prepare(client, { recording, track });
				break;
			}
			case 'claim':
				await this.#pages.claim();
		}
	}

	/** Answers one request of a media element of this page. Never throws: the page is told what is wrong. */
	async answer(client: string, request: Request, name: Name): Promise<Served> {
		const over = Promise.withResolvers<void>();
		const without = (status: number, headers: HeadersInit = {}): Served => {
			over.resolve();
			return { response: new Response(null, { status, headers }), over: over.promise };
		};
		const waits = !request.headers.has(readerHeader);
		const tell = async (message: MediaHeld | MediaTrouble) => {
			if (waits) await this.#tell(client, message);
		};
		try {
			const media = await this.#mediaFor(client, name);
			const asked = parseRange(request.headers.get('range') ?? 'bytes=0-', media.size);
			if (!asked) return without(416, { 'content-range': `bytes */${media.size}` });
			const range = boundRange(asked, media.segmentPayloadBytes);
			const body = bodyOf({
				pieces: media.read(range),
				waits,
				tellHeld: (held) => void tell({ type: 'media-held', ...name, held, worker: life }),
				tellTrouble: (trouble) => void tell({ type: 'media-trouble', ...name, trouble }),
				done: over.resolve,
			});
			const headers = { ...partialHeaders(range, media.size), 'content-type': 'video/webm' };
			return { response: new Response(body, { status: 206, headers }), over: over.promise };
		} catch (error) {
			const trouble = troubleOf(error);
			await tell({ type: 'media-trouble', ...name, trouble });
			return without(trouble === 'no-key' ? 403 : 502);
		}
	}

	/** Only what is worth the way to the browser's process: most answers need no word with the page. */
	async #tell(client: string, message: MediaHeld | MediaTrouble): Promise<void> {
		const page = await this.#pages.get(client);
		page?.postMessage(message);
	}

	async #askForKey(client: string, name: Name): Promise<GiveKey> {
		const page = await this.#pages.get(client);
		if (!page) throw new MediaError('no-key');
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

	async #open(client: string, name: Name): Promise<SealedMedia> {
		let given = await this.#askForKey(client, name);
		const source = async (range: ByteRange) => {
			for (let again = 0; ; again++) {
				try {
					if (given.kept !== undefined)
						return await keptPieces(given.kept, given.part, name, range);
					return piecesOf(await fetchSealed(given, range));
				} catch (error) {
					const waitMs = againMs[again];
					if (!(error instanceof MediaError) || waitMs === undefined) throw error;
					// The token ran out: the page has a newer one, unless it was locked.
					if (error.trouble === 'no-key' && again === 0)
						given = await this.#askForKey(client, name);
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

	async #forgetClosedPages(): Promise<void> {
		const open = new Set(await this.#pages.open());
		for (const id of this.#shelf.keys()) if (!open.has(id)) this.#shelf.delete(id);
	}

	#mediaFor(client: string, name: Name): Promise<SealedMedia> {
		const held = this.#shelf.get(client) ?? new Map<string, Promise<SealedMedia>>();
		this.#shelf.set(client, held);
		const id = `${name.recording}/${name.track}`;
		const known = held.get(id);
		if (known) return known;
		const [oldest] = held.keys();
		if (oldest !== undefined && held.size >= mediaPerPageMax) held.delete(oldest);
		void this.#forgetClosedPages();
		const opening = this.#open(client, name);
		held.set(id, opening);
		opening.catch(() => held.delete(id));
		return opening;
	}

	/** Opens what an element will ask for; when that fails, the element hears of it. */
	async #prepare(client: string, name: Name): Promise<void> {
		try {
			await this.#mediaFor(client, name);
		} catch (error) {
			if (!(error instanceof MediaError) && !(error instanceof CryptoError)) throw error;
		}
	}
}
