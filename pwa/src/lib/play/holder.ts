import * as v from 'valibot';
import {
	FromWorker,
	type GiveKey,
	type MediaHeld,
	type MediaTrouble,
	type NeedKey,
	type ToWorker,
	mediaPath,
} from './wire.ts';

/** How long a page waits until a service worker that is there has taken it over. */
const controllerTimeoutMs = 10_000;

/** Everything that the worker needs to open one person's media, except the token, which is made when it asks. */
export type MediaOffer = Omit<GiveKey, 'token'>;

function tell(container: ServiceWorkerContainer, message: ToWorker): void {
	container.controller?.postMessage(message);
}

/** To be called when the device is locked or signed out: the service worker drops the keys of every page. */
export function forgetAllMedia(container: ServiceWorkerContainer): void {
	tell(container, { type: 'forget-all-media' });
}

/**
 * Whether a service worker answers this page's media addresses. A page that was loaded before the worker was there,
 * or by a forced reload, is taken over now; false where there is none after ten seconds.
 */
export async function mediaReady(
	container: ServiceWorkerContainer,
	timeoutMs = controllerTimeoutMs,
): Promise<boolean> {
	if (container.controller) return true;
	const controlled = new Promise<boolean>((resolve) => {
		container.addEventListener('controllerchange', () => resolve(true), { once: true });
		setTimeout(() => resolve(container.controller !== null), timeoutMs);
	});
	void container.ready.then(({ active }) =>
		active?.postMessage({ type: 'claim' } satisfies ToWorker),
	);
	return controlled;
}

/** The page's side of `/media/...`: it holds the keys and hands one over whenever the service worker asks. */
export class MediaHolder {
	readonly #container: ServiceWorkerContainer;
	readonly #token: () => Promise<string>;
	readonly #onTrouble: (trouble: MediaTrouble) => void;
	readonly #onHeld: (name: { recording: string; track: string }, held: boolean) => void;
	/** How many answers wait at altered bytes, by media address, in the worker's present life. */
	readonly #held = new Map<string, number>();
	#worker = '';
	readonly #offers = new Map<string, MediaOffer>();

	constructor(options: {
		container: ServiceWorkerContainer;
		/** A token of the server that is still valid; rejects when this device is locked. */
		token: () => Promise<string>;
		onTrouble: (trouble: MediaTrouble) => void;
		/** An answer waits at bytes that are not as sealed; or none does any more. */
		onHeld: (name: { recording: string; track: string }, held: boolean) => void;
	}) {
		this.#container = options.container;
		this.#token = options.token;
		this.#onTrouble = options.onTrouble;
		this.#onHeld = options.onHeld;
		this.#container.addEventListener('message', this.#hear);
		this.#container.startMessages();
	}

	/** Makes one person's media playable from this page; gives the address for the media element. */
	offer(media: { recording: string; track: string }, offer: MediaOffer): string {
		const path = mediaPath(media);
		this.#offers.set(path, offer);
		tell(this.#container, { type: 'prepare-media', ...media });
		return path;
	}

	/** Drops the keys here and in the worker. */
	close(): void {
		this.#container.removeEventListener('message', this.#hear);
		this.#offers.clear();
		tell(this.#container, { type: 'forget-media' });
	}

	readonly #hear = (event: MessageEvent<unknown>): void => {
		const message = v.safeParse(FromWorker, event.data);
		if (!message.success) return;
		switch (message.output.type) {
			case 'need-key':
				void this.#give(message.output, event.ports[0]);
				break;
			case 'media-trouble':
				this.#onTrouble(message.output);
				break;
			case 'media-held':
				this.#count(message.output);
		}
	};

	#count(message: MediaHeld): void {
		if (message.worker !== this.#worker) this.#held.clear();
		this.#worker = message.worker;
		const path = mediaPath(message);
		const count = Math.max(0, (this.#held.get(path) ?? 0) + (message.held ? 1 : -1));
		this.#held.set(path, count);
		this.#onHeld({ recording: message.recording, track: message.track }, count > 0);
	}

	async #give(asked: NeedKey, port: MessagePort | undefined): Promise<void> {
		const offer = this.#offers.get(mediaPath(asked));
		try {
			const given = offer ? { ...offer, token: await this.#token() } : null;
			port?.postMessage(given satisfies GiveKey | null);
		} catch {
			// Locked: the worker hears that there is no key, and the player says so.
			port?.postMessage(null);
		}
	}
}
