import { once } from 'node:events';
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/** A server of a bench's own: its pages, and a relay that hands each text to everybody else. */
export interface Site {
	/** Like http://localhost:40123; a secure context, as the app's own origin is. */
	readonly address: string;
	close(): Promise<void>;
}

const types = new Map([
	['html', 'text/html; charset=utf-8'],
	['js', 'text/javascript; charset=utf-8'],
]);

/** Serves `files`, by path. */
export async function startSite(files: Readonly<Record<string, string>>): Promise<Site> {
	const server = createServer((request, response) => {
		const path = new URL(request.url ?? '/', 'http://localhost').pathname;
		const body = files[path];
		if (body === undefined) {
			response.writeHead(404).end();
			return;
		}
		const type = types.get(path.split('.').at(-1) ?? '') ?? 'text/html; charset=utf-8';
		response.writeHead(200, { 'content-type': type }).end(body);
	});
	const sockets = new WebSocketServer({ server });
	const open = new Set<WebSocket>();
	sockets.on('connection', (socket) => {
		open.add(socket);
		socket.on('close', () => open.delete(socket));
		socket.on('message', (data: Buffer) => {
			for (const other of open) if (other !== socket) other.send(data.toString());
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	const port = typeof address === 'object' ? address?.port : undefined;
	return {
		address: `http://localhost:${port}`,
		close: async () => {
			for (const socket of open) socket.terminate();
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
