import { readFile } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { extname, join } from 'node:path';

/** What a server answers; `undefined` where it serves the file as it was built. */
export interface Reply {
	readonly body: string;
	readonly type?: string;
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string | string[]>>;
}

export type Behaviour = (request: IncomingMessage, path: string) => Reply | undefined;

/** A web server that can do to its visitors whatever it likes. */
export interface Hostile {
	readonly origin: string;
	/** What code that it got to run has told it. */
	readonly beacons: string[];
	/** Paths that were asked for, in order. */
	readonly asked: string[];
	/** How it behaves from now on. */
	behave(as: Behaviour): void;
	close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
	'.html': 'text/html; charset=utf-8',
	'.js': 'text/javascript',
	'.css': 'text/css',
	'.json': 'application/json',
	'.svg': 'image/svg+xml',
	'.png': 'image/png',
	'.webmanifest': 'application/manifest+json',
};

export const honest: Behaviour = () => undefined;

/** Code that tells the server that it ran, where it ran: from a page with a name in its address no path would do. */
export const evil = (name: string): string =>
	`fetch(self.origin+'/beacon?${name}',{method:'POST'});`;

/** Serves a built site at a port of its own. */
export async function startHostile(folder: string, port = 0): Promise<Hostile> {
	const beacons: string[] = [];
	const asked: string[] = [];
	let behaviour = honest;

	async function file(path: string): Promise<{ body: Buffer; type: string }> {
		const names = [path, `${path}.html`, path === '/' ? '/index.html' : '/200.html'];
		for (const name of names)
			try {
				const body = await readFile(join(folder, name));
				return { body, type: types[extname(name)] ?? 'application/octet-stream' };
			} catch {
				continue;
			}
		throw new Error('no 200.html');
	}

	async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { pathname: path, search } = new URL(request.url ?? '/', 'http://site');
		if (path === '/beacon') {
			beacons.push(search.slice(1));
			response.writeHead(204).end();
			return;
		}
		asked.push(path);
		const reply = behaviour(request, path);
		if (reply) {
			const { body, type = types['.html'], status = 200, headers = {} } = reply;
			response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache', ...headers });
			response.end(body);
			return;
		}
		if (path.startsWith('/api/')) {
			response.writeHead(404, { 'content-type': 'application/json' }).end('{"code":"not-found"}');
			return;
		}
		const { body, type } = await file(path);
		response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(body);
	}

	const server = createServer((request, response) => {
		answer(request, response).catch(() => response.writeHead(500).end());
	});
	await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('no address');
	return {
		origin: `http://127.0.0.1:${address.port}`,
		beacons,
		asked,
		behave: (as) => void (behaviour = as),
		close: () =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	};
}
