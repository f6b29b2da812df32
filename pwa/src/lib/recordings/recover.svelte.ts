import { account } from '#lib/account/account.svelte.ts';
import { address } from '#lib/net/origin.ts';
import type { RecorderClient } from '#lib/record/client.ts';
import { openTrackKeys } from './keys.ts';
import { fetchRecording, opener } from './store.ts';
import { startRecorder } from './start.ts';

/** Joins what was stored of a recording that ended unexpectedly; on any device with a grant. */
export class Recovery {
	running = $state(false);
	/** From 0 to 1; undefined until it is known. */
	progress = $state<number>();
	phase = $state<'upload' | 'join' | 'verify' | 'manifest'>();
	failure = $state.raw<unknown>();
	readonly #recording: string;
	#abort: AbortController | undefined;

	constructor(recording: string) {
		this.#recording = recording;
	}

	/** Resolves with whether it was finished; what was stored stays stored in any case. */
	async run(): Promise<boolean> {
		this.running = true;
		this.failure = undefined;
		const abort = new AbortController();
		this.#abort = abort;
		const client = await startRecorder((message) => {
			if (message.type === 'token-needed') void this.#renew(client);
			if (message.type !== 'progress') return;
			this.phase = message.phase;
			this.progress = message.total > 0 ? message.done / message.total : undefined;
		});
		try {
			const { grants } = await fetchRecording(this.#recording);
			const keys = await openTrackKeys({ recording: this.#recording, grants, opener: opener() });
			const origin = new URL(address('/')).origin;
			await client.request(
				{
					type: 'recover',
					recording: this.#recording,
					server: { origin, token: await account.token() },
					keys: Array.from(keys, ([track, key]) => ({ track, key })),
					signing: account.identity.signing,
				},
				abort.signal,
			);
			return true;
		} catch (error) {
			if (!abort.signal.aborted) this.failure = error;
			return false;
		} finally {
			client.terminate();
			this.running = false;
			this.progress = undefined;
		}
	}

	cancel(): void {
		this.#abort?.abort();
	}

	async #renew(client: RecorderClient): Promise<void> {
		try {
			client.token(await account.token(true));
		} catch (error) {
			this.failure = error;
			this.cancel();
		}
	}
}
