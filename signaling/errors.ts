import type { ErrorCode } from './protocol/errors.ts';

const statuses: Record<ErrorCode, number> = {
	'bad-request': 400,
	'chunk-differs': 409,
	'chunk-order': 409,
	conflict: 409,
	deactivated: 403,
	forbidden: 403,
	'generation-taken': 409,
	gone: 410,
	internal: 500,
	locked: 423,
	'login-failed': 401,
	'not-found': 404,
	'not-in-call': 409,
	'not-ready': 409,
	origin: 403,
	'over-limit': 413,
	'session-ended': 410,
	'setup-token': 403,
	'slow-down': 429,
	'storage-full': 507,
	token: 401,
	'too-many-tries': 429,
	version: 426,
};

/** Why a request or a message was refused; the code is all that the other side and the log learn. */
export class ServerError extends Error {
	override readonly name = 'ServerError';
	readonly code: ErrorCode;
	/** `chunk-order`: the chunk wanted next; `slow-down`, `too-many-tries`: seconds; `generation-taken`: the newest. */
	readonly next: number | undefined;

	constructor(code: ErrorCode, options?: ErrorOptions & { next?: number }) {
		super(code, options);
		this.code = code;
		this.next = options?.next;
	}

	get status(): number {
		return statuses[this.code];
	}
}

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);

/** The stable word of an error as system calls and SQLite give it. */
export function systemCode(error: unknown): string | undefined {
	if (!(error instanceof Error) || !('code' in error)) return undefined;
	return typeof error.code === 'string' ? error.code : undefined;
}

/** What to tell the other side about any error: a ServerError as it is, a full disk, or `internal`. */
export function asServerError(error: unknown): ServerError {
	if (error instanceof ServerError) return error;
	if (fullCodes.has(systemCode(error) ?? ''))
		return new ServerError('storage-full', { cause: error });
	return new ServerError('internal', { cause: error });
}
