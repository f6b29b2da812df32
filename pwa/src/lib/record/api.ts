import * as v from 'valibot';
import type { Bytes } from '#crypto/bytes.ts';
import { ErrorBody, type ErrorCode } from '#protocol/errors.ts';
import {
	type FinishRecording,
	type Grant,
	type NewRecording,
	type NewTrack,
	Recording,
	rangeBytesMax,
} from '#protocol/recordings.ts';
import type { Signed } from '#protocol/text.ts';

/** The server refused, or could not be reached. */
export class ApiError extends Error {
	override readonly name = 'ApiError';
	readonly code: ErrorCode | 'offline';
	/** `chunk-order`: the chunk that is wanted; `slow-down`: seconds to wait. */
	readonly next: number | undefined;

	constructor(code: ErrorCode | 'offline', next?: number, options?: ErrorOptions) {
		super(code, options);
		this.code = code;
		this.next = next;
	}

	/** Whether the same request may succeed later. */
	get passing(): boolean {
		return ['offline', 'internal', 'slow-down', 'storage-full', 'token', 'locked'].includes(
			this.code,
		);
	}
}

const timeoutMs = 30_000;

/** Gives the token in use; with `stale`, one that is not that one. */
export type TokenSource = (stale?: string) => Promise<string>;

/** A place in the store: one part of one track. */
export interface ObjectName {
	readonly track: string;
	readonly part: number;
}

/** The recordings of the server, as signaling/protocol/recordings.ts says. Everything throws ApiError. */
export class RecordingsApi {
	readonly #origin: string;
	readonly #token: TokenSource;

	constructor(options: { origin: string; token: TokenSource }) {
		this.#origin = options.origin;
		this.#token = options.token;
	}

	async create(recording: NewRecording, signal?: AbortSignal): Promise<void> {
		await this.#send('POST', '', { json: recording, signal });
	}

	async addTracks(
		recording: string,
		more: { tracks: NewTrack[]; grants: Grant[] },
		signal?: AbortSignal,
	): Promise<void> {
		await this.#send('POST', `/${recording}/tracks`, { json: more, signal });
	}

	/** Idempotent: the same bytes again are fine. */
	async putChunk(
		place: ObjectName & { recording: string; chunk: number },
		bytes: Uint8Array,
		signal?: AbortSignal,
	): Promise<void> {
		const { recording, track, part, chunk } = place;
		const path = `/${recording}/objects/${track}/${part}/${chunk}`;
		await this.#send('PUT', path, { bytes, signal });
	}

	async recording(id: string, signal?: AbortSignal): Promise<Recording> {
		const response = await this.#send('GET', `/${id}`, { signal });
		return v.parse(Recording, await response.json());
	}

	/** The bytes of an object from `from` (without it its start) up to `bytes`, in pieces as large as the server gives. */
	async *objectBytes(
		place: ObjectName & { recording: string; bytes: number; from?: number },
		signal?: AbortSignal,
	): AsyncGenerator<Bytes> {
		const { recording, track, part, bytes, from = 0 } = place;
		for (let at = from; at < bytes;) {
			const to = Math.min(at + rangeBytesMax, bytes) - 1;
			const headers = { range: `bytes=${at}-${to}` };
			const path = `/${recording}/objects/${track}/${part}`;
			const response = await this.#send('GET', path, { headers, signal });
			const piece = new Uint8Array(await response.arrayBuffer());
			if (piece.length === 0) throw new ApiError('internal');
			yield piece;
			at += piece.length;
		}
	}

	async checkpoint(recording: string, checkpoint: Signed, signal?: AbortSignal): Promise<void> {
		await this.#send('POST', `/${recording}/checkpoints`, { json: checkpoint, signal });
	}

	async alive(recording: string): Promise<void> {
		await this.#send('POST', `/${recording}/alive`, { json: {} });
	}

	async finish(recording: string, what: FinishRecording, signal?: AbortSignal): Promise<void> {
		await this.#send('POST', `/${recording}/finish`, { json: what, signal });
	}

	async #send(
		method: string,
		path: string,
		options: {
			json?: unknown;
			bytes?: Uint8Array;
			headers?: Record<string, string>;
			signal?: AbortSignal | undefined;
		},
	): Promise<Response> {
		let token = await this.#token();
		for (let again = false; ; again = true) {
			const error = await this.#once(method, path, { ...options, token });
			if (error instanceof Response) return error;
			if (error.code !== 'token' || again) throw error;
			token = await this.#token(token);
		}
	}

	async #once(
		method: string,
		path: string,
		options: {
			json?: unknown;
			bytes?: Uint8Array;
			headers?: Record<string, string>;
			signal?: AbortSignal | undefined;
			token: string;
		},
	): Promise<Response | ApiError> {
		const { json, bytes, signal, token } = options;
		const headers = new Headers({ ...options.headers, authorization: `Bearer ${token}` });
		if (json !== undefined) headers.set('content-type', 'application/json');
		if (bytes) headers.set('content-type', 'application/octet-stream');
		const body = bytes ? new Uint8Array(bytes) : json === undefined ? null : JSON.stringify(json);
		const timeout = AbortSignal.timeout(timeoutMs);
		const signals = signal ? AbortSignal.any([signal, timeout]) : timeout;
		try {
			const url = `${this.#origin}/api/recordings${path}`;
			const response = await fetch(url, { method, headers, body, signal: signals });
			if (response.ok) return response;
			const parsed = v.safeParse(ErrorBody, await response.json().catch(() => null));
			if (parsed.success) return new ApiError(parsed.output.error, parsed.output.next);
			return new ApiError(response.status === 401 ? 'token' : 'internal');
		} catch (cause) {
			signal?.throwIfAborted();
			return new ApiError('offline', undefined, { cause });
		}
	}
}
