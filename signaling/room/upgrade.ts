import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { addressOf } from '../address.ts';
import type { Context } from '../context.ts';
import { limits } from '../protocol/limits.ts';
import { Connection } from './connection.ts';
import { farewell, receive } from './dispatch.ts';

/** Answers an upgrade that is refused; the code is in the body as in every other answer. */
function refuse(socket: Duplex, status: string, error: string): void {
	const body = JSON.stringify({ error });
	socket.end(
		`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
	);
}

function textOf(data: RawData, binary: boolean): string | undefined {
	if (binary || !Buffer.isBuffer(data)) return undefined;
	return data.toString();
}

function serve(
	context: Context,
	options: { socket: WebSocket; stream: Duplex; origin: string | undefined },
): Connection {
	const { socket, stream, origin } = options;
	const connection = new Connection({ socket, stream, clock: context.clock });
	// First of all: a socket's error without a listener would end the process.
	socket.on('error', () => socket.terminate());
	socket.on('message', (data, binary) =>
		receive(context, { connection, data: textOf(data, binary), origin }),
	);
	socket.on('close', (code) => {
		context.log.socket({ code, malformed: connection.malformed });
		farewell(context, connection);
	});
	context.hub.opened(connection);
	return connection;
}

/** GET /api/socket: WebSockets of pages on the list of origins, so many from one address and no more. */
export function acceptSockets(server: Server, context: Context): void {
	const sockets = new WebSocketServer({
		noServer: true,
		maxPayload: limits.socketMessageBytes,
		perMessageDeflate: false,
		clientTracking: false,
	});
	const perAddress = new Map<string, number>();
	server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		socket.on('error', () => socket.destroy());
		const { origin } = request.headers;
		const address = addressOf(request, context.config.proxies);
		const open = perAddress.get(address) ?? 0;
		if (request.url !== '/api/socket') return refuse(socket, '404 Not Found', 'not-found');
		if (origin === undefined || !context.origins.has(origin))
			return refuse(socket, '403 Forbidden', 'origin');
		if (open >= limits.socketsPerAddress)
			return refuse(socket, '429 Too Many Requests', 'slow-down');
		perAddress.set(address, open + 1);
		socket.on('close', () => {
			const left = (perAddress.get(address) ?? 1) - 1;
			if (left > 0) perAddress.set(address, left);
			else perAddress.delete(address);
		});
		return sockets.handleUpgrade(request, socket, head, (webSocket) =>
			serve(context, { socket: webSocket, stream: socket, origin }),
		);
	});
}
