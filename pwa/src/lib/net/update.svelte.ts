import type { Workbox } from 'workbox-window';

/** The Web Lock that a page holds as long as it is in a call. */
export const inCallLock = 'in-call';

/** Whether any tab of this browser is in a call. */
export async function inCall(): Promise<boolean> {
	const { held = [] } = await navigator.locks.query();
	return held.some((lock) => lock.name === inCallLock);
}

/** Watches for a new version, and installs it when the person agrees and no tab is in a call. */
class Update {
	/** A new version is there. */
	waiting = $state(false);
	/** It was refused because of a call. */
	held = $state(false);
	#workbox: Workbox | undefined;

	async start(): Promise<void> {
		if (!('serviceWorker' in navigator) || location.protocol === 'chrome-extension:') return;
		const { Workbox } = await import('workbox-window');
		this.#workbox = new Workbox('/service-worker.js', { type: 'module', updateViaCache: 'none' });
		this.#workbox.addEventListener('waiting', () => void this.#found());
		this.#workbox.addEventListener('controlling', () => void this.#taken());
		await this.#workbox.register();
	}

	/** Looks for a new version now. */
	async check(): Promise<void> {
		await this.#workbox?.update();
	}

	/** Installs the new version and loads the page again; only `held` changes while any tab is in a call. */
	async accept(): Promise<void> {
		this.held = await inCall();
		if (!this.held) this.#workbox?.messageSkipWaiting();
	}

	async #found(): Promise<void> {
		this.waiting = true;
		if (await inCall()) {
			this.held = true;
			// The lock comes free when the last call ends.
			await navigator.locks.request(inCallLock, () => undefined);
			this.held = false;
		}
	}

	// Not event.isUpdate: it stays false in the tab that saw the first installation.
	async #taken(): Promise<void> {
		if (this.waiting && !(await inCall())) location.reload();
	}
}

export const update = new Update();
