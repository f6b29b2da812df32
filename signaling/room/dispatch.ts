import * as v from 'valibot';
import { answerCode, showCode } from '../code/routes.ts';
import type { Context } from '../context.ts';
import { asServerError, ServerError } from '../errors.ts';
import { claimantByToken, staffByToken } from '../guard.ts';
import { limits } from '../protocol/limits.ts';
import { ClientMessage, closeCodes } from '../protocol/socket.ts';
import { protocolVersion } from '../protocol/version.ts';
import { sendDismissed } from '../presence/dismissals.ts';
import { checkMessage } from '../rules.ts';
import { act } from './acts.ts';
import { enter, knock, leave, remove, vanish } from './arrive.ts';
import type { Connection, Principal } from './connection.ts';
import { epoch, packages, take } from './epochs.ts';
import { acknowledge, relay } from './relay.ts';
import type { Change } from './turns.ts';
import { sendWaiting } from './waiting.ts';

/** So many times `limits.messagesPerSecond` is no mistake any more. */
const floodFactor = 5;

function assertNever(value: never): never {
	throw new TypeError(`unhandled ${JSON.stringify(value)}`);
}

async function principalOf(
	context: Context,
	options: { token: string; origin: string | undefined },
): Promise<{ principal: Principal; ended: boolean }> {
	const { token, origin } = options;
	if (context.tokens.holder(token)) {
		const staff = await staffByToken(context, { token, origin, scopes: ['staff', 'presence'] });
		const { member, device, scope, role } = staff;
		// Planning for others opens nothing: who plans has no call and no code.
		const clinical = role === 'admin' || role === 'supervisor' || role === 'clinician';
		const presence = scope === 'presence';
		return {
			principal: { kind: 'member', member, device, staff: !presence && clinical, presence },
			ended: false,
		};
	}
	const { seat, place, session, ended } = await claimantByToken(context, token);
	return { principal: { kind: 'participant', seat, place, session }, ended };
}

/** The first message. A socket that may not speak is told why, and closed. */
async function hello(
	context: Context,
	connection: Connection,
	message: Extract<ClientMessage, { type: 'hello' }> & { origin: string | undefined },
): Promise<void> {
	const { hub, clock } = context;
	if (message.version !== protocolVersion) {
		connection.error('version', null);
		connection.close(closeCodes.version);
		return;
	}
	if (connection.principal) throw new ServerError('bad-request');
	const { principal, ended } = await principalOf(context, message);
	if (!connection.open) return;
	connection.principal = principal;
	hub.greeted(connection);
	connection.send({ type: 'ready', now: clock.now() });
	if (principal.kind === 'participant' && ended)
		connection.send({ type: 'ended', session: principal.session });
	else
		await hub.run(async (change) => {
			await sendDismissed(change, connection);
			await sendWaiting(hub, change, connection);
		});
}

/** What a message makes happen in the rooms. */
function workOf(
	context: Context,
	connection: Connection,
	message: Exclude<ClientMessage, { type: 'hello' | 'ping' | 'ack' }>,
): (change: Change) => Promise<void> {
	const { hub } = context;
	switch (message.type) {
		case 'enter':
			return (change) => enter(hub, change, connection, message);
		case 'knock':
			return (change) => knock(hub, change, connection, message);
		case 'leave':
			return (change) => leave(hub, change, connection, message);
		case 'packages':
			return (change) => packages(hub, change, connection, message);
		case 'take':
			return (change) => take(hub, change, connection, message);
		case 'epoch':
			return (change) => epoch(hub, change, connection, message);
		case 'relay':
			return (change) => relay(hub, change, connection, message);
		case 'remove':
			return (change) => remove(hub, change, connection, message);
		case 'code':
			return (change) => showCode(context, change, connection, message);
		case 'code-close':
		case 'code-answer':
			return (change) => answerCode(context, change, connection, message);
		case 'act':
			return (change) => act(hub, change, connection, message);
		case 'applied':
			return async (change) => {
				const { room, seat } = hub.seated(connection);
				const { type, generation } = message;
				change.onCommit(() => hub.tell(room, { type, seat: seat.id, generation }, connection));
			};
		case 'rejoin':
			return async (change) => {
				const { room, seat } = hub.seated(connection);
				change.onCommit(() => {
					connection.send({ type: 'done', id: message.id });
					hub.tell(room, { type: 'rejoin', seat: seat.id }, connection);
				});
			};
		default:
			return assertNever(message);
	}
}

function read(data: string): ClientMessage | undefined {
	try {
		const parsed = v.safeParse(ClientMessage, JSON.parse(data));
		return parsed.success ? parsed.output : undefined;
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

/** Turns that throw nothing after their first write. */
const simple: ReadonlySet<string> = new Set([
	'enter',
	'knock',
	'leave',
	'packages',
	'take',
	'epoch',
	'applied',
	'rejoin',
	'relay',
	'act',
]);

/** Handles one text message of a socket; it never throws. */
export function receive(
	context: Context,
	options: { connection: Connection; data: string | undefined; origin: string | undefined },
): void {
	const { hub, log } = context;
	const { connection, data, origin } = options;
	connection.heardAt = context.clock.monotonic();
	const message = data === undefined ? undefined : read(data);
	if (!message) {
		connection.malformed += 1;
		connection.error('bad-request', null);
		if (connection.malformed >= limits.malformedMax) connection.close(closeCodes.malformed);
		return;
	}
	const id = 'id' in message ? message.id : null;
	const count = connection.count();
	if (message.type === 'ack') {
		acknowledgeSoon(context, connection, message.n);
	} else if (count > limits.messagesPerSecond) {
		connection.error('slow-down', id);
		if (count > limits.messagesPerSecond * floodFactor) connection.close(closeCodes.malformed);
	} else if (message.type === 'ping') {
		connection.send({ type: 'pong' });
	} else if (message.type === 'hello') {
		connection.greeting = hello(context, connection, { ...message, origin })
			.catch((error: unknown) => {
				const { code } = asServerError(error);
				if (code === 'internal') log.failure('hello', error);
				connection.error(code, null);
				connection.close(closeCodes.token);
			})
			.finally(() => {
				connection.greeting = undefined;
			});
	} else {
		const queue = () =>
			hub.take(connection, { id, simple: simple.has(message.type) }, async (change) => {
				checkMessage(connection.principal, message.type);
				await workOf(context, connection, message)(change);
			});
		if (connection.greeting) void connection.greeting.then(queue);
		else queue();
	}
}

/** Only the highest number counts, so those that wait together are one write. */
function acknowledgeSoon(context: Context, connection: Connection, n: number): void {
	const { hub } = context;
	const queued = connection.acknowledged !== undefined;
	connection.acknowledged = Math.max(n, connection.acknowledged ?? 0);
	if (!queued)
		hub.take(connection, { id: null, simple: true }, (change) =>
			acknowledge(hub, change, connection),
		);
}

/** After a socket was closed. */
export function farewell(context: Context, connection: Connection): void {
	const { hub } = context;
	context.codes.closed(connection);
	hub.closed(connection);
	hub.take(connection, { id: null, simple: true }, (change) => vanish(hub, change, connection));
}
