import * as v from 'valibot';
import { api } from '../chrome.ts';
import { FromBanner, type Record, type ToBanner, bannerPort } from './messages.ts';

/** A tab that left so many questions unanswered, one a second, is not there: its process hangs. */
const unansweredMax = 5;

/** The other end of the banner in the captured tab. */
export class Banner {
	readonly #asked: Pick<Record, 'tab' | 'words'>;
	readonly #events: { changed: () => void; stop: () => void };
	#port: chrome.runtime.Port | undefined;
	#allowed = false;
	#begun = false;
	#full = false;
	#unanswered = 0;
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
		return this.#port !== undefined && this.#allowed && this.#unanswered < unansweredMax;
	}

	/** Resolves when it is clear for the first time. */
	get shown(): Promise<void> {
		return this.#shown.promise;
	}

	/** From now on it is recorded; `full`: but nothing of it can be kept. */
	begun({ full }: { full: boolean }): void {
		if (this.#begun && this.#full === full) return;
		[this.#begun, this.#full] = [true, full];
		this.#show();
	}

	/** Asks the tab whether it is there. To be called every second: a timer of this page may be slowed down. */
	look(): void {
		if (!this.#port) return;
		this.#unanswered++;
		this.#say({ type: 'there' });
		if (this.#unanswered === unansweredMax) this.#events.changed();
	}

	/** Takes it away; one that is not told so says that the recording stopped. */
	close({ failed }: { failed: boolean }): void {
		api.runtime.onConnect.removeListener(this.#accept);
		if (!failed) this.#say({ type: 'end' });
		this.#port?.disconnect();
		this.#port = undefined;
	}

	#connected(port: chrome.runtime.Port): void {
		const { name, sender } = port;
		if (name !== bannerPort || sender?.id !== api.runtime.id) return;
		if (sender.tab?.id !== this.#asked.tab) return;
		this.#say({ type: 'end' });
		this.#port?.disconnect();
		this.#port = port;
		this.#allowed = false;
		this.#unanswered = 0;
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
		const { clear } = this;
		this.#unanswered = 0;
		if (message.type === 'stop') return this.#events.stop();
		if (message.type === 'allowed') this.#allowed = message.allowed;
		if (this.clear) this.#shown.resolve();
		if (message.type === 'allowed') this.#show();
		if (message.type === 'allowed' || this.clear !== clear) this.#events.changed();
	}

	#show(): void {
		const { starting, recording, gap, full, ...words } = this.#asked.words;
		const on = this.#full ? full : this.#begun ? recording : starting;
		const text = this.#allowed ? on : gap;
		this.#say({ type: 'show', text, gap: text !== recording, ...words });
	}

	#say(message: ToBanner): void {
		this.#port?.postMessage(message);
	}
}
