import { type Bytes, fromBase64url, toHex } from '#crypto/bytes.ts';
import { formatCode } from '#crypto/cpace/code.ts';
import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { socketAddress } from '#lib/net/origin.ts';
import { Socket, SocketError } from '#lib/net/socket.ts';
import { codeTries } from '#protocol/code.ts';
import type { ServerMessage } from '#protocol/socket.ts';
import { CodeHost } from './host.ts';
import { browserShelf } from './shelf.ts';
import { type CodeShelf, type CodeState, type StoredCode, stateOf } from './stored.ts';

/** A code as the screen shows it. */
export interface ShownCode {
	readonly nameplate: string;
	/** `123 456 789`. */
	readonly digits: string;
	readonly until: number;
	/** Tries that are left. */
	readonly left: number;
	readonly state: CodeState;
	/** Somebody enters it right now. */
	readonly busy: boolean;
	/** Somebody was refused who had her tries with it. */
	readonly refused: boolean;
}

const tickMs = 1000;
/** A code is shown as dead so long after its end, and then forgotten. */
const afterMs = 10 * 60_000;

/** The codes of this member, in this tab and the others: shows them, and answers who tries one. */
export class AccessCodes {
	shown = $state.raw<ReadonlyMap<string, ShownCode>>(new Map());
	/** Whether tries can reach this tab. */
	online = $state(true);
	now = $state(Date.now());
	/** Until then the host is told that somebody tries codes. */
	#floodedUntil = $state(0);
	readonly flooded = $derived(this.now < this.#floodedUntil);
	/** Nameplates. */
	readonly #refused = new Set<string>();
	#host: CodeHost | undefined;
	#shelf: CodeShelf | undefined;
	#socket: Socket | undefined;
	#timer: ReturnType<typeof setInterval> | undefined;
	#member = '';
	/** Codes that are being made: the socket stays for them. */
	#showing = 0;
	#looks: Promise<void> = Promise.resolve();
	#resuming: Promise<void> | undefined;

	/** Answers for the codes that this browser has shown, from before a reload too. Only while unlocked. */
	resume(): Promise<void> {
		// A dashboard asks once a row.
		this.#resuming ??= this.#look().finally(() => (this.#resuming = undefined));
		return this.#resuming;
	}

	#own(): { host: CodeHost; shelf: CodeShelf } {
		const { member, identity } = account;
		if (!this.#host || !this.#shelf || this.#member !== member.id) {
			this.#member = member.id;
			this.#shelf = browserShelf(member.id);
			const owner = {
				member: member.id,
				identity: identity.publicIdentity,
				seal: (context: string, bytes: Bytes) => account.seal(context, bytes),
				open: (context: string, bytes: Bytes) => account.open(context, bytes),
			};
			this.#host = new CodeHost(owner, this.#shelf);
			this.#host.changed = () => void this.#look();
		}
		return { host: this.#host, shelf: this.#shelf };
	}

	/** Makes a code for a place; the one before it is dead. Throws SocketError, `ApiError`. */
	async show(session: string, place: string): Promise<void> {
		const { host } = this.#own();
		this.#showing += 1;
		try {
			const socket = this.#connect();
			const before = this.shown.get(place);
			if (before?.state === 'live') await this.#close(before.nameplate);
			await host.create({ session, place }, async (nonce) => {
				const wish = { type: 'code', session, place, nameplate: null, nonce } as const;
				const answer = await socket.request(wish, { repeat: true });
				if (answer.type !== 'code') throw new TypeError('the answer names the nameplate');
				this.#refused.delete(answer.nameplate);
				return answer.nameplate;
			});
			await this.#look();
		} finally {
			this.#showing -= 1;
		}
	}

	/** Whether a key proved the code of a place in this browser. */
	async confirmed(place: string, key: Bytes): Promise<boolean> {
		return (await this.#own().shelf.confirmed(place)).includes(toHex(key));
	}

	/** Whether anybody proved the code of a place in this browser. */
	async hasConfirmed(place: string): Promise<boolean> {
		return (await this.#own().shelf.confirmed(place)).length > 0;
	}

	#connect(): Socket {
		if (this.#socket) return this.#socket;
		const socket = new Socket({ address: socketAddress(), token: (fresh) => account.token(fresh) });
		this.#socket = socket;
		// Before the server was told which codes are answered here, whoever enters one finds nobody.
		this.online = false;
		socket.onready = (ready) => {
			this.online = false;
			if (ready) void this.#announce(socket);
		};
		socket.onrefused = () => this.#stop();
		socket.listen((message) => void this.#hear(message));
		this.#timer = setInterval(() => void this.#look(), tickMs);
		return socket;
	}

	#stop(): void {
		clearInterval(this.#timer);
		this.#socket?.close();
		this.#socket = undefined;
	}

	/** Says which codes are answered here. A nameplate that somebody else has by now is a dead code. */
	async #announce(socket: Socket): Promise<void> {
		if (account.state !== 'unlocked') return;
		const { shelf } = this.#own();
		for (const code of await shelf.all()) {
			if (stateOf(code, Date.now()) !== 'live') continue;
			const { session, place, nameplate, nonce } = code;
			try {
				await socket.request({ type: 'code', session, place, nameplate, nonce });
			} catch (error) {
				if (!(error instanceof SocketError)) throw error;
				if (error.code === 'offline') return;
				await shelf.change(place, (before) => before && { ...before, until: 0 });
			}
		}
		if (this.#socket === socket) this.online = socket.ready;
		await this.#look();
	}

	async #close(nameplate: string): Promise<void> {
		await this.#socket?.request({ type: 'code-close', nameplate }).catch(() => {});
	}

	async #hear(message: ServerMessage): Promise<void> {
		if (message.type === 'code-flood') this.#floodedUntil = Date.now() + message.seconds * 1000;
		if (message.type === 'code-refused') {
			this.#refused.add(message.nameplate);
			void this.#look();
		}
		if (message.type !== 'code-ask' || account.state !== 'unlocked') return;
		const { try: name, nameplate, question } = message;
		try {
			const reply = await this.#own().host.answer(name, nameplate, question);
			await this.#socket?.request({ type: 'code-answer', try: name, reply });
		} catch (error) {
			// Who asked has gone, or this page is about to be locked: they are told that nobody answers.
			const known = error instanceof SocketError || error instanceof CryptoError;
			if (!known && !isApiError(error)) throw error;
		}
	}

	/** Reads the shelf again, one look after another: another tab may have answered, and time goes by. */
	#look(): Promise<void> {
		const look = () =>
			this.#read().catch((error: unknown) => {
				// Locked in the middle of it: the next look shows nothing.
				if (!isApiError(error, 'locked') && !(error instanceof CryptoError)) throw error;
			});
		this.#looks = this.#looks.then(look, look);
		return this.#looks;
	}

	async #read(): Promise<void> {
		this.now = Date.now();
		if (account.state !== 'unlocked') {
			this.shown = new Map();
			return this.#stop();
		}
		const { host, shelf } = this.#own();
		const next = new Map<string, ShownCode>();
		let live = false;
		for (const code of await shelf.all()) {
			const state = stateOf(code, this.now);
			live ||= state === 'live';
			if (this.now > code.until + afterMs) continue;
			const before = this.shown.get(code.place);
			if (before?.state === 'live' && state !== 'live') void this.#close(code.nameplate);
			next.set(code.place, await this.#view(host, code, state));
		}
		if (!same(next, this.shown)) this.shown = next;
		if (live) this.#connect();
		else if (!this.flooded && this.#showing === 0) this.#stop();
	}

	async #view(host: CodeHost, code: StoredCode, state: CodeState): Promise<ShownCode> {
		const digits = formatCode(await host.digits(code));
		const { nameplate, until, answered, busyUntil } = code;
		const left = codeTries - answered;
		const busy = state === 'live' && this.now < busyUntil;
		return { nameplate, digits, until, left, state, busy, refused: this.#refused.has(nameplate) };
	}
}

function same(a: ReadonlyMap<string, ShownCode>, b: ReadonlyMap<string, ShownCode>): boolean {
	if (a.size !== b.size) return false;
	return [...a].every(([place, one]) => {
		const other = b.get(place);
		return (
			other?.digits === one.digits &&
			other.until === one.until &&
			other.left === one.left &&
			other.state === one.state &&
			other.busy === one.busy &&
			other.refused === one.refused
		);
	});
}

export const accessCodes = new AccessCodes();

/** Whether who made this key package (base64url) proved the code of a place in this browser. */
export async function codeConfirmed(place: string, keyPackage: string): Promise<boolean> {
	try {
		// Only where there was a code is the library for key packages loaded.
		if (!(await accessCodes.hasConfirmed(place))) return false;
		const { openPackage } = await import('#crypto/group/group.ts');
		const { key } = await openPackage(fromBase64url(keyPackage));
		return await accessCodes.confirmed(place, key);
	} catch (error) {
		if (error instanceof CryptoError || isApiError(error, 'locked')) return false;
		throw error;
	}
}
