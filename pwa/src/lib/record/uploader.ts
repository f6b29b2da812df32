import type { Signed } from '#protocol/text.ts';
import type { Grant, NewRecording, NewTrack } from '#protocol/recordings.ts';
import { ApiError, type ObjectName, type RecordingsApi } from './api.ts';
import { type Pauses, persist } from './retry.ts';
import type { Spool } from './spool.ts';

/** What the server must have before the chunks that come after it. */
export type Post =
	| { type: 'recording'; body: NewRecording }
	| { type: 'tracks'; body: { tracks: NewTrack[]; grants: Grant[] } };

interface WaitingPost {
	readonly post: Post;
	readonly sent: () => void;
	readonly failed: (error: unknown) => void;
}

/** Requests in flight at once; the chunks of one part always go one after another. */
const parallel = 3;

/** What the uploader tells: `null` when all is well again. */
export type UploadTrouble = 'offline' | 'storage-full' | 'upload-refused' | null;

/**
 * Brings the chunks of a spool to the server: each part in order, several parts at a time, as long as it takes. Grants and
 * tracks go before everything that was added after them. Nothing is sent twice once the server said that it has it.
 */
export class Uploader {
	readonly #pauses: Pauses;
	readonly #api: RecordingsApi;
	readonly #spool: Spool;
	readonly #recording: string;
	readonly #tell: (trouble: UploadTrouble) => void;
	readonly #stopped = new AbortController();
	readonly #posts: WaitingPost[] = [];
	readonly #busy = new Set<string>();
	#posting = false;
	#failure: unknown;
	#idle: { resolve: () => void; reject: (error: unknown) => void }[] = [];

	constructor(options: {
		api: RecordingsApi;
		spool: Spool;
		recording: string;
		pauses: Pauses;
		tell: (trouble: UploadTrouble) => void;
	}) {
		this.#pauses = options.pauses;
		this.#api = options.api;
		this.#spool = options.spool;
		this.#recording = options.recording;
		this.#tell = options.tell;
	}

	/** Resolves once the server has it; everything later waits for it. */
	post(post: Post): Promise<void> {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		if (this.#failure) reject(this.#failure);
		this.#posts.push({ post, sent: resolve, failed: reject });
		this.#pump();
		return promise;
	}

	/** There are new chunks in the spool. */
	wake(): void {
		this.#pump();
	}

	/** Resolves when the server has every chunk that is in the spool then. Rejects when it refuses one for good. */
	async idle(signal?: AbortSignal): Promise<void> {
		signal?.throwIfAborted();
		if (this.#failure) throw this.#failure;
		if (this.#isIdle()) return;
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		this.#idle.push({ resolve, reject });
		const abort = (): void => reject(signal?.reason);
		signal?.addEventListener('abort', abort, { once: true });
		this.#pump();
		await promise.finally(() => signal?.removeEventListener('abort', abort));
	}

	/** Sends a checkpoint when it can; a newer one makes an unsent older one needless. */
	async checkpoint(checkpoint: Signed): Promise<void> {
		await this.#api.checkpoint(this.#recording, checkpoint, this.#stopped.signal);
	}

	/** Gives up what is in flight. */
	stop(): void {
		this.#stopped.abort();
	}

	#isIdle(): boolean {
		const waiting = this.#spool.parts.some((part) => part.acked < part.ends.length);
		return this.#posts.length === 0 && this.#busy.size === 0 && !waiting;
	}

	#pump(): void {
		if (this.#failure || this.#stopped.signal.aborted || this.#posting) return;
		const [first] = this.#posts;
		if (first) {
			if (this.#busy.size === 0) void this.#run(() => this.#sendPost(first));
			return;
		}
		for (const part of this.#spool.parts) {
			if (this.#busy.size >= parallel) return;
			const key = `${part.track}.${part.part}`;
			if (part.acked >= part.ends.length || this.#busy.has(key)) continue;
			this.#busy.add(key);
			void this.#run(() => this.#sendChunk(part).finally(() => this.#busy.delete(key)));
		}
		if (this.#isIdle()) for (const { resolve } of this.#idle.splice(0)) resolve();
	}

	async #run(act: () => Promise<void>): Promise<void> {
		try {
			await act();
		} catch (error) {
			if (this.#stopped.signal.aborted) return;
			this.#failure = error;
			this.#tell('upload-refused');
			for (const { failed } of this.#posts.splice(0)) failed(error);
			for (const { reject } of this.#idle.splice(0)) reject(error);
			return;
		}
		this.#pump();
	}

	async #sendPost({ post, sent }: WaitingPost): Promise<void> {
		this.#posting = true;
		await this.#persist((signal) =>
			post.type === 'recording'
				? this.#api.create(post.body, signal)
				: this.#api.addTracks(this.#recording, post.body, signal),
		);
		this.#posts.shift();
		this.#posting = false;
		sent();
	}

	async #sendChunk(part: ObjectName & { acked: number; ends: readonly number[] }): Promise<void> {
		const { track, part: number, acked: chunk } = part;
		const bytes = await this.#spool.chunk(part, chunk);
		const place = { recording: this.#recording, track, part: number, chunk };
		try {
			await this.#persist((signal) => this.#api.putChunk(place, bytes, signal));
			this.#spool.ack(part, chunk + 1);
		} catch (error) {
			// The server knows better how far it has come: after a crash on either side.
			const next =
				error instanceof ApiError && error.code === 'chunk-order' ? error.next : undefined;
			if (next === undefined || next <= chunk || next > part.ends.length) throw error;
			this.#spool.ack(part, next);
		}
	}

	async #persist(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
		const { signal } = this.#stopped;
		await persist(() => act(signal), {
			pauses: this.#pauses,
			signal,
			onFailure: ({ code }) => this.#tell(code === 'storage-full' ? 'storage-full' : 'offline'),
		});
		this.#tell(null);
	}
}
