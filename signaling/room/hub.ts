import type { Clock } from '../clock.ts';
import { asServerError, ServerError } from '../errors.ts';
import type { History } from '../history/history.ts';
import type { Log } from '../log.ts';
import { limits } from '../protocol/limits.ts';
import { closeCodes, type ServerMessage } from '../protocol/socket.ts';
import type { Post } from '../post/post.ts';
import type { OpenStore, Store, StoreTransaction } from '../store/database.ts';
import type { Connection } from './connection.ts';
import { Room, type Seat } from './room.ts';
import { type Change, Turns } from './turns.ts';

export interface HubOptions {
	database: OpenStore;
	clock: Clock;
	history: History;
	log: Log;
	post: Post;
}

/** Whether a socket is that of a browser extension, or of exactly this one. */
function listensOnly({ principal }: Connection, device?: string): boolean {
	if (principal?.kind !== 'member' || !principal.presence) return false;
	return device === undefined || principal.device === device;
}

/** All sockets, the rooms that they sit in, and the queue of what happens there. */
export class Hub {
	readonly store: Store;
	readonly clock: Clock;
	readonly history: History;
	readonly post: Post;
	readonly #database: OpenStore;
	readonly #log: Log;
	readonly #turns: Turns;
	readonly #connections = new Set<Connection>();
	readonly #members = new Map<string, Set<Connection>>();
	readonly #rooms = new Map<string, Room>();
	#pingedAt: number;
	#closing = false;

	constructor(options: HubOptions) {
		this.#database = options.database;
		this.store = options.database.store;
		this.clock = options.clock;
		this.history = options.history;
		this.#log = options.log;
		this.post = options.post;
		this.#turns = new Turns(this.store);
		this.#pingedAt = this.clock.monotonic();
	}

	/** A room, from memory or from its rows. Throws `not-found`, `session-ended`. */
	async room(db: StoreTransaction, session: string): Promise<Room> {
		const known = this.#rooms.get(session);
		if (known) return known;
		const room = await Room.load(db, session);
		this.#rooms.set(session, room);
		return room;
	}

	/** Whether somebody is connected to a session. */
	inhabited(session: string): boolean {
		return this.#rooms.get(session)?.inhabited ?? false;
	}

