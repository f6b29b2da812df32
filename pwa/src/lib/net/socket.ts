import * as v from 'valibot';
import type { ErrorCode } from '#protocol/errors.ts';
import { limits } from '#protocol/limits.ts';
import { ClientMessage, ServerMessage, closeCodes } from '#protocol/socket.ts';
import { protocolVersion } from '#protocol/version.ts';

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;
type Requests = Extract<ClientMessage, { id: string }>;
/** A message that the server answers; its id is given by the socket. */
export type Request = Without<Requests, 'id'>;
/** What answers a request. */
export type Answer = Extract<ServerMessage, { type: 'done' | 'taken' | 'room' | 'code' }>;

/** The server's refusal of one request, or the loss of the connection before it was answered. */
export class SocketError extends Error {
	override readonly name = 'SocketError';
	readonly code: ErrorCode | 'offline';
	readonly generation: number | undefined;

	constructor(code: ErrorCode | 'offline', generation?: number) {
		super(code);
		this.code = code;
		this.generation = generation;
	}
}

interface Pending {
	readonly request: ClientMessage;
	/** Harmless to repeat, so it is sent again after a reconnect instead of being given up. */
	readonly repeat: boolean;
	readonly resolve: (answer: Answer) => void;
	readonly reject: (error: SocketError) => void;
}

const firstDelayMs = 250;
const longestDelayMs = 8000;
const Incoming = v.pipe(v.string(), v.parseJson(), ServerMessage);

function newId(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return btoa(String.fromCharCode(...bytes))
		.replaceAll('+', '-')
		.replaceAll('/', '_')
		.slice(0, 22);
}

/**
 * The one WebSocket of a page. It says hello with a fresh token, comes back by itself with growing
 * delays, pings, and hands every message of the server to its listeners in order.
 */
export class Socket {
	readonly #address: string;
	readonly #token: (fresh: boolean) => Promise<string>;
	readonly #listeners = new Set<(message: ServerMessage) => void>();
	readonly #pending = new Map<string, Pending>();
	#socket: WebSocket | undefined;
	#ready = false;
	#closed = false;
	#tries = 0;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#ping: ReturnType<typeof setInterval> | undefined;
	#heard = 0;
	/** The server refused the last token, as it does after a restart. */
	#stale = false;
	/** Called when the connection is there (true) or gone (false). */
	onready: (ready: boolean) => void = () => {};
	/** Called when another page took this seat, or the server speaks another version: no retry helps. */
	onrefused: (why: 'replaced' | 'version') => void = () => {};

	/** `token` gives a token of this page; with `fresh` one that the server has not refused. */
	constructor(options: { address: string; token: (fresh: boolean) => Promise<string> }) {
		this.#address = options.address;
		this.#token = options.token;
		globalThis.addEventListener?.('online', this.#now);
		void this.#connect();
	}

	get ready(): boolean {
		return this.#ready;
	}

	/** Hears every message from now on; the answer stops it. */
	listen(listener: (message: ServerMessage) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Rejects with SocketError when the server refuses, or when the connection is lost before the answer. */
	request(request: Request, options: { repeat?: boolean } = {}): Promise<Answer> {
		const id = newId();
		const message = v.parse(ClientMessage, { ...request, id });
		return new Promise((resolve, reject) => {
			const repeat = options.repeat ?? false;
			if (!this.#ready && !repeat) return reject(new SocketError('offline'));
			this.#pending.set(id, { request: message, repeat, resolve, reject });
			if (this.#ready) this.#write(message);
		});
	}

	/** Sends what needs no answer; nothing happens while the connection is away. */
	send(message: Extract<ClientMessage, { type: 'applied' | 'ack' | 'ping' }>): void {
		if (this.#ready) this.#write(message);
	}

	close(): void {
		this.#closed = true;
		clearTimeout(this.#retry);
		globalThis.removeEventListener?.('online', this.#now);
		this.#socket?.close(1000);
		this.#down();
	}

	readonly #now = (): void => {
		if (this.#ready || this.#closed) return;
		this.#tries = 0;
		clearTimeout(this.#retry);
		void this.#connect();
	};

	#write(message: ClientMessage): void {
		this.#socket?.send(JSON.stringify(message));
	}

	async #connect(): Promise<void> {
		if (this.#closed || this.#socket) return;
		let token: string;
		try {
			token = await this.#token(this.#stale);
			this.#stale = false;
		} catch {
			return this.#later();
		}
		if (this.#closed || this.#socket) return;
		const socket = new WebSocket(this.#address);
		this.#socket = socket;
		socket.addEventListener('open', () => {
			if (socket === this.#socket) this.#write({ type: 'hello', token, version: protocolVersion });
		});
		socket.addEventListener('message', (event) => this.#onMessage(String(event.data)));
		socket.addEventListener('close', (event) => {
			if (socket !== this.#socket) return;
			this.#down();
			if (event.code === closeCodes.replaced) this.#refuse('replaced');
			else if (event.code === closeCodes.version) this.#refuse('version');
			else this.#later();
		});
	}

	#refuse(why: 'replaced' | 'version'): void {
		this.#closed = true;
		this.onrefused(why);
	}

	#later(): void {
		if (this.#closed) return;
		const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#tries++);
		this.#retry = setTimeout(() => void this.#connect(), delay * (0.5 + Math.random() / 2));
	}

	#down(): void {
		const was = this.#ready;
		this.#socket = undefined;
		this.#ready = false;
		clearInterval(this.#ping);
		for (const [id, pending] of this.#pending) {
			if (pending.repeat && !this.#closed) continue;
			this.#pending.delete(id);
			pending.reject(new SocketError('offline'));
		}
		if (was) this.onready(false);
	}

	#onMessage(text: string): void {
		this.#heard = performance.now();
		const parsed = v.safeParse(Incoming, text);
		// A newer server may say more than this page knows; what it does not understand cannot be acted on.
		if (!parsed.success) return;
		const message = parsed.output;
		if (message.type === 'ready') this.#up();
		if (message.type === 'ping') this.#write({ type: 'ping' });
		if (message.type === 'error') this.#onError(message);
		if ('id' in message && message.id !== null && message.type !== 'error') {
			const pending = this.#pending.get(message.id);
			this.#pending.delete(message.id);
			pending?.resolve(message);
		}
		for (const listener of this.#listeners) listener(message);
	}

	#onError(message: Extract<ServerMessage, { type: 'error' }>): void {
		if (message.id === null) {
			if (message.error === 'token') this.#stale = true;
			return;
		}
		const pending = this.#pending.get(message.id);
		this.#pending.delete(message.id);
		pending?.reject(new SocketError(message.error, message.generation));
	}

	#up(): void {
		this.#ready = true;
		this.#tries = 0;
		clearInterval(this.#ping);
		this.#ping = setInterval(() => {
			// After a suspend the old connection looks open for minutes: silence closes it here.
			if (performance.now() - this.#heard > limits.silenceMs) return this.#socket?.close(4000);
			this.send({ type: 'ping' });
		}, limits.pingMs);
		const again = [...this.#pending.values()];
		// The listener takes its seat first; what waited for the connection follows in its old order.
		this.onready(true);
		for (const pending of again) this.#write(pending.request);
	}
}
