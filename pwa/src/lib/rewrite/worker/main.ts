import * as v from 'valibot';
import { CryptoError } from '#crypto/errors.ts';
import { ApiError, RecordingsApi } from '#lib/record/api.ts';
import { type SealerAnswer, SealerRequest } from '../messages.ts';
import { type Sealer, sealerHere } from '../sealer.ts';

declare const self: DedicatedWorkerGlobalScope;

/** Bytes between two announcements. */
const stepBytes = 250_000;

let sealer: Sealer | undefined;
let token = '';
let waiting: PromiseWithResolvers<string> | undefined;

function send(answer: SealerAnswer): void {
	self.postMessage(answer);
}

/** The token in use; another one from the page when the server refused it. */
async function tokenSource(stale?: string): Promise<string> {
	if (stale === undefined || stale !== token) return token;
	if (!waiting) {
		waiting = Promise.withResolvers();
		send({ type: 'token-needed' });
	}
	return waiting.promise;
}

function codeOf(error: unknown): string {
	if (error instanceof CryptoError || error instanceof ApiError) return error.code;
	return error instanceof RangeError ? 'bad-film' : 'internal';
}

/** Adds up bytes and tells of them now and then. */
function counting(id: number): (bytes: number) => void {
	let held = 0;
	return (bytes) => {
		held += bytes;
		if (held < stepBytes) return;
		send({ type: 'bytes', id, bytes: held });
		held = 0;
	};
}

async function perform(
	request: Extract<SealerRequest, { id: number }>,
	by: Sealer,
): Promise<SealerAnswer> {
	const { id } = request;
	const onBytes = counting(id);
	if (request.type === 'reseal')
		return { type: 'resealed', id, stored: await by.reseal(request.job, onBytes) };
	if (request.type === 'verify') {
		await by.verify(request.job, onBytes);
		return { type: 'verified', id };
	}
	const file = await by.cut(request.job, onBytes);
	return { type: 'cut', id, ...(file && { file: { ...file, codecs: [...file.codecs] } }) };
}

async function handle(request: SealerRequest): Promise<void> {
	if (request.type === 'server') {
		({ token } = request);
		const api = new RecordingsApi({ origin: request.origin, token: tokenSource });
		// Given up, the whole worker is ended.
		sealer = sealerHere(api, new AbortController().signal);
	} else if (request.type === 'token') {
		({ token } = request);
		waiting?.resolve(token);
		waiting = undefined;
	} else if (sealer) {
		const { id } = request;
		send(
			await perform(request, sealer).catch((error: unknown): SealerAnswer => ({
				type: 'failed',
				id,
				code: codeOf(error),
			})),
		);
	}
}

self.addEventListener('message', (event: MessageEvent<unknown>) => {
	void handle(v.parse(SealerRequest, event.data));
});
