/** What did not work, of one recording. */
export interface Failed {
	readonly id: string;
	readonly failure: unknown;
}

/** The same done with many recordings, one after another: one that fails stops none of the others. */
export class OneByOne {
	state = $state<'idle' | 'running' | 'done' | 'cancelled'>('idle');
	total = $state(0);
	/** Those that were begun and ended, however. */
	ended = $state(0);
	failed = $state.raw<readonly Failed[]>([]);
	#end = new AbortController();

	/** Nothing while it runs already. Never throws: see `failed`. */
	async run(
		ids: readonly string[],
		step: (id: string, signal: AbortSignal) => Promise<void>,
	): Promise<void> {
		if (this.state === 'running') return;
		this.#end = new AbortController();
		const { signal } = this.#end;
		[this.state, this.total, this.ended, this.failed] = ['running', ids.length, 0, []];
		for (const id of ids) {
			try {
				await step(id, signal);
			} catch (failure) {
				if (!signal.aborted) this.failed = [...this.failed, { id, failure }];
			}
			if (signal.aborted) break;
			this.ended += 1;
		}
		this.state = signal.aborted ? 'cancelled' : 'done';
	}

	/** What is done stays done. */
	cancel(): void {
		this.#end.abort();
	}
}
