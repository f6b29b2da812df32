import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { callbackify } from 'node:util';
import ICAL from 'ical.js';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export interface Received {
	/** As it came over the wire. */
	raw: Buffer;
	/** Envelope. */
	to: string[];
	mail: Email;
	/** The calendar entry, if there is just one. */
	event: CalendarEvent | undefined;
}

export interface CalendarEvent {
	method: string;
	uid: string;
	sequence: number;
	status: string;
	start: number;
	end: number;
}

/** Points of a delivery before the mail itself (RFC 5321 §3). */
export type Stage = 'greeting' | 'from' | 'to' | 'data';

export interface Mailbox {
	readonly url: string;
	readonly port: number;
	readonly received: Received[];
	/** Runs after a mail was taken and before the sender hears of it; throws to refuse it. */
	ontaken: (mail: Received) => Promise<void>;
	/** Runs before the server answers at this point of a delivery. */
	onstage: (stage: Stage) => Promise<void>;
	/** Breaks all connections without a word, and never answers. */
	cut(): Promise<void>;
	close(): Promise<void>;
}

/** What a part says. */
export function textOf(content: string | ArrayBuffer | Uint8Array): string {
	return typeof content === 'string' ? content : Buffer.from(new Uint8Array(content)).toString();
}

/** The entries of a calendar file. Throws when it is none, or when its times are not in UTC. */
export function eventsOf(
	file: string,
): (CalendarEvent & { organizer: string; attendees: number })[] {
	const calendar = new ICAL.Component(ICAL.parse(file));
	return calendar.getAllSubcomponents('vevent').map((component) => {
		const event = new ICAL.Event(component);
		const { startDate, endDate } = event;
		if (startDate.zone !== ICAL.Timezone.utcTimezone) throw new Error('not in UTC');
		return {
			method: String(calendar.getFirstPropertyValue('method')),
			uid: event.uid,
			sequence: event.sequence,
			status: String(component.getFirstPropertyValue('status')),
			start: startDate.toJSDate().getTime(),
			end: endDate.toJSDate().getTime(),
			organizer: String(component.getFirstPropertyValue('organizer')),
			attendees: event.attendees.length,
		};
	});
}

/** The only entry of a calendar file. Throws as `eventsOf` does, and when there is another. */
export function eventOf(file: string): CalendarEvent {
	const [first, ...others] = eventsOf(file);
	if (!first || others.length > 0) throw new Error('not one event');
	const { organizer: _, attendees: _attendees, ...event } = first;
	return event;
}

/** A mail as it came, and what its calendar says. */
export async function parseMail(raw: Buffer, to: string[]): Promise<Received> {
	const mail = await PostalMime.parse(raw);
	const files = mail.attachments.filter(({ mimeType }) => mimeType === 'text/calendar');
	const events = files.map(({ content }) => eventsOf(textOf(content)));
	const [file] = events.flat().length === 1 ? files : [];
	return { raw, to, mail, event: file && eventOf(textOf(file.content)) };
}

/** A real SMTP server on loopback. */
export async function openMailbox(
	options: { port?: number; user?: string; host?: string } = {},
): Promise<Mailbox> {
	const received: Received[] = [];
	const { user, host = '127.0.0.1' } = options;
	const at = (stage: Stage, done: (error?: Error | null) => void) =>
		callbackify(() => box.onstage(stage))((error) => done(error));
	const server = new SMTPServer({
		disabledCommands: user ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
		disableReverseLookup: true,
		allowInsecureAuth: true,
		closeTimeout: 500,
		onAuth: (auth, _session, done) =>
			auth.username === user && auth.password === 'p@ss'
				? done(null, { user: auth.username })
				: done(new Error('no')),
		onConnect: (_session, done) => at('greeting', done),
		onMailFrom: (_address, _session, done) => at('from', done),
		onRcptTo: ({ address }, _session, done) =>
			address.startsWith('unknown')
				? done(Object.assign(new Error('no such user'), { responseCode: 550 }))
				: at('to', done),
		onData(stream, { envelope }, done) {
			const chunks: Buffer[] = [];
			stream.once('data', () => void box.onstage('data'));
			stream.on('data', (chunk: Buffer) => chunks.push(chunk));
			stream.on('end', () => {
				const take = async () => {
					const to = envelope.rcptTo.map(({ address }) => address);
					const mail = await parseMail(Buffer.concat(chunks), to);
					received.push(mail);
					await box.ontaken(mail).catch((error: unknown) => {
						received.splice(received.indexOf(mail), 1);
						throw error;
					});
				};
				callbackify(take)((error) => done(error));
			});
		},
	});
	server.on('error', () => undefined);
	const sockets = new Set<Socket>();
	server.server.on('connection', (socket: Socket) => sockets.add(socket));
	await new Promise<void>((resolve) => server.listen(options.port ?? 0, host, resolve));
	const { port } = server.server.address() as AddressInfo; // oxlint-disable-line typescript/no-unsafe-type-assertion
	const box: Mailbox = {
		url: `smtp://${user ? `${user}:p%40ss@` : ''}127.0.0.1:${port}`,
		port,
		received,
		ontaken: () => Promise.resolve(),
		onstage: () => Promise.resolve(),
		cut() {
			for (const socket of sockets) socket.destroy();
			return new Promise(() => undefined);
		},
		close: () => new Promise<void>((resolve) => server.close(() => resolve())),
	};
	return box;
}

export interface TextMessage {
	method: string;
	path: string;
	query: URLSearchParams;
	authorization: string | undefined;
	type: string | undefined;
	body: string;
}

export interface Gateway {
	readonly address: string;
	readonly received: TextMessage[];
	/** What it answers from now on. */
	status: number;
	/** Runs after a message came in and before the sender hears of it. */
	ontaken: () => Promise<void>;
	close(): Promise<void>;
}

async function bodyText(request: IncomingMessage): Promise<string> {
	let body = '';
	for await (const chunk of request) body += String(chunk);
	return body;
}

/** A real HTTP server that takes text messages. */
export async function openGateway(): Promise<Gateway> {
	const gateway = {
		address: '',
		received: [] as TextMessage[],
		status: 202,
		ontaken: () => Promise.resolve(),
	};
	const server = createServer(async (request, response) => {
		const { pathname, searchParams } = new URL(request.url ?? '', 'http://gateway');
		gateway.received.push({
			method: request.method ?? '',
			path: pathname,
			query: searchParams,
			authorization: request.headers.authorization,
			type: request.headers['content-type'],
			body: await bodyText(request),
		});
		await gateway.ontaken();
		response.writeHead(gateway.status).end('0: Accepted for delivery');
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo; // oxlint-disable-line typescript/no-unsafe-type-assertion
	return Object.assign(gateway, {
		address: `http://127.0.0.1:${port}`,
		close: () => new Promise<void>((resolve) => server.close(() => resolve())),
	});
}
