import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { closeCodes, type ServerMessage } from '../protocol/socket.ts';

/** Who a socket speaks for, after its `hello`. */
export type Principal =
	| {
			kind: 'member';
			member: string;
			device: string;
			/** Whether it may act in the calls of the member. */
			staff: boolean;
			/** Whether it is a browser extension, which only learns that somebody waits. */
			presence: boolean;
	  }
	| { kind: 'participant'; seat: string; place: string; session: string };

/** One socket, and how it behaves. */
export class Connection {
	principal: Principal | undefined;
	/** While its `hello` is being checked: what it sends meanwhile waits for the end. */
	greeting: Promise<void> | undefined;
	/** The seat that it sits on. */
	seat: { session: string; id: string } | undefined;
	heardAt: number;
	readonly openedAt: number;
	malformed = 0;
	lastEpochAt = Number.NEGATIVE_INFINITY;
	/** The highest acknowledgement that was not written yet. */
	acknowledged: number | undefined;
	readonly #socket: WebSocket;
	/** What the WebSocket writes to. */
	readonly #stream: Duplex;
	#corked = false;
	readonly #clock: Clock;
	#second = 0;
	#messages = 0;

	constructor(options: { socket: WebSocket; stream: Duplex; clock: Clock }) {
		const { socket, stream, clock } = options;
		this.#socket = socket;
		this.#stream = stream;
		this.#clock = clock;
		this.openedAt = clock.monotonic();
		this.heardAt = this.openedAt;
	}

	get open(): boolean {
		return this.#socket.readyState === this.#socket.OPEN;
	}

	send(message: ServerMessage): void {
		if (!this.open) return;
		this.#cork();
		this.#socket.send(JSON.stringify(message));
		// What it missed stays in the database; only this socket is closed.
		if (this.#socket.bufferedAmount > limits.bufferedBytes) this.close(closeCodes.slow);
	}

	/** Sends a long message; resolves when it left this process, or when it never will. */
	deliver(message: ServerMessage): Promise<void> {
		return new Promise((resolve) => {
			if (!this.open) return resolve();
			this.#socket.once('close', resolve);
			this.#socket.send(JSON.stringify(message), () => {
				this.#socket.off('close', resolve);
				resolve();
			});
		});
	}

	/** What is sent in one turn of the event loop leaves in one write. */
	#cork(): void {
		if (this.#corked) return;
		this.#corked = true;
		this.#stream.cork();
		process.nextTick(() => {
			this.#corked = false;
			this.#stream.uncork();
		});
	}

	error(error: ErrorCode, id: string | null, generation?: number): void {
		this.send({ type: 'error', id, error, ...(generation !== undefined && { generation }) });
	}

	close(code: number): void {
		// A socket that takes nothing would take no closing frame either.
		if (code === closeCodes.slow || code === closeCodes.silent) this.#socket.terminate();
		else this.#socket.close(code);
	}

	/** Counts a message: how many came in this second, this one included. */
	count(): number {
		const second = Math.floor(this.#clock.monotonic() / 1000);
		if (second !== this.#second) {
			this.#second = second;
			this.#messages = 0;
		}
		this.#messages += 1;
		return this.#messages;
	}
}
