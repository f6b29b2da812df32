import { api } from '../chrome.ts';
import type { State } from '../shared/state.ts';
import { parseState, stateKey } from '../shared/stored.ts';

/** Waits are told in minutes: often enough. */
const tickMs = 5000;

/** What the service worker has written, as it changes. */
export class Live {
	/** Null until the service worker has written something. */
	state = $state.raw<State | null>(null);
	/** What was written cannot be read, or the service worker does not start. */
	failure = $state.raw<unknown>();
	/** Milliseconds since 1970, by this machine's clock. */
	now = $state(Date.now());

	/** Begins to follow; gives back what ends it. */
	follow(): () => void {
		const changed = (changes: Record<string, { newValue?: unknown }>) => {
			if (stateKey in changes) this.#take(changes[stateKey]?.newValue);
		};
		api.storage.session.onChanged.addListener(changed);
		const timer = setInterval(() => (this.now = Date.now()), tickMs);
		void this.#read();
		return () => {
			api.storage.session.onChanged.removeListener(changed);
			clearInterval(timer);
		};
	}

	async #read(): Promise<void> {
		try {
			const stored = await api.storage.session.get(stateKey);
			// What changed in the meantime is newer.
			if (!this.state) this.#take(stored[stateKey]);
			// Any message starts the service worker, where it was stopped.
			await api.runtime.sendMessage({ type: 'version' });
		} catch (error) {
			this.failure = error;
		}
	}

	#take(stored: unknown): void {
		this.now = Date.now();
		if (stored === undefined) return;
		try {
			this.state = parseState(stored);
			this.failure = undefined;
		} catch (error) {
			[this.state, this.failure] = [null, error];
		}
	}
}
