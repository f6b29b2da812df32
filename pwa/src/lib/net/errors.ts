import type { ErrorCode } from '#protocol/errors.ts';

/** The server's refusal in its own word, `offline` when it did not answer, `bad-answer` when the answer made no sense. */
export class ApiError extends Error {
	override readonly name = 'ApiError';
	readonly code: ErrorCode | 'offline' | 'bad-answer';
	/** The chunk that is wanted, or the seconds to wait; see `ErrorBody`. */
	readonly next: number | undefined;

	constructor(code: ApiError['code'], options: ErrorOptions & { next?: number | undefined } = {}) {
		super(code, options);
		this.code = code;
		this.next = options.next;
	}
}

/** Whether `error` is the server's (or the network's) refusal for one of these reasons. */
export function isApiError(error: unknown, ...codes: ApiError['code'][]): error is ApiError {
	return error instanceof ApiError && (codes.length === 0 || codes.includes(error.code));
}
