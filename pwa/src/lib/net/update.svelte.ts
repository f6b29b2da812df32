import type { Workbox } from 'workbox-window';
import { isBusy, untilFree } from './busy.ts';
import { packaged } from './home.ts';

/** Watches for a new version, and installs it when the person agrees and no tab is in a call. */
class Update {
	/** A new version is there. */
	waiting = $state(false);
	/** It has to wait until a call has ended. */
	held = $state(false);
	/** The server speaks another version, and answers this page no more. */
	outdated = $state(false);
	/** The browser lets no service worker run here, as under a pin of the extension: nothing starts offline or is played. */
	refused = $state(false);
	#workbox: Workbox | undefined;

	async start(): Promise<void> {
		if (!('serviceWorker' in navigator) || packaged) return;
		const { Workbox } = await import('workbox-window');
		this.#workbox = new Workbox('/service-worker.js', { type: 'module', updateViaCache: 'none' });
		this.#workbox.addEventListener('waiting', () => void this.#found());
		this.#workbox.addEventListener('controlling', () => void this.#taken());
		try {
			await this.#workbox.register();
		} catch (error) {
			this.refused = error instanceof DOMException && error.name === 'SecurityError';
			if (!this.refused) throw error;
		}
	}

	/** Looks for a new version now. */
	async check(): Promise<void> {
		await this.#workbox?.update();
	}

	/** Installs the new version and loads the page again; while any tab is in a call it only says so. */
	async accept(): Promise<void> {
		if (await isBusy()) await this.#hold();
		else this.#workbox?.messageSkipWaiting();
	}

	/** Loads the page again with the version of the server, also in a call: without it the call cannot go on for long. */
	async loadAgain(): Promise<void> {
		await this.check().catch(() => {});
		this.#workbox?.messageSkipWaiting();
		location.reload();
	}

	async #found(): Promise<void> {
		this.waiting = true;
		if (await isBusy()) await this.#hold();
	}

	async #hold(): Promise<void> {
		this.held = true;
		await untilFree();
		this.held = false;
	}

	// Not event.isUpdate: it stays false in the tab that saw the first installation.
	async #taken(): Promise<void> {
		if (this.waiting && !(await isBusy())) location.reload();
	}
}

export const update = new Update();
