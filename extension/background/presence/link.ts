import * as v from 'valibot';
import { limits } from '#protocol/limits.ts';
import { type ClientMessage, ServerMessage, closeCodes } from '#protocol/socket.ts';
import { protocolVersion } from '#protocol/version.ts';
import type { PracticeView } from '../../shared/state.ts';
import { RequestError } from './server.ts';

export type LinkState = PracticeView['link'];

export interface LinkOptions {
	/** Where the server is. */
	readonly origin: string;
	readonly tokens: { get(): Promise<string>; drop(): void };
	/** Says what became of the connection. */
	readonly onstate: (state: LinkState) => void;
	readonly onmessage: (message: ServerMessage) => void;
}

const firstDelayMs = 1000;
const longestDelayMs = 30_000;
/** Who speaks another version is asked again this late: one of the two has to be brought up to date. */
const outdatedMs = 10 * 60_000;
/** Written by whoever finds the connection dead. */
const deadCode = 4000;
const Incoming = v.pipe(v.string(), v.parseJson(), ServerMessage);

/**
 * The WebSocket of one practice in the service worker. It comes back by itself with growing delays while the
 * worker lives; `check`, called at every chance, does the rest after a suspend or a worker that ended.
 */
export class Link {
	readonly #options: LinkOptions;
	#socket: WebSocket | undefined;
	#state: LinkState = 'connecting';
	#busy = false;
	#closed = false;
	#tries = 0;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#ping: ReturnType<typeof setInterval> | undefined;
	#hello: ReturnType<typeof setTimeout> | undefined;
	#triedAt = Number.NEGATIVE_INFINITY;
	/** When something was heard last, by two clocks: one stands still in a suspend, the other may be set. */
	#heard = { monotonic: 0, wall: 0 };

	constructor(options: LinkOptions) {
		this.#options = options;
	}

	get state(): LinkState {
		return this.#state;
	}

	/** Makes sure that there is a connection, and that it lives. Call it whenever the worker is awake. */
	check(): void {
		if (this.#closed || this.#busy || this.#state === 'revoked') return;
		if (this.#state === 'outdated' && performance.now() - this.#triedAt < outdatedMs) return;
		if (!this.#socket) void this.#connect();
		else if (this.#silent) this.#abandon();
	}

	/** The network is back: nothing is waited for. */
	hurry(): void {
		this.#tries = 0;
		this.check();
	}

	close(): void {
		this.#closed = true;
		this.#down();
	}

	get #silent(): boolean {
		const { monotonic, wall } = this.#heard;
		const past = Math.max(performance.now() - monotonic, Date.now() - wall);
		return past > limits.silenceMs;
	}

	#become(state: LinkState): void {
		if (this.#closed || this.#state === state) return;
		this.#state = state;
		this.#options.onstate(state);
	}

	async #connect(): Promise<void> {
		clearTimeout(this.#retry);
		this.#busy = true;
		this.#triedAt = performance.now();
		try {
			const token = await this.#options.tokens.get();
			if (!this.#closed) this.#open(token);
		} catch (error) {
			if (!(error instanceof RequestError)) throw error;
			if (error.code === 'not-found') this.#become('revoked');
			else this.#later();
		} finally {
			this.#busy = false;
		}
	}

	#open(token: string): void {
		const socket = new WebSocket(new URL('/api/socket', this.#options.origin).href);
		this.#socket = socket;
		this.#hear();
		this.#hello = setTimeout(() => socket === this.#socket && this.#abandon(), limits.helloMs);
		socket.addEventListener('open', () => {
			if (socket === this.#socket) this.#write({ type: 'hello', token, version: protocolVersion });
		});
		socket.addEventListener('message', ({ data }) => {
			if (socket === this.#socket) this.#onMessage(data);
		});
		socket.addEventListener('close', ({ code }) => {
			if (socket !== this.#socket) return;
			this.#down();
			if (code === closeCodes.token) this.#options.tokens.drop();
			if (code === closeCodes.version) this.#become('outdated');
			else this.#later();
		});
	}

	#write(message: ClientMessage): void {
		if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
	}

	#hear(): void {
		this.#heard = { monotonic: performance.now(), wall: Date.now() };
	}

	#onMessage(data: unknown): void {
		this.#hear();
		if (typeof data !== 'string' || data.length > limits.bufferedBytes) {
			this.#down();
			return this.#later();
		}
		const parsed = v.safeParse(Incoming, data);
		// A newer server may say more than is known here.
		if (!parsed.success) return;
		const message = parsed.output;
		if (message.type === 'ready') this.#up();
		if (message.type === 'ping') this.#write({ type: 'ping' });
		if (message.type === 'error' && message.error === 'token') this.#options.tokens.drop();
		this.#options.onmessage(message);
	}

	#up(): void {
		this.#tries = 0;
		clearTimeout(this.#hello);
		this.#ping = setInterval(() => {
			if (this.#silent) this.#abandon();
			else this.#write({ type: 'ping' });
		}, limits.pingMs);
		this.#become('connected');
	}

	/** A connection that does not answer is not waited for: closing it may take minutes. */
	#abandon(): void {
		this.#down();
		this.#become('offline');
		void this.#connect();
	}

	#down(): void {
		const socket = this.#socket;
		this.#socket = undefined;
		clearInterval(this.#ping);
		clearTimeout(this.#hello);
		clearTimeout(this.#retry);
		socket?.close(deadCode);
	}

	#later(): void {
		if (this.#closed) return;
		this.#become('offline');
		const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#tries++);
		clearTimeout(this.#retry);
		this.#retry = setTimeout(() => this.check(), delay * (0.5 + Math.random() / 2));
	}
}
