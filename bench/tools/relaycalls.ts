import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { protocolVersion } from '../../signaling/protocol/version.ts';
import { bytesOf, newId } from '../../tests/wire.ts';

/** What is read of an answer; the three servers give the same. */
export interface Answer {
	readonly type: string;
	readonly id?: string;
	readonly n?: number;
}

/** One connection of a browser to any of the relays. */
export interface Channel {
	send(message: Record<string, unknown>): void;
	/** The next message for which this holds, one that came already included. */
	wait(test: (message: Answer) => boolean): Promise<Answer>;
	close(): Promise<void>;
}

export type Open = () => Promise<Channel>;

class Inbox {
	#messages: Answer[] = [];
	#waiting: {
		test: (message: Answer) => boolean;
		resolve: (message: Answer) => void;
		reject: (error: Error) => void;
	}[] = [];

	take(message: Answer): void {
		const at = this.#waiting.findIndex(({ test }) => test(message));
		if (at === -1) this.#messages.push(message);
		else this.#waiting.splice(at, 1)[0]?.resolve(message);
	}

	wait(test: (message: Answer) => boolean): Promise<Answer> {
		const at = this.#messages.findIndex(test);
		const [found] = at === -1 ? [] : this.#messages.splice(at, 1);
		if (found) return Promise.resolve(found);
		return new Promise((resolve, reject) => this.#waiting.push({ test, resolve, reject }));
	}

	/** The connection is gone: nothing comes any more. */
	end(): void {
		for (const { reject } of this.#waiting.splice(0)) reject(new Error('closed while waiting'));
	}
}

/** A socket of ws; `localAddress` for more sockets than one address may have. */
export async function openWs(url: string, origin: string, localAddress?: string): Promise<Channel> {
	const socket = new WebSocket(url, {
		headers: { origin },
		perMessageDeflate: false,
		...(localAddress !== undefined && { localAddress }),
	});
	const inbox = new Inbox();
	socket.on('message', (data: Buffer) => inbox.take(JSON.parse(data.toString())));
	socket.on('close', () => inbox.end());
	await new Promise<void>((resolve, reject) => {
		socket.once('open', () => resolve());
		socket.once('error', reject);
	});
	return {
		send: (message) => socket.send(JSON.stringify(message)),
		wait: (test) => inbox.wait(test),
		close: () =>
			new Promise((resolve) => {
				socket.once('close', () => resolve());
				socket.close();
			}),
	};
}

export async function openSocketIo(address: string): Promise<Channel> {
	const socket = io(address, { transports: ['websocket'], forceNew: true, reconnection: false });
	const inbox = new Inbox();
	socket.on('m', (message: Answer) => inbox.take(message));
	socket.on('disconnect', () => inbox.end());
	await new Promise<void>((resolve, reject) => {
		socket.once('connect', () => resolve());
		socket.once('connect_error', reject);
	});
	return {
		send: (message) => void socket.emit('m', message),
		wait: (test) => inbox.wait(test),
		close: async () => void socket.disconnect(),
	};
}

/** Asks for something and waits until it is on the server's disk. Throws when it was refused. */
export async function ask(channel: Channel, message: Record<string, unknown>): Promise<void> {
	const id = newId();
	channel.send({ ...message, id });
	const answer = await channel.wait((it) => it.id === id);
	if (answer.type === 'error') throw new Error(`refused: ${JSON.stringify(answer)}`);
}

/** Says hello and waits for the answer. */
export async function greet(channel: Channel, token: string): Promise<void> {
	channel.send({ type: 'hello', token, version: protocolVersion });
	await channel.wait(({ type }) => type === 'ready' || type === 'error');
}

export interface Call {
	session: string;
	host: { seat: string; token: string };
	guest: { seat: string; token: string };
}

/** Bytes of sealed messages of a call of two: an offer or answer, then four ICE candidates. */
const letters = { offer: 1900, answer: 1700, candidate: 330 };
const packageBytes = 330;
const welcomeBytes = 1500;

/** Sends the letters of one side, and handles those of the other as they come. */
async function exchange(own: Channel, to: string, sizes: readonly number[]): Promise<void> {
	await Promise.all(sizes.map((size) => ask(own, { type: 'relay', to, body: bytesOf(size) })));
}

async function handle(own: Channel, count: number): Promise<void> {
	for (let n = 0; n < count; n += 1) {
		const { n: number } = await own.wait(({ type }) => type === 'relay');
		own.send({ type: 'ack', n: number });
	}
}

const packages = (count: number) => Array.from({ length: count }, () => bytesOf(packageBytes));

/** A whole call setup: connect, wait, be let in, ten letters with their acknowledgements, leave. */
export async function callSetup(open: Open, call: Call): Promise<void> {
	const [host, guest] = await Promise.all([open(), open()]);
	await Promise.all([greet(host, call.host.token), greet(guest, call.guest.token)]);
	const knock = { keyPackage: bytesOf(packageBytes), sealed: bytesOf(200), proof: bytesOf(32) };
	await ask(guest, { type: 'knock', ...knock });
	await ask(host, { type: 'enter', session: call.session, seat: call.host.seat });
	const put = { type: 'packages', packages: packages(8), replace: false };
	await Promise.all([
		ask(guest, { ...put, seat: call.guest.seat }),
		ask(host, { ...put, seat: call.host.seat }),
	]);
	const seats = [call.host.seat, call.guest.seat];
	await ask(host, { type: 'epoch', generation: 1, seats, welcome: bytesOf(welcomeBytes) });
	await guest.wait(({ type }) => type === 'epoch');
	guest.send({ type: 'applied', generation: 1 });
	await host.wait(({ type }) => type === 'applied');
	const candidates = Array.from({ length: 4 }, () => letters.candidate);
	const [hears, heard] = [handle(host, 5), handle(guest, 5)];
	await exchange(host, call.guest.seat, [letters.offer, ...candidates]);
	await exchange(guest, call.host.seat, [letters.answer, ...candidates]);
	await Promise.all([hears, heard]);
	await Promise.all([ask(guest, { type: 'leave' }), ask(host, { type: 'leave' })]);
	await Promise.all([host.close(), guest.close()]);
}
