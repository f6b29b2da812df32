import { SvelteMap } from 'svelte/reactivity';
import type { VaultKey } from '#crypto/vault/vault.ts';
import { type Wanted, keepCopy } from './keep.ts';
import { tendCopies } from './tend.ts';

/** A copy that is being kept on this device; it goes on while other pages are looked at. */
export class Keeping {
	state = $state<'running' | 'done' | 'failed' | 'cancelled'>('running');
	/** How far the bytes are, from 0 to 1. */
	share = $state(0);
	failure = $state.raw<unknown>();
	readonly #end = new AbortController();

	get signal(): AbortSignal {
		return this.#end.signal;
	}

	/** Half a copy is none: nothing stays. */
	cancel(): void {
		this.#end.abort();
	}

	readonly told = (share: number): void => {
		this.share = share;
	};
}

/** Every copy that this page keeps, by recording. It outlives the screen on which it was begun, and ends with the keys. */
class Keepings {
	readonly #all = new SvelteMap<string, Keeping>();

	of(recording: string): Keeping | undefined {
		return this.#all.get(recording);
	}

	/** Never throws: see `failure`. Does nothing while this recording is being kept already. */
	async start(wanted: Wanted, options: { vaultKey: VaultKey; forMs: number }): Promise<void> {
		const { id } = wanted.opened.recording;
		if (this.of(id)?.state === 'running') return;
		const keeping = new Keeping();
		this.#all.set(id, keeping);
		const { signal, told: onShare } = keeping;
		try {
			await keepCopy(wanted, { ...options, signal, onShare });
			keeping.state = 'done';
		} catch (error) {
			if (!signal.aborted) keeping.failure = error;
			keeping.state = signal.aborted ? 'cancelled' : 'failed';
			// The server is told that nothing stayed.
			await tendCopies();
		}
	}
}

export const keepings = new Keepings();
