import * as v from 'valibot';
import { RecorderAnswer, type RecorderRequest } from './messages.ts';

/** A request of the recorder's worker that failed; `code` as in the message `failed`. */
export class RecorderError extends Error {
	override readonly name = 'RecorderError';
	readonly code: string;
	readonly reason: string | null;

	constructor(code: string, reason: string | null) {
		super(code);
		this.code = code;
		this.reason = reason;
	}
}

type WithoutId<R> = R extends { id: number } ? Omit<R, 'id'> : never;
/** A request as the page writes it: the client numbers it. */
export type Request = WithoutId<RecorderRequest>;
type Answered = Extract<RecorderAnswer, { id: number }>;
/** What comes without being asked for: status, progress, problem, token-needed. */
export type Announcement = Exclude<RecorderAnswer, { id: number }>;

const answerTypes = {
	open: 'opened',
	packages: 'packages',
	welcome: 'epoch',
	left: 'done',
	receipts: 'done',
	port: 'done',
	start: 'started',
	end: 'ended',
	finish: 'finished',
	recover: 'finished',
	leftovers: 'leftovers',
	resume: 'done',
	forget: 'done',
} as const satisfies Record<Request['type'], Answered['type']>;
type AnswerTo<R extends Request> = Extract<Answered, { type: (typeof answerTypes)[R['type']] }>;

function answers<R extends Request>(request: R, answer: Answered): answer is AnswerTo<R> {
	return answer.type === answerTypes[request.type];
}

interface Waiting {
	resolve: (answer: Answered) => void;
	reject: (error: RecorderError) => void;
}

/** The page's end of the recorder's worker: requests as promises, announcements as one callback. */
export class RecorderClient {
	readonly #worker: Worker;
	readonly #waiting = new Map<number, Waiting>();
	readonly #announce: (message: Announcement) => void;
	#next = 1;

	constructor(worker: Worker, announce: (message: Announcement) => void) {
		this.#worker = worker;
		this.#announce = announce;
		worker.addEventListener('message', (event: MessageEvent<unknown>) => {
			this.#take(v.parse(RecorderAnswer, event.data));
		});
		worker.addEventListener('error', () => this.#fail('worker-died'));
	}

	/**
	 * Sends a request; the promise is its answer. Rejects with RecorderError. A port is transferred by itself.
	 * When `signal` is aborted, `finish`, `recover` and `resume` are given up and reject with `cancelled`.
	 */
	request<R extends Request>(request: R, signal?: AbortSignal): Promise<AnswerTo<R>> {
		const id = this.#next++;
		const transfer = request.type === 'port' ? [request.port] : [];
		const cancel = (): void => this.#worker.postMessage({ type: 'cancel', request: id });
		const answer = new Promise<Answered>((resolve, reject) => {
			this.#waiting.set(id, { resolve, reject });
			this.#worker.postMessage({ ...request, id }, transfer);
			signal?.addEventListener('abort', cancel, { once: true });
			if (signal?.aborted) cancel();
		});
		const settled = answer.finally(() => signal?.removeEventListener('abort', cancel));
		return settled.then((message) => {
			if (!answers(request, message)) throw new RecorderError('internal', null);
			return message;
		});
	}

	/** A fresh token, for all uploads of this worker. */
	token(token: string): void {
		this.#worker.postMessage({ type: 'token', token } satisfies RecorderRequest);
	}

	/** The network is back. */
	online(): void {
		this.#worker.postMessage({ type: 'online' } satisfies RecorderRequest);
	}

	/** Ends the worker at once. What was sealed stays on the disk and is uploaded by `resume`. */
	terminate(): void {
		this.#worker.terminate();
		this.#fail('worker-died');
	}

	#take(message: RecorderAnswer): void {
		if (!('id' in message)) {
			this.#announce(message);
			return;
		}
		const waiting = this.#waiting.get(message.id);
		this.#waiting.delete(message.id);
		if (message.type === 'failed') waiting?.reject(new RecorderError(message.code, message.reason));
		else waiting?.resolve(message);
	}

	#fail(code: string): void {
		for (const { reject } of this.#waiting.values()) reject(new RecorderError(code, null));
		this.#waiting.clear();
	}
}
