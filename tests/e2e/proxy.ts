import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { type ServerOptions, type TestServer, startServer } from '../server.ts';

/** The bytes of one TCP connection, each direction as it came. */
export interface Recorded {
	readonly toServer: Buffer[];
	readonly toClient: Buffer[];
}

/** Stands between browsers and the server: records every byte, and can be cut like a cable. */
export class Proxy {
	/** Under which the pages are reached through it. */
	readonly origin: string;
	readonly recorded: Recorded[] = [];
	target = 0;
	#cut = false;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(server: Server, port: number) {
		this.#server = server;
		this.origin = `http://localhost:${port}`;
		server.on('connection', (client) => this.#join(client));
	}

	static async start(): Promise<Proxy> {
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
		return new Proxy(server, portOf(server));
	}

	#join(client: Socket): void {
		if (this.#cut) return void client.destroy();
		const server = connect(this.target, '127.0.0.1');
		const recorded: Recorded = { toServer: [], toClient: [] };
		this.recorded.push(recorded);
		this.#pass(client, server, recorded.toServer);
		this.#pass(server, client, recorded.toClient);
	}

	#pass(from: Socket, to: Socket, record: Buffer[]): void {
		this.#sockets.add(from);
		from.on('data', (bytes: Buffer) => {
			record.push(bytes);
			to.write(bytes);
		});
		from.on('error', () => to.destroy());
		from.on('end', () => to.end());
		from.on('close', () => {
			this.#sockets.delete(from);
			to.destroy();
		});
	}

	/** Everything that goes through it is lost from now on, and nothing new gets through. */
	cut(): void {
		this.#cut = true;
		for (const socket of this.#sockets) socket.destroy();
	}

	mend(): void {
		this.#cut = false;
	}

	async stop(): Promise<void> {
		this.cut();
		await new Promise((resolve) => this.#server.close(resolve));
	}
}

function portOf(server: Server): number {
	const address: AddressInfo | string | null = server.address();
	if (typeof address !== 'object' || !address) throw new TypeError('it listens on a port');
	return address.port;
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const port = portOf(server);
	await new Promise((resolve) => server.close(resolve));
	return port;
}

/** A server that is only reached through these proxies; the first one's address is printed. */
export async function startBehind(
	count: number,
	options: ServerOptions = {},
): Promise<{ server: TestServer; proxies: Proxy[]; stop: () => Promise<void> }> {
	const proxies = await Promise.all(Array.from({ length: count }, () => Proxy.start()));
	const port = await freePort();
	for (const proxy of proxies) proxy.target = port;
	const ORIGINS = proxies.map(({ origin }) => origin).join(',');
	const server = await startServer({ ...options, port, env: { ...options.env, ORIGINS } });
	const stop = async (): Promise<void> => {
		await server.stop();
		for (const proxy of proxies) await proxy.stop();
	};
	return { server, proxies, stop };
}
