import { type Bytes, toBase64url } from '#crypto/bytes.ts';
import { type AccessCode, formatCode, parseCode } from '#crypto/cpace/code.ts';
import {
	type Identity,
	type PublicIdentity,
	decodePublicIdentity,
	generateParticipantIdentity,
} from '#crypto/identity/identity.ts';
import { type CodeDoor, type CodeOutcome, tryCode } from '#lib/code/guest.ts';
import { CodeHost } from '#lib/code/host.ts';
import type { CodeShelf, StoredCode } from '#lib/code/stored.ts';
import type { ClientMessage, ServerMessage } from '../signaling/protocol/socket.ts';
import { Line } from './line.ts';
import type { Staff } from './staff.ts';
import { type Answer, call, newId } from './wire.ts';

/** A shelf that outlives pages, as a browser's does. */
export class MemoryShelf implements CodeShelf {
	readonly codes = new Map<string, StoredCode>();
	readonly keys = new Map<string, string[]>();
	/** Called before something is stored. */
	onwrite: () => void = () => {};

	read(place: string) {
		return Promise.resolve(this.codes.get(place));
	}

	all() {
		return Promise.resolve([...this.codes.values()]);
	}

	change(place: string, change: Parameters<CodeShelf['change']>[1]) {
		const after = change(this.codes.get(place));
		if (after) this.codes.set(place, after);
		if (after) this.onwrite();
		return Promise.resolve(after !== undefined);
	}

	confirm(place: string, key: string) {
		this.keys.set(place, [...(this.keys.get(place) ?? []), key]);
		return Promise.resolve();
	}

	confirmed(place: string) {
		return Promise.resolve(this.keys.get(place) ?? []);
	}
}

type Ask = Extract<ServerMessage, { type: 'code-ask' }>;

/** A host's page that shows codes: the app's own code, a socket of the protocol. */
export class CodePage {
	readonly line: Line;
	readonly host: CodeHost;
	readonly shelf: MemoryShelf;
	/** How often it was asked. */
	asked = 0;
	floods = 0;
	/** Nameplates that somebody tried too often from one place. */
	readonly refused: string[] = [];
	/** Answers that left. */
	readonly sent: ClientMessage[] = [];

	private constructor(line: Line, host: CodeHost, shelf: MemoryShelf) {
		this.line = line;
		this.host = host;
		this.shelf = shelf;
		line.socket.on('message', (data: Buffer) => {
			const message: ServerMessage = JSON.parse(data.toString());
			if (message.type === 'code-ask') void this.#answer(message);
			if (message.type === 'code-flood') this.floods++;
			if (message.type === 'code-refused') this.refused.push(message.nameplate);
		});
	}

	static async open(
		staff: Staff,
		place: string,
		options: { shelf?: MemoryShelf; clock?: () => number } = {},
	): Promise<CodePage> {
		const { shelf = new MemoryShelf(), clock = Date.now } = options;
		const { body } = await call(staff.address, 'GET', `/api/places/${place}`);
		const same = (_context: string, bytes: Bytes) => Promise.resolve(bytes);
		const identity = decodePublicIdentity(body.host.publicIdentity);
		const owner = { member: staff.signedIn.member.id, identity, seal: same, open: same };
		const host = new CodeHost(owner, shelf, clock);
		return new CodePage(await staff.line(), host, shelf);
	}

	async #answer({ try: name, nameplate, question }: Ask): Promise<void> {
		this.asked++;
		const reply = await this.host.answer(name, nameplate, question);
		const message: ClientMessage = { type: 'code-answer', id: newId(), try: name, reply };
		this.sent.push(message);
		this.line.send(message);
	}

	/** Asks the server for a nameplate, or for this one again. */
	async reserve(
		where: { session: string; place: string },
		nonce: string,
		nameplate: string | null = null,
	): Promise<string> {
		const message = { type: 'code', id: newId(), nameplate, nonce, ...where } as const;
		const answer: ServerMessage = await this.line.ask(message);
		if (answer.type === 'code') return answer.nameplate;
		throw new Error(`no nameplate: ${JSON.stringify(answer)}`);
	}

	/** Shows a code; gives its digits. */
	async show(where: { session: string; place: string }): Promise<AccessCode> {
		const code = await this.host.create(where, (nonce) => this.reserve(where, nonce));
		return this.host.digits(code);
	}

	/** After a reload or a reconnect: the same code is answered here. */
	async again(place: string): Promise<string> {
		const code = this.shelf.codes.get(place);
		if (!code) throw new Error('no code');
		return this.reserve({ session: code.session, place }, code.nonce, code.nameplate);
	}
}

export interface Guest {
	readonly identity: Identity;
	readonly door: CodeDoor;
	/** Everything that the server saw of it, and said. */
	readonly transcript: { path: string; sent: unknown; answer: unknown }[];
	tries: number;
}

export interface GuestOptions {
	/** Another address, where the server stands behind a proxy. */
	readonly from?: string;
	/** Changes what comes from the server, as a malicious one would. */
	readonly forged?: (answer: unknown) => unknown;
	/** Changes what goes to it. */
	readonly forging?: (body: unknown) => unknown;
}

/** Refusals of the server as the page sees them. */
export class Refused extends Error {
	readonly code: string;

	constructor({ body }: Answer) {
		super(body.error);
		this.code = body.error;
	}
}

/** A participant's browser at /join: the app's own code. */
export async function guest(address: string, options: GuestOptions = {}): Promise<Guest> {
	const { from, forged = (answer) => answer, forging = (body) => body } = options;
	const identity = await generateParticipantIdentity();
	const transcript: Guest['transcript'] = [];
	const post = async (path: string, body: unknown) => {
		const sent = forging(body);
		const headers = from === undefined ? {} : { 'x-forwarded-for': from };
		const answer = await call(address, 'POST', path, { body: sent, headers });
		transcript.push({ path, sent, answer: answer.body });
		if (answer.status !== 200) throw new Refused(answer);
		const changed: any = forged(answer.body); // oxlint-disable-line typescript/no-explicit-any
		return changed;
	};
	const made: Guest = {
		identity,
		transcript,
		tries: 0,
		door: {
			route: (nameplate) => post('/api/codes/tries', { nameplate }),
			ask: (name, question) => post(`/api/codes/tries/${name}`, question),
			identity: () => Promise.resolve(identity.publicIdentity),
			count: () => Promise.resolve(++made.tries <= 3),
			sleep: () => new Promise((resolve) => setTimeout(resolve, 20)),
		},
	};
	return made;
}

export const enterCode = (one: Guest, code: AccessCode): Promise<CodeOutcome> =>
	tryCode(code, one.door);

/** The same nameplate with other digits. */
export function wrongCode(code: AccessCode, by = 1): AccessCode {
	const secret = String((Number(code.secret) + by) % 1_000_000).padStart(6, '0');
	return parseCode(formatCode({ nameplate: code.nameplate, secret }));
}

export const keyOf = ({ ed25519 }: PublicIdentity): string => toBase64url(ed25519);