	/** Whether nobody is connected to any session. */
	get quiet(): boolean {
		return ![...this.#rooms.values()].some(({ inhabited }) => inhabited);
	}

	/** Whether a page of a member sits in a session. */
	isSeated(member: string): boolean {
		return [...(this.#members.get(member) ?? [])].some(({ seat }) => seat !== undefined);
	}

	/** Sessions of a member that somebody is connected to. */
	*inhabitedBy(member: string): Generator<string> {
		for (const room of this.#rooms.values())
			if (room.host === member && room.inhabited) yield room.session;
	}

	/** Forgets a room that nobody is connected to; its rows say the same. */
	release(room: Room): void {
		if (!room.inhabited) this.#rooms.delete(room.session);
	}

	/** The room and the seat that a socket sits on. Throws `not-in-call`. */
	seated(connection: Connection): { room: Room; seat: Seat } {
		const room = connection.seat && this.#rooms.get(connection.seat.session);
		const seat = connection.seat && room?.seats.get(connection.seat.id);
		if (!room || !seat) throw new ServerError('not-in-call');
		return { room, seat };
	}

	/** Queues what a socket asks for; `id` names the request in the error, if there is one. */
	take(
		connection: Connection,
		options: { id: string | null; simple?: boolean },
		work: (change: Change) => Promise<void>,
	): void {
		const { id, simple = false } = options;
		this.#turns.add({
			simple,
			work,
			failed: (error) => {
				const { code, next } = asServerError(error);
				if (code === 'internal') this.#log.failure('socket', error);
				connection.error(code, id, code === 'generation-taken' ? next : undefined);
			},
		});
	}

	/** Queues something that no socket asked for. Throws what it throws. */
	run<Result>(work: (change: Change) => Promise<Result>): Promise<Result> {
		return this.#turns.run(work);
	}

	/** Everybody in a room, the host's other pages, and her extensions, which are no hosts. */
	*audience(
		room: Room,
		options: { hostsOnly?: boolean } = {},
	): Generator<{ connection: Connection; host: boolean }> {
		for (const { connection, kind } of room.seats.values())
			if (connection && (kind === 'host' || !options.hostsOnly))
				yield { connection, host: kind === 'host' };
		for (const connection of this.#members.get(room.host) ?? []) {
			const host = !listensOnly(connection);
			if (connection.seat?.session !== room.session && (host || !options.hostsOnly))
				yield { connection, host };
		}
	}

	/** To everybody who sits in a room, but for `except`. */
	tell(room: Room, message: ServerMessage, except?: Connection): void {
		for (const { connection } of room.seats.values())
			if (connection && connection !== except) connection.send(message);
	}

	/** The practice's data changed: members' pages read them again; extensions show two kinds only. */
	changed(what: 'sessions' | 'recordings' | 'members' | 'post'): void {
		const shown = what === 'sessions' || what === 'recordings';
		for (const connections of this.#members.values())
			for (const connection of connections)
				if (shown || !listensOnly(connection)) connection.send({ type: 'changed', what });
	}

	/** To all pages and extensions of a member. */
	tellMember(member: string, message: ServerMessage): void {
		for (const connection of this.#members.get(member) ?? []) connection.send(message);
	}

	/** To the sockets of one extension. */
	tellDevice(device: string, message: ServerMessage): void {
		for (const connection of this.#connections)
			if (listensOnly(connection, device)) connection.send(message);
	}

	/** The extensions that are connected now. */
	connectedDevices(): ReadonlySet<string> {
		const devices = new Set<string>();
		for (const { principal, open } of this.#connections)
			if (open && principal?.kind === 'member' && principal.presence) devices.add(principal.device);
		return devices;
	}

	/** After the host ended a session: everybody hears it, and its rooms' rows are gone from the disk. */
	forget(change: Change, room: Room): void {
		const { session } = room;
		const seated = [...room.seats.values()].flatMap(({ connection }) => connection ?? []);
		change.onCommit(() => {
			for (const { connection } of this.audience(room)) connection.send({ type: 'ended', session });
			for (const connection of seated) connection.seat = undefined;
			this.#database.checkpoint();
		});
		change.mutate(() => {
			this.#rooms.delete(session);
			return () => this.#rooms.set(session, room);
		});
	}

	opened(connection: Connection): void {
		this.#connections.add(connection);
	}

	/** A socket said who it speaks for. */
	greeted(connection: Connection): void {
		const { principal } = connection;
		if (principal?.kind !== 'member') return;
		const connections = this.#members.get(principal.member) ?? new Set();
		this.#members.set(principal.member, connections.add(connection));
	}

	closed(connection: Connection): void {
		this.#connections.delete(connection);
		const { principal } = connection;
		if (principal?.kind !== 'member') return;
		const connections = this.#members.get(principal.member);
		connections?.delete(connection);
		if (connections?.size === 0) this.#members.delete(principal.member);
	}

	/** Closes the sockets of a device that was locked or signed out; locking leaves a running call alone. */
	dropDevice(device: string, options: { evenInCall: boolean }): void {
		for (const connection of this.#connections) {
			const { principal, seat } = connection;
			if (principal?.kind !== 'member' || principal.device !== device) continue;
			if (!seat || options.evenInCall) connection.close(closeCodes.token);
		}
	}

	/** Called every few seconds: pings, and closes who says nothing. */
	sweep(): void {
		const now = this.clock.monotonic();
		const ping = now - this.#pingedAt >= limits.pingMs;
		if (ping) this.#pingedAt = now;
		for (const connection of this.#connections) {
			if (!connection.principal && now - connection.openedAt > limits.helloMs)
				connection.close(closeCodes.token);
			else if (now - connection.heardAt > limits.silenceMs) connection.close(closeCodes.silent);
			else if (ping) connection.send({ type: 'ping' });
		}
	}

	/** Whether sockets are closed because the server ends. */
	get closing(): boolean {
		return this.#closing;
	}

	/** Closes all sockets and waits until everything that they asked for is on disk. */
	async close(): Promise<void> {
		this.#closing = true;
		for (const connection of this.#connections) connection.close(closeCodes.restart);
		await this.#turns.idle();
	}
}
