import * as v from 'valibot';
import { api } from '../chrome.ts';
import { FromBanner, type Record, type Show, bannerPort } from './messages.ts';

/** The other end of the banner in the captured tab. */
export class Banner {
	readonly #asked: Pick<Record, 'tab' | 'words'>;
	readonly #events: { changed: () => void; stop: () => void };
	#port: chrome.runtime.Port | undefined;
	#allowed = false;
	readonly #shown = Promise.withResolvers<void>();
	readonly #accept = (port: chrome.runtime.Port): void => this.#connected(port);

	constructor(
		asked: Pick<Record, 'tab' | 'words'>,
		events: { changed: () => void; stop: () => void },
	) {
		this.#asked = asked;
		this.#events = events;
		api.runtime.onConnect.addListener(this.#accept);
	}

	/** Whether the tab is there, shows that it is recorded, and shows what may be. */
	get clear(): boolean {
		return this.#port !== undefined && this.#allowed;
	}

	/** Resolves when it is clear for the first time. */
	get shown(): Promise<void> {
		return this.#shown.promise;
	}

	/** Takes it away. */
	close(): void {
		api.runtime.onConnect.removeListener(this.#accept);
		this.#port?.disconnect();
		this.#port = undefined;
	}

	#connected(port: chrome.runtime.Port): void {
		const { name, sender } = port;
		if (name !== bannerPort || sender?.id !== api.runtime.id) return;
		if (sender.tab?.id !== this.#asked.tab) return;
		this.#port?.disconnect();
		this.#port = port;
		this.#allowed = false;
		port.onMessage.addListener((message: unknown) => {
			if (port === this.#port) this.#hear(v.parse(FromBanner, message));
		});
		port.onDisconnect.addListener(() => {
			if (port !== this.#port) return;
			// The page went away, or its process died.
			this.#port = undefined;
			this.#events.changed();
		});
		this.#show();
	}

	#hear(message: FromBanner): void {
		if (message.type === 'stop') return this.#events.stop();
		this.#allowed = message.allowed;
		if (this.clear) this.#shown.resolve();
		this.#show();
		this.#events.changed();
	}

	#show(): void {
		const { recording, gap, stop } = this.#asked.words;
		const text = this.#allowed ? recording : gap;
		const show: Show = { text, stop, gap: !this.#allowed };
		this.#port?.postMessage(show);
	}
}
