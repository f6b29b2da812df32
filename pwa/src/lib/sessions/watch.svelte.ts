import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { extensionTells } from '#lib/presence/tells.ts';
import { socketAddress } from '#lib/net/origin.ts';
import { Socket } from '#lib/net/socket.ts';
import { update } from '#lib/net/update.svelte.ts';
import type { Session } from '#protocol/sessions.ts';
import type { ServerMessage } from '#protocol/socket.ts';
import { Arrivals } from './arrivals.svelte.ts';
import { type Here, Presence, type Waiting } from './presence.ts';
import { Opener, fetchOne } from './roll.ts';
import { same } from './same.ts';

/** A page that follows a link starts again before this. */
const lingerMs = 2_000;
/** Changes that come close together are shown once. */
const gatherMs = 100;
/** The same for what became of messages. */
const postMs = 1_000;
/** A connection that is back within this time is not worth a word. */
const blinkMs = 2_000;
/** A connection that does not answer within this time is given up. */
const probeMs = 5_000;
/** Work between two looks of the browser at what its user does. */
const sliceMs = 30;
/** Names that a page other than the dashboard shows. */
const namedMax = 3;

/** A page that shows more than who waits. */
export interface Looker {
	/** Whether its list was read: before that no session is read by itself. */
	readonly loaded: boolean;
	/** What was read from the server may be old. */
	outdated(): void;
	/** A session as this page knows it. */
	known(id: string): Session | undefined;
}

/** Who waits and who is in a call, on every page of a member: one connection for all of them. */
export class Watch {
	/** Everybody who waits, who waits longest first, also those whose names are not opened yet. */
	here = $state.raw<readonly Here[]>([]);
	/** Those of them whose places were opened: all while somebody looks, otherwise the first few. */
	waiting = $state.raw<readonly Waiting[]>([]);
	/** Places of which somebody is in the call. */
	inCall = $state.raw<ReadonlySet<string>>(new Set());
	/** Those of them whose browser is there: who was cut off may need a code or a reminder. */
	connected = $state.raw<ReadonlySet<string>>(new Set());
	/** The server cannot say who waits right now. */
	cutOff = $state(false);
	/** How often something became of a message to somebody. */
	posted = $state(0);
	/** How often sessions may have changed since this page was opened. */
	changes = $state(0);
	/** Why somebody could not be named. */
	failure = $state.raw<unknown>();
	readonly arrivals = new Arrivals();
	readonly opener = new Opener();
	readonly #presence = new Presence();
	readonly #others = new Map<string, Session>();
	#looker: Looker | undefined;
	#socket: Socket | undefined;
	#linked = false;
	#users = 0;
	#heard = 0;
	#settling = false;
	#again = false;
	#timers: { linger?: number; gather?: number; blink?: number; probe?: number; post?: number } = {};

