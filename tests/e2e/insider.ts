import { WebSocket as WsSocket } from 'ws';
import { type Bytes, fromBase64url, random, toBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import {
	ReceiptBook,
	type SignedNotice,
	type SignedReceipt,
	noticeDigest,
	signReceipt,
} from '#crypto/consent/consent.ts';
import { type Context } from '#crypto/group/context.ts';
import {
	type Epoch,
	type Evidence,
	type Known,
	type Member,
	PackageStore,
	type SignedAdmission,
	type SignedRemoval,
	mergeEvidence,
	noEvidence,
} from '#crypto/group/group.ts';
import { receiptsDigest, verifyReceipt } from '#crypto/consent/receipt.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { sign } from '#crypto/identity/signing.ts';
import type { CallMessage } from '#lib/call/messages.ts';
import { Room } from '#lib/call/room.ts';
import { type Request, Socket, SocketError } from '#lib/net/socket.ts';
import { forgeWelcome } from '../fake/forge.ts';

/** Node's own WebSocket names no origin; a page always does. */
class PageSocket extends WsSocket {
	constructor(url: string) {
		super(url, { origin: new URL(url).origin.replace('ws', 'http') });
		this.on('error', () => {});
	}
}
Object.defineProperty(globalThis, 'WebSocket', { value: PageSocket });
/** What a page would show in its console. */
export const reported: unknown[] = [];
Object.defineProperty(globalThis, 'reportError', {
	value: (error: unknown) => reported.push(error),
});

/** What the web app keeps of a session, kept in memory. */
class Memory {
	readonly receipts: ReceiptBook;
	notice: SignedNotice | null;
	admissions: SignedAdmission[] = [];
	removals: readonly SignedRemoval[] = [];
	recorders: Evidence['recorders'] = [];
	#generation = 0;

	constructor(session: string, notice: SignedNotice | null) {
		this.receipts = new ReceiptBook(session);
		this.notice = notice;
	}

	known(): { known: Known } {
		const { receipts, removals } = this;
		return { known: { receipts, removals, generation: this.#generation } };
	}

	evidence(): Evidence {
		const { admissions, removals, recorders, notice } = this;
		return { ...noEvidence, admissions, removals, recorders, notice };
	}

	learn(epoch: Epoch): Promise<void> {
		this.#generation = Math.max(this.#generation, epoch.generation);
		this.removals = epoch.evidence.removals;
		return Promise.resolve();
	}
}

export interface InsiderOptions {
	/** Where pages find the server. */
	readonly address: string;
	readonly session: string;
	readonly seat: string;
	readonly isHost: boolean;
	readonly identity: Identity;
	readonly hostKey: Bytes;
	readonly notice: SignedNotice | null;
	readonly token: () => Promise<string>;
	readonly enter: (insider: Insider) => Promise<Request>;
}

/** A client of a call in this process: the app's own room, real keys, the real server, and no duty to keep the rules. */
export class Insider {
	readonly identity: Identity;
	readonly store: PackageStore;
	readonly memory: Memory;
	readonly room: Room;
	readonly socket: Socket;
	/** Every epoch that it ever took part in, and its base key. */
	readonly held: { epoch: Epoch; baseKey: Bytes }[] = [];
	/** Generations that it would have sealed frames with, in order. */
	readonly used: number[] = [];
	readonly refusals: string[] = [];
	readonly heard: { from: Member; message: CallMessage }[] = [];
	over: string | undefined;
	hears: (from: Member, message: CallMessage) => void = () => {};
	joined: (epoch: Epoch) => void = () => {};

	constructor(options: InsiderOptions) {
		const { address, session, seat, isHost, identity, hostKey, notice, token, enter } = options;
		this.identity = identity;
		this.memory = new Memory(session, notice);
		this.store = new PackageStore({ signing: identity.signing, session, clock: Date.now });
		this.socket = new Socket({ address: `${address.replace('http', 'ws')}/api/socket`, token });
		this.room = new Room(
			{
				socket: this.socket,
				session,
				seat,
				isHost,
				hostKey,
				store: this.store,
				knowledge: this.memory,
				keys: {
					install: async (epoch) => {
						this.held.push({ epoch, baseKey: await epoch.sframeBaseKey() });
					},
					use: (generation) => {
						this.used.push(generation);
						return Promise.resolve();
					},
					hold: () => {},
					forget: () => {},
				},
				enter: () => enter(this),
			},
			{
				changed: () => {},
				entered: () => {},
				low: () => {},
				epoch: (epoch) => this.joined(epoch),
				message: (from, message) => {
					this.heard.push({ from, message });
					this.hears(from, message);
				},
				outdated: () => {},
				over: (why) => (this.over = why),
				refused: (reason) => this.refusals.push(reason),
			},
		);
	}

	get key(): Bytes {
		return this.identity.signing.publicKey;
	}

	get seat(): string {
		return this.room.options.seat;
	}

	/** The epoch in force here. Throws when there is none. */
	get epoch(): Epoch {
		if (!this.room.epoch) throw new Error('in no epoch');
		return this.room.epoch;
	}

	get names(): string[] {
		return this.epoch.roster.map(({ name }) => name);
	}

	/** A consent or withdrawal of one's own; `change` makes it one that should not count. */
	async say(
		type: 'consent' | 'withdrawal',
		change: { session?: string; hostKey?: Bytes; notice?: Bytes; n?: number } = {},
	): Promise<SignedReceipt> {
		const { session, hostKey } = this.room.options;
		if (!this.memory.notice) throw new Error('nothing is asked');
		const notice = await noticeDigest(this.memory.notice);
		const n = this.memory.receipts.next(this.key);
		const receipt = { session, hostKey, recorder: 'device', notice, n, type, ...change } as const;
		return signReceipt({ subject: this.identity.signing, receipt });
	}

	async send(message: CallMessage, to: readonly string[] = this.room.others()): Promise<void> {
		await this.room.relay(await this.room.seal(message), to);
	}

	/** The context that this client would honestly write for the next epoch, changed. */
	async context(
		change: { evidence?: Partial<Evidence>; context?: Partial<Context> } = {},
	): Promise<Context> {
		const { session, hostKey } = this.room.options;
		const known = [this.epoch.evidence, this.memory.evidence()];
		const evidence = { ...(await mergeEvidence(hostKey, ...known)), ...change.evidence };
		const receipts = await Promise.all(evidence.receipts.map(verifyReceipt));
		return {
			session,
			generation: this.room.newest + 1,
			previous: await this.epoch.authenticatorHash(),
			receipts: await receiptsDigest(receipts),
			evidence,
			...change.context,
		};
	}

	/** Takes a package of each seat from the server, as for an epoch. */
	async take(seats: readonly string[]): Promise<Bytes[]> {
		const answer = await this.socket.request({ type: 'take', seats: [...seats] });
		if (answer.type !== 'taken') throw new Error('nothing was taken');
		return seats.map((seat) => {
			const found = answer.packages.find((one) => one.seat === seat);
			if (!found) throw new Error('no package of a seat');
			return fromBase64url(found.keyPackage);
		});
	}

	/**
	 * Makes an epoch that keeps no rule but the library's, of itself and of `packages` in this order, and gives it to
	 * the server as the next one. `seats` is what the server is told about who is in it.
	 */
	async forge(options: {
		context: Context | Bytes;
		packages: readonly Bytes[];
		seats: readonly string[];
	}): Promise<number> {
		const { context, packages, seats } = options;
		const { session } = this.room.options;
		const leaf = { signing: this.identity.signing, session };
		const welcome = await forgeWelcome({ leaf, packages, context });
		return this.offer(welcome, seats);
	}

	/**
	 * Gives any bytes to the server as the next epoch; gives its generation. From then on this client helps nobody: its
	 * own room would heal what it did.
	 */
	async offer(welcome: Bytes, seats: readonly string[]): Promise<number> {
		this.room.close();
		const generation = this.room.newest + 1;
		const text = toBase64url(welcome);
		const all = [this.seat, ...seats];
		const request = { type: 'epoch', generation, seats: all, welcome: text } as const;
		for (;;)
			try {
				await this.socket.request(request);
				return generation;
			} catch (error) {
				// One a second is all that the server takes of anybody.
				if (!(error instanceof SocketError) || error.code !== 'slow-down') throw error;
				await new Promise((resolve) => setTimeout(resolve, 300));
			}
	}

	close(): void {
		this.room.close();
		this.socket.close();
	}
}

/** Ed25519 in context `sotto/claim/v1`, as a browser claims a place. */
export async function claim(
	address: string,
	place: string,
	identity: Identity,
): Promise<{ seat: string; session: string; token: string }> {
	const { signing } = identity;
	const signature = toBase64url(await sign(signing, 'sotto/claim/v1', utf8(place)));
	const response = await fetch(`${address}/api/places/${place}/claims`, {
		method: 'POST',
		headers: { origin: address, 'content-type': 'application/json' },
		body: JSON.stringify({ publicKey: toBase64url(signing.publicKey), signature }),
	});
	if (!response.ok) throw new Error(`no seat: ${response.status}`);
	return response.json();
}

export const newId = (): string => toBase64url(random(16));
export const nameOf = (key: Uint8Array): string => toHex(key);

/** Waits until something holds; it is looked at often. */
export async function until(what: string, holds: () => unknown, ms = 10_000): Promise<void> {
	const end = performance.now() + ms;
	while (!(await holds())) {
		if (performance.now() > end) throw new Error(`in vain: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}
