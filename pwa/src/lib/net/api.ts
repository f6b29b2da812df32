import * as v from 'valibot';
import { ErrorBody } from '#protocol/errors.ts';
import { ApiError, isApiError } from './errors.ts';
import { address, token } from './origin.ts';

export interface Request {
	method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
	/** From `/api` on. */
	path: string;
	/** Bytes go as they are, anything else as JSON. */
	body?: unknown;
	/** Without a token: for what anybody may ask, and for the ways in. */
	open?: boolean;
	headers?: Record<string, string>;
	signal?: AbortSignal | undefined;
	/** Finishes although the page is being left. */
	keepalive?: boolean;
}

/** The answer of a request that was granted. Throws `ApiError`; a refused token is renewed and tried once more. */
export async function request(options: Request): Promise<Response> {
	try {
		return await attempt(options, false);
	} catch (error) {
		if (options.open || !isApiError(error, 'token')) throw error;
		return attempt(options, true);
	}
}

/** The JSON of the answer in the shape of `schema`. Throws `ApiError`, `bad-answer` for another shape. */
export async function fetchJson<S extends v.GenericSchema>(
	schema: S,
	options: Request,
): Promise<v.InferOutput<S>> {
	const response = await request(options);
	try {
		return v.parse(schema, await response.json());
	} catch (cause) {
		throw new ApiError('bad-answer', { cause });
	}
}

async function attempt(options: Request, fresh: boolean): Promise<Response> {
	const { method = 'GET', path, body, open = false, signal = null, keepalive = false } = options;
	const headers = new Headers(options.headers);
	if (!open) headers.set('authorization', `Bearer ${await token(fresh)}`);
	const init: RequestInit = { method, headers, signal, keepalive, credentials: 'omit' };
	if (body instanceof Uint8Array) {
		headers.set('content-type', 'application/octet-stream');
		init.body = new Uint8Array(body);
	} else if (body !== undefined) {
		headers.set('content-type', 'application/json');
		init.body = JSON.stringify(body);
	}
	const response = await reach(address(path), init);
	if (!response.ok) throw await refusal(response);
	return response;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
	try {
		return await fetch(url, { cache: 'no-store', ...init });
	} catch (cause) {
		// An abort is the caller's own wish.
		if (init.signal?.aborted) throw cause;
		throw new ApiError('offline', { cause });
	}
}

async function refusal(response: Response): Promise<ApiError> {
	try {
		const { error, next } = v.parse(ErrorBody, await response.json());
		return new ApiError(error, { next });
	} catch (cause) {
		// A proxy in between answers with its own pages while the server is away.
		return new ApiError(response.status >= 500 ? 'offline' : 'bad-answer', { cause });
	}
}