	/** Watches until the answer is called. */
	start(looker?: Looker): () => void {
		this.#users += 1;
		if (looker) this.#looker = looker;
		clearTimeout(this.#timers.linger);
		if (!this.#socket) this.#begin();
		else if (looker) this.#gather();
		return () => {
			this.#users -= 1;
			if (this.#looker === looker) this.#looker = undefined;
			if (this.#users > 0) return;
			// Names go with the keys.
			if (account.state !== 'unlocked') return this.#end();
			this.#timers.linger = window.setTimeout(() => this.#end(), lingerMs);
		};
	}

	/** Sessions that somebody waits for. */
	get sessions(): ReadonlySet<string> {
		return new Set(this.here.map(({ session }) => session));
	}

	/** Writes to somebody who waits; false when it did not go. */
	async tell({ seat, session, place }: Waiting, text: string): Promise<boolean> {
		const knock = this.#presence.knockAt(seat);
		if (!this.#socket || account.state !== 'unlocked') return false;
		const { identity } = account;
		const { id, secret } = place;
		const waiting = { identity, session: session.id, place: id, secret, seat: { seat, knock } };
		// Loaded by itself: it brings the library for key packages along.
		const { tellWaiting } = await import('#lib/call/tell.ts');
		return tellWaiting(this.#socket, waiting, text);
	}

	/** After a sleep the old connection looks open for a while, and shows who waited then. */
	reconnect(): void {
		if (this.#users > 0) this.#connect();
	}

	/** Asks the connection for a sign of life, and makes a new one when none comes. */
	readonly probe = (): void => {
		if (document.visibilityState === 'hidden' || !this.#socket?.ready) return;
		const asked = performance.now();
		this.#socket.send({ type: 'ping' });
		this.#timers.probe ??= window.setTimeout(() => {
			delete this.#timers.probe;
			if (this.#heard < asked) this.reconnect();
		}, probeMs);
	};

	#begin(): void {
		this.#connect();
		document.addEventListener('visibilitychange', this.probe);
		document.addEventListener('resume', this.probe);
		for (const event of ['online', 'offline', 'pageshow'])
			window.addEventListener(event, this.probe);
	}

	#end(): void {
		this.#socket?.close();
		this.#socket = undefined;
		this.#linked = false;
		for (const timer of Object.values(this.#timers)) clearTimeout(timer);
		this.#timers = {};
		document.removeEventListener('visibilitychange', this.probe);
		document.removeEventListener('resume', this.probe);
		for (const event of ['online', 'offline', 'pageshow'])
			window.removeEventListener(event, this.probe);
		this.#presence.clear();
		this.#others.clear();
		this.opener.keep(new Set());
		[this.here, this.waiting] = [[], []];
		[this.inCall, this.connected] = [new Set(), new Set()];
		this.cutOff = false;
		this.failure = undefined;
		this.arrivals.stop();
	}

	#connect(): void {
		this.#socket?.close();
		const socket = new Socket({
			address: socketAddress(),
			token: (fresh) => account.token(fresh),
		});
		this.#socket = socket;
		socket.onrefused = (why) => (update.outdated ||= why === 'version');
		socket.onready = (ready) => socket === this.#socket && this.#ready(ready);
		socket.listen((message) => socket === this.#socket && this.#hear(message));
	}

	#ready(ready: boolean): void {
		clearTimeout(this.#timers.blink);
		this.#presence.expect();
		if (!ready) {
			this.#timers.blink = window.setTimeout(() => {
				this.cutOff = true;
				// Connect must not be offered for somebody who may have gone.
				this.#presence.clear();
				[this.here, this.waiting] = [[], []];
				this.#gather();
			}, blinkMs);
			return;
		}
		this.cutOff = false;
		// What changed in the meantime was told to nobody here.
		if (this.#linked) {
			this.#looker?.outdated();
			this.changes += 1;
		}
		this.#linked = true;
	}

	#hear(message: ServerMessage): void {
		this.#heard = performance.now();
		if (this.#presence.hear(message)) this.#gather();
		if (message.type === 'dismissed') this.arrivals.dismiss(message.arrivals);
		if (message.type === 'changed' && message.what === 'post') this.#noteSoon();
		const { type } = message;
		if (type !== 'ended' && !(type === 'changed' && message.what === 'sessions')) return;
		this.#others.clear();
		this.#looker?.outdated();
		this.changes += 1;
	}

	#gather(): void {
		this.#timers.gather ??= window.setTimeout(() => {
			delete this.#timers.gather;
			void this.settle();
		}, gatherMs);
	}

	// Invitations go out by the hundred.
	#noteSoon(): void {
		this.#timers.post ??= window.setTimeout(() => {
			delete this.#timers.post;
			this.posted += 1;
		}, postMs);
	}

	/** Names those who wait, and shows them as they are opened. */
	async settle(): Promise<void> {
		this.#again = true;
		this.#seeHere();
		if (this.#settling) return;
		this.#settling = true;
		try {
			while (this.#again) {
				this.#again = false;
				await this.#name();
			}
		} finally {
			this.#settling = false;
		}
	}

	#seeHere(): void {
		const here = this.#presence.here();
		if (!same(here, this.here, sameSeat)) this.here = here;
		const inCall = this.#presence.inCall();
		if (!same([...inCall], [...this.inCall])) this.inCall = inCall;
		const connected = this.#presence.inCall(true);
		if (!same([...connected], [...this.connected])) this.connected = connected;
		// Half a list would make everybody on the other half look new.
		if (this.#presence.complete && !this.cutOff)
			void this.arrivals.see(here, (one) => this.#nameOf(one), extensionTells);
	}

	async #name(): Promise<void> {
		const wanted = this.#looker ? this.here : this.here.slice(0, namedMax);
		let started = performance.now();
		for (const one of wanted) {
			if (account.state !== 'unlocked') return;
			await this.#openPlace(one);
			if (performance.now() - started < sliceMs) continue;
			await this.#rank();
			await breath();
			started = performance.now();
		}
		await this.#rank();
		this.failure = this.opener.failure;
	}

	async #openPlace({ session, place }: Here): Promise<void> {
		const row = await this.#row(session);
		if (row) await this.opener.openPlace(row, place);
	}

	async #nameOf(one: Here): Promise<string | undefined> {
		await this.#openPlace(one);
		return this.opener.peekPlace(one.place)?.name;
	}

	async #rank(): Promise<void> {
		const waiting = await this.#presence.waiting(({ session: id, place: at }) => {
			const session = this.#looker?.known(id) ?? this.#others.get(id);
			const place = this.opener.peekPlace(at);
			return session && place && { session, place };
		});
		if (!same(waiting, this.waiting)) this.waiting = waiting;
	}

	async #row(id: string): Promise<Session | undefined> {
		const known = this.#looker?.known(id) ?? this.#others.get(id);
		if (known) return known;
		// Its list is on its way.
		if (this.#looker && !this.#looker.loaded) return undefined;
		try {
			const row = await fetchOne(id);
			this.#others.set(id, row);
			return row;
		} catch (error) {
			if (!isApiError(error, 'not-found')) this.failure ??= error;
			return undefined;
		}
	}
}

const sameSeat = (a: Here, b: Here): boolean => a.seat === b.seat && a.since === b.since;

/** Lets the browser paint and answer its user. */
export const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

export const watch = new Watch();
