import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

interface Fault {
	readonly status: number;
	readonly body: object;
}

/** The smallest server that keeps chunks in order, and misbehaves as it is told. */
export class TinyServer {
	origin = '';
	/** Requests in the order in which they came: method and the end of the path. */
	readonly seen: string[] = [];
	readonly tokens: string[] = [];
	readonly objects = new Map<string, Buffer[]>();
	/** Answers of the next requests, before the real ones. null: the connection is cut. */
	faults: (Fault | null)[] = [];
	/** Requests at once, at most. */
	busiest = 0;
	#busy = 0;
	#server = createServer((request, response) => void this.#answer(request, response));

	async start(): Promise<this> {
		await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
		const address = this.#server.address();
		if (typeof address !== 'object' || !address) throw new Error('no port');
		this.origin = `http://127.0.0.1:${address.port}`;
		return this;
	}

	async stop(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { method = '', url = '', headers } = request;
		this.tokens.push(headers.authorization ?? '');
		this.#busy++;
		this.busiest = Math.max(this.busiest, this.#busy);
		const bytes = method === 'PUT' ? await buffer(request) : Buffer.from(await text(request));
		await setTimeout(1);
		this.#busy--;
		const fault = this.faults.shift();
		if (fault === null) {
			request.socket.destroy();
			return;
		}
		this.seen.push(`${method} ${url.replace(/^\/api\/recordings\/?/, '')}`);
		const { status, body } = fault ?? this.#take(method, url, bytes);
		response.writeHead(status, { 'content-type': 'application/json' });
		response.end(JSON.stringify(body));
	}

	#take(method: string, url: string, bytes: Buffer): Fault {
		const match = /objects\/(.+)\/(\d+)$/.exec(url);
		if (method !== 'PUT' || !match?.[1]) return { status: 201, body: {} };
		const chunks = this.objects.get(match[1]) ?? [];
		this.objects.set(match[1], chunks);
		const chunk = Number(match[2]);
		const there = chunks[chunk];
		if (there) {
			const same = there.equals(bytes);
			return same ? { status: 200, body: {} } : { status: 409, body: { error: 'chunk-differs' } };
		}
		if (chunk > chunks.length)
			return { status: 409, body: { error: 'chunk-order', next: chunks.length } };
		chunks.push(bytes);
		return { status: 201, body: {} };
	}
}
