import * as v from 'valibot';
import { account } from '#lib/account/account.svelte.ts';
import { address } from '#lib/net/origin.ts';
import { SealerAnswer, type SealerRequest } from './messages.ts';
import type { Sealer } from './sealer.ts';

/** What touches every byte failed; `code` as in `SealerAnswer`, or `worker-died`. */
export class SealerError extends Error {
	override readonly name = 'SealerError';
	readonly code: string;

	constructor(code: string) {
		super(code);
		this.code = code;
	}
}

type Job = Extract<SealerRequest, { id: number }>;
type WithoutId<R> = R extends { id: number } ? Omit<R, 'id'> : never;
type Result = Exclude<SealerAnswer, { type: 'bytes' | 'failed' | 'token-needed' }>;

interface Waiting {
	readonly onBytes: (bytes: number) => void;
	readonly resolve: (result: Result) => void;
	readonly reject: (error: unknown) => void;
}

/** The page's end of the worker that rewrites recordings; aborting `signal` ends it at once. */
export class WorkerSealer implements Sealer {
	readonly #worker: Worker;
	readonly #signal: AbortSignal;
	readonly #waiting = new Map<number, Waiting>();
	#next = 1;

	private constructor(worker: Worker, signal: AbortSignal) {
		this.#worker = worker;
		this.#signal = signal;
		worker.addEventListener('message', (event: MessageEvent<unknown>) => {
			this.#take(v.parse(SealerAnswer, event.data));
		});
		worker.addEventListener('error', () => this.#fail(new SealerError('worker-died')));
		signal.addEventListener('abort', () => this.close(), { once: true });
	}

	/** Starts the worker for this server. Throws as `account.token`. */
	static async start(signal: AbortSignal): Promise<WorkerSealer> {
		const { default: RewriteWorker } = await import('./worker/main.ts?worker&inline');
		const sealer = new WorkerSealer(new RewriteWorker(), signal);
		const origin = new URL(address('/')).origin;
		sealer.#post({ type: 'server', origin, token: await account.token() });
		return sealer;
	}

	async reseal(...[job, onBytes]: Parameters<Sealer['reseal']>) {
		const result = await this.#ask({ type: 'reseal', job }, onBytes);
		if (result.type !== 'resealed') throw new SealerError('internal');
		return result.stored;
	}

	async verify(...[job, onBytes]: Parameters<Sealer['verify']>) {
		await this.#ask({ type: 'verify', job }, onBytes);
	}

	async cut(...[job, onBytes]: Parameters<Sealer['cut']>) {
		const plain = { ...job, codecs: [...job.codecs] };
		const result = await this.#ask({ type: 'cut', job: plain }, onBytes);
		if (result.type !== 'cut') throw new SealerError('internal');
		return result.file;
	}

	close(): void {
		this.#worker.terminate();
		this.#fail(this.#signal.aborted ? this.#signal.reason : new SealerError('worker-died'));
	}

	#post(request: SealerRequest): void {
		this.#worker.postMessage(request);
	}

	#ask(job: WithoutId<Job>, onBytes: (bytes: number) => void): Promise<Result> {
		this.#signal.throwIfAborted();
		const id = this.#next++;
		return new Promise<Result>((resolve, reject) => {
			this.#waiting.set(id, { onBytes, resolve, reject });
			this.#worker.postMessage({ ...job, id });
		});
	}

	#take(answer: SealerAnswer): void {
		if (answer.type === 'token-needed') {
			void this.#renew();
			return;
		}
		const waiting = this.#waiting.get(answer.id);
		if (answer.type === 'bytes') {
			waiting?.onBytes(answer.bytes);
			return;
		}
		this.#waiting.delete(answer.id);
		if (answer.type === 'failed') waiting?.reject(new SealerError(answer.code));
		else waiting?.resolve(answer);
	}

	async #renew(): Promise<void> {
		try {
			this.#post({ type: 'token', token: await account.token(true) });
		} catch (error) {
			// Locked, or signed out: what was stored stays, and is gone on with later.
			this.#worker.terminate();
			this.#fail(error);
		}
	}

	#fail(error: unknown): void {
		for (const { reject } of this.#waiting.values()) reject(error);
		this.#waiting.clear();
	}
}
