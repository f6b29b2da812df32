import * as v from 'valibot';
import { ErrorBody, type ErrorCode } from '#protocol/errors.ts';
import { textOf } from '../text.ts';

/** A request is given up after this time. */
const requestMs = 15_000;
/** No answer is longer: a day with as many sessions as there may be, each with names of ordinary length. */
const answerChars = 4 * 1024 * 1024;

/** The server's refusal in its own word, `offline` when it did not answer, `bad-answer` when the answer made no sense. */
export class RequestError extends Error {
	override readonly name = 'RequestError';
	readonly code: ErrorCode | 'offline' | 'bad-answer';

	constructor(code: RequestError['code'], options?: ErrorOptions) {
		super(code, options);
		this.code = code;
	}
}

export interface Request {
	readonly origin: string;
	/** From `/api` on. */
	readonly path: string;
	/** With it the request is a POST. */
	readonly body?: unknown;
	readonly method?: 'DELETE';
	readonly token?: string;
}

/** What the server answers, in the shape of `schema`. Throws RequestError. */
export async function ask<S extends v.GenericSchema>(
	schema: S,
	request: Request,
): Promise<v.InferOutput<S>> {
	const response = await send(request);
	try {
		return v.parse(schema, await jsonOf(response));
	} catch (cause) {
		throw new RequestError('bad-answer', { cause });
	}
}

/** Carries it out; for requests that are answered by nothing. Throws RequestError. */
export async function send({ origin, path, body, token, method }: Request): Promise<Response> {
	const headers = new Headers();
	if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
	if (body !== undefined) headers.set('content-type', 'application/json');
	const response = await reach(new URL(path, origin).href, {
		method: method ?? (body === undefined ? 'GET' : 'POST'),
		headers,
		body: body === undefined ? null : JSON.stringify(body),
		cache: 'no-store',
		credentials: 'omit',
		redirect: 'error',
		signal: AbortSignal.timeout(requestMs),
	});
	if (!response.ok) throw await refusal(response);
	return response;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
	try {
		return await fetch(url, init);
	} catch (cause) {
		throw new RequestError('offline', { cause });
	}
}

const jsonOf = async (response: Response): Promise<unknown> =>
	JSON.parse(await textOf(response, answerChars));

async function refusal(response: Response): Promise<RequestError> {
	try {
		return new RequestError(v.parse(ErrorBody, await jsonOf(response)).error);
	} catch (cause) {
		// A proxy in between answers with its own pages while the server is away.
		return new RequestError(response.status >= 500 ? 'offline' : 'bad-answer', { cause });
	}
}
