import { WebSocket } from 'ws';
import type { ClientMessage, ServerMessage } from '../signaling/protocol/socket.ts';
import { protocolVersion } from '../signaling/protocol/version.ts';
import { type Answer, bytesOf, call, type Key, newId, newKey, signWith } from './wire.ts';

/** A participant's browser at a place. */
export async function claimPlace(
	address: string,
	place: string,
	key: Key = newKey(),
): Promise<{ seat: string; token: string; session: string; key: Key; answer: Answer }> {
	const answer = await call(address, 'POST', `/api/places/${place}/claims`, {
		body: { publicKey: key.publicKey, signature: signWith(key, 'sotto/claim/v1', place) },
	});
	return { ...answer.body, key, answer };
}

type Of<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>;
const waitMs = 5000;

/** One socket; messages are taken out in the order of their type. */
export class Line {
	readonly socket: WebSocket;
	readonly received: ServerMessage[] = [];
	readonly closed: Promise<number>;
	#wake: (() => void)[] = [];

	private constructor(socket: WebSocket) {
		this.socket = socket;
		socket.on('message', (data: Buffer) => {
			this.received.push(JSON.parse(data.toString()));
			for (const wake of this.#wake.splice(0)) wake();
		});
		socket.on('error', () => undefined);
		this.closed = new Promise((resolve) =>
			socket.once('close', (code) => {
				for (const wake of this.#wake.splice(0)) wake();
				resolve(code);
			}),
		);
	}

	/** Throws when the server refuses the upgrade. */
	static async open(
		address: string,
		options: { origin?: string; localAddress?: string } = {},
	): Promise<Line> {
		const { origin = address, localAddress } = options;
		const url = `${address.replace('http', 'ws').replace('localhost', '127.0.0.1')}/api/socket`;
		const socket = new WebSocket(url, {
			headers: { origin },
			...(localAddress !== undefined && { localAddress }),
		});
		const line = new Line(socket);
		await new Promise<void>((resolve, reject) => {
			socket.once('open', () => resolve());
			socket.once('error', reject);
		});
		return line;
	}

	static async greeted(address: string, token: string): Promise<Line> {
		const line = await Line.open(address);
		line.send({ type: 'hello', token, version: protocolVersion });
		await line.next('ready');
		return line;
	}

	send(message: ClientMessage): void {
		this.socket.send(JSON.stringify(message));
	}

	/** Sends a request and waits for its answer: `done`, `taken`, or `error`. */
	async ask(
		message: Extract<ClientMessage, { id: string }>,
	): Promise<Of<'done'> | Of<'taken'> | Of<'code'> | Of<'error'>> {
		this.send(message);
		return this.#find(
			(it): it is Of<'done'> | Of<'taken'> | Of<'code'> | Of<'error'> =>
				'id' in it && it.id === message.id,
			`answer to ${message.type}`,
		);
	}

	/** The next message of a type, waiting for it if need be. Throws after five seconds, or when it was closed. */
	next<Type extends ServerMessage['type']>(
		type: Type,
		test: (message: Of<Type>) => boolean = () => true,
	): Promise<Of<Type>> {
		const isType = (it: ServerMessage): it is Of<Type> => it.type === type;
		return this.#find((it): it is Of<Type> => isType(it) && test(it), type);
	}

	async #find<Message extends ServerMessage>(
		test: (message: ServerMessage) => message is Message,
		what: string,
	): Promise<Message> {
		const until = Date.now() + waitMs;
		for (;;) {
			const found = this.received.find(test);
			if (found) {
				this.received.splice(this.received.indexOf(found), 1);
				return found;
			}
			const left = until - Date.now();
			const types = this.received.map(({ type }) => type).join(' ');
			const over = this.socket.readyState === WebSocket.CLOSED;
			if (left <= 0 || over) throw new Error(`no ${what}; came: ${types}`);
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, left);
				this.#wake.push(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
	}

	close(): Promise<number> {
		this.socket.close();
		return this.closed;
	}
}

/** A participant who has knocked and waits. */
export async function waitAt(
	address: string,
	place: string,
	options: { proof?: string | null; key?: Key } = {},
) {
	const claim = await claimPlace(address, place, options.key);
	const line = await Line.greeted(address, claim.token);
	const knock = {
		type: 'knock' as const,
		id: newId(),
		keyPackage: bytesOf(300),
		sealed: bytesOf(80),
		proof: options.proof ?? null,
	};
	const answer = await line.ask(knock);
	return { ...claim, line, knock, answer };
}
