import { SvelteMap } from 'svelte/reactivity';
import type { Opened } from '#lib/recordings/store.ts';
import { fetchShown } from './api.ts';
import { begunHere } from './begun.ts';
import { WorkerSealer } from './client.ts';
import { cutPassage } from './cut.ts';
import { destroyPerson } from './destroy.ts';
import type { Passage } from './passage.ts';
import { giveUp, relock } from './relock.ts';
import { type RewriteProgress, recordingsApi } from './source.ts';

export type RewriteKind = 'relock' | 'destroy' | 'cut';

/** One recording that is being rewritten; it goes on while its page is left. */
export class Rewrite {
	readonly kind: RewriteKind;
	progress = $state.raw<RewriteProgress>();
	failure = $state.raw<unknown>();
	/** `done`: the page shows it as it is now. */
	state = $state<'running' | 'done' | 'failed' | 'cancelled'>('running');
	/** The copy that a cut made. */
	copy = $state<string>();
	/** It took the place of the recording, which is gone. */
	replaced = $state(false);
	readonly #end = new AbortController();

	constructor(kind: RewriteKind) {
		this.kind = kind;
	}

	get signal(): AbortSignal {
		return this.#end.signal;
	}

	/** Nothing of the recording has changed then. */
	cancel(): void {
		this.#end.abort();
	}

	readonly told = (progress: RewriteProgress): void => {
		this.progress = progress;
	};
}

/** Everything that this page rewrites, by recording. It outlives the screen on which it was begun. */
class Rewrites {
	readonly #running = new SvelteMap<string, Rewrite>();

	of(recording: string): Rewrite | undefined {
		return this.#running.get(recording);
	}

	/** Takes what ended off the screen. */
	forget(recording: string): void {
		if (this.of(recording)?.state !== 'running') this.#running.delete(recording);
	}

	/** Locks a recording anew for these recipients. Never throws: see `failure`. */
	relock(opened: Opened, recipients: readonly string[]): Promise<void> {
		return this.#run(opened, 'relock', async (rewrite) => {
			const { signal, told: progress } = rewrite;
			const sealer = await WorkerSealer.start(signal);
			const about = { opened, signal, progress, api: recordingsApi(), begun: begunHere };
			try {
				await relock({ ...about, recipients, sealer });
			} finally {
				sealer.close();
			}
		});
	}

	/** Destroys what was kept of one person, in shortened copies too. Never throws. */
	destroy(opened: Opened, person: number, captions: boolean): Promise<void> {
		return this.#run(opened, 'destroy', ({ signal }) =>
			destroyPerson({ opened, person, captions, signal, api: recordingsApi() }),
		);
	}

	/** Makes a copy without a passage; with `replaces` the recording is deleted in the moment when the copy is whole. Never throws. */
	cut(opened: Opened, passage: Passage, replaces: boolean): Promise<void> {
		return this.#run(opened, 'cut', async (rewrite) => {
			const { signal, told: progress } = rewrite;
			const sealer = await WorkerSealer.start(signal);
			const about = { opened, signal, progress, api: recordingsApi(), sealer };
			try {
				rewrite.copy = await cutPassage({ ...about, passage, replaces });
				rewrite.replaced = replaces;
			} finally {
				sealer.close();
			}
		});
	}

	/**
	 * Whether a re-lock was begun and not ended, by anybody; how many shortened copies there are, and whether what it is a copy of
	 * is there. Throws `ApiError`.
	 */
	async look(
		recording: string,
	): Promise<{ unfinished: boolean; copies: number; hasSource: boolean }> {
		const { revision, copies, source } = await fetchShown(recording);
		const unfinished = revision !== null && this.of(recording)?.state !== 'running';
		return { unfinished, copies: copies.length, hasSource: source !== null };
	}

	/** Gives up what was begun. Throws `ApiError`. */
	giveUp(recording: string): Promise<void> {
		return giveUp(recording, begunHere);
	}

	async #run(
		{ recording }: Opened,
		kind: RewriteKind,
		act: (rewrite: Rewrite) => Promise<void>,
	): Promise<void> {
		if (this.of(recording.id)?.state === 'running') return;
		const rewrite = new Rewrite(kind);
		this.#running.set(recording.id, rewrite);
		try {
			await act(rewrite);
			rewrite.state = 'done';
		} catch (error) {
			if (!rewrite.signal.aborted) rewrite.failure = error;
			// What was stored for it goes by itself where this does not reach the server.
			else if (kind !== 'cut') await this.giveUp(recording.id).catch(() => undefined);
			rewrite.state = rewrite.signal.aborted ? 'cancelled' : 'failed';
		}
	}
}

export const rewrites = new Rewrites();
