import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import * as opaque from '@serenity-kit/opaque';
import { WebSocket } from 'ws';
import type { Account, Member, Practice, Scope, SignedIn } from '../signaling/protocol/account.ts';
import { tokenText } from '../signaling/protocol/account.ts';
import type { ClientMessage, ServerMessage } from '../signaling/protocol/socket.ts';
import { protocolVersion } from '../signaling/protocol/version.ts';

/** A plain client of the protocol for tests: real OPAQUE, real signatures, nothing of the web app. */
export const newId = () => randomBytes(16).toString('base64url');
export const bytesOf = (length: number) => randomBytes(length).toString('base64url');

export interface Key {
	publicKey: string;
	privateKey: KeyObject;
}

export function newKey(): Key {
	const { publicKey, privateKey } = generateKeyPairSync('ed25519');
	return { publicKey: publicKey.export({ format: 'jwk' }).x ?? '', privateKey };
}

/** Ed25519 over `context || 0x00 || message`. */
export function signWith(key: Key, context: string, message: string | Uint8Array): string {
	const framed = Buffer.concat([Buffer.from(`${context}\0`), Buffer.from(message)]);
	return sign(null, framed, key.privateKey).toString('base64url');
}

export function signed(key: Key, context: string, value: unknown) {
	const text = JSON.stringify(value);
	return { text, signature: signWith(key, context, text) };
}

export interface Answer {
	status: number;
	headers: Headers;
	/** Parsed JSON, whatever it is. */
	body: any; // oxlint-disable-line typescript/no-explicit-any
}

export interface Call {
	body?: unknown;
	token?: string;
	/** Null = none. */
	origin?: string | null;
	headers?: Record<string, string>;
}

export async function call(
	address: string,
	method: string,
	path: string,
	options: Call = {},
): Promise<Answer> {
	const { body, token, origin = address, headers = {} } = options;
	const binary = body instanceof Uint8Array;
	const response = await fetch(`${address}${path}`, {
		method,
		headers: {
			...(origin !== null && { origin }),
			...(token !== undefined && { authorization: `Bearer ${token}` }),
			...(body !== undefined && {
				'content-type': binary ? 'application/octet-stream' : 'application/json',
			}),
			...headers,
		},
		...(body !== undefined && { body: binary ? Buffer.from(body) : JSON.stringify(body) }),
	});
	const text = await response.text();
	const json = response.headers.get('content-type')?.includes('application/json');
	return {
		status: response.status,
		headers: response.headers,
		body: json ? JSON.parse(text) : text,
	};
}

const keyStretching = 'memory-constrained';
const publicIdentity = (key: Key) => ({
	ed25519: key.publicKey,
	x25519: bytesOf(32),
	xwing: bytesOf(1216),
});

export function newAccount(recovery: Key): Account {
	return {
		unlockers: [
			{ id: newId(), kind: 'password', wrapped: bytesOf(64) },
			{ id: newId(), kind: 'recovery', wrapped: bytesOf(64), publicKey: recovery.publicKey },
		],
		identity: bytesOf(200),
		practice: bytesOf(200),
		serverKey: bytesOf(32),
	};
}

export interface Credentials {
	address: string;
	email: string;
	password: string;
	deviceKey: Key;
	recovery: Key;
	identity: Key;
}

/** A member at one device. */
export class Staff {
	readonly address: string;
	readonly email: string;
	readonly password: string;
	readonly deviceKey: Key;
	readonly recovery: Key;
	readonly identity: Key;
	signedIn: SignedIn;

	constructor(options: Credentials & { signedIn: SignedIn }) {
		this.address = options.address;
		this.email = options.email;
		this.password = options.password;
		this.deviceKey = options.deviceKey;
		this.recovery = options.recovery;
		this.identity = options.identity;
		this.signedIn = options.signedIn;
	}

	/** A fresh token of this device, or the refusal. */
	async token(options: { scope?: Scope; origin?: string; address?: string } = {}): Promise<Answer> {
		const { scope = 'staff', origin = this.address, address = this.address } = options;
		const { device } = this.signedIn;
		const challenge = await call(address, 'POST', '/api/device/challenge', { body: { device } });
		const { nonce } = challenge.body;
		const signature = signWith(
			this.deviceKey,
			'sotto/token/v1',
			tokenText({ origin, scope, nonce }),
		);
		return call(address, 'POST', '/api/device/token', {
			body: { device, nonce, origin, scope, signature },
		});
	}

	async call(method: string, path: string, body?: unknown): Promise<Answer> {
		const { token } = (await this.token()).body;
		return call(this.address, method, path, { token, ...(body !== undefined && { body }) });
	}

	/** An open socket after its `hello`. */
	async line(scope: Scope = 'staff'): Promise<Line> {
		const { token } = (await this.token({ scope })).body;
		return Line.greeted(this.address, token);
	}

	/** A new session with so many places. */
	async session(
		options: { places?: number; recorded?: boolean } = {},
	): Promise<{ id: string; places: string[] }> {
		const { places = 1, recorded = false } = options;
		const ids = Array.from({ length: places }, newId);
		const id = newId();
		const { status, body } = await this.call('POST', '/api/sessions', {
			id,
			startsAt: Date.now(),
			minutes: 50,
			sealed: bytesOf(100),
			notice: recorded ? signed(this.identity, 'sotto/notice/v1', { v: 1 }) : null,
			places: ids.map((place) => ({ id: place, sealed: bytesOf(50) })),
		});
		if (status !== 201) throw new Error(`no session: ${status} ${JSON.stringify(body)}`);
		return { id, places: ids };
	}
}

export interface Person {
	practice?: string;
	name?: string;
	email?: string;
	password?: string;
}

/** What the setup page sends second. */
export async function setupRequest(
	address: string,
	token: string,
	person: Person = {},
): Promise<{ started: Answer; finish: Record<string, unknown>; staff: Credentials }> {
	const { email = 'maya@example.org', password = 'correct horse battery' } = person;
	await opaque.ready;
	const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({
		password,
	});
	const started = await call(address, 'POST', '/api/setup/start', {
		body: { token, email, registrationRequest },
	});
	const [identity, recovery, deviceKey, practiceKey] = [newKey(), newKey(), newKey(), newKey()];
	const member: Member = {
		id: newId(),
		name: person.name ?? 'Dr. Maya Okafor',
		email,
		role: 'admin',
		publicIdentity: publicIdentity(identity),
	};
	const practice: Practice = {
		id: newId(),
		name: person.practice ?? 'Riverside Therapy',
		publicKey: practiceKey.publicKey,
		records: publicIdentity(newKey()),
		memberList: signed(practiceKey, 'sotto/member-list/v1', { version: 1, members: [member.id] }),
	};
	const registrationRecord =
		started.status === 200
			? opaque.client.finishRegistration({
					clientRegistrationState,
					registrationResponse: started.body.registrationResponse,
					password,
					keyStretching,
				}).registrationRecord
			: '';
	const finish = {
		token,
		practice,
		member,
		registrationRecord,
		account: newAccount(recovery),
		device: { publicKey: deviceKey.publicKey, name: 'Chrome on Linux' },
	};
	const staff = { address, email, password, deviceKey, recovery, identity };
	return { started, finish, staff };
}

/** Makes the practice and its first admin. */
export async function signUp(
	address: string,
	setupUrl: string | undefined,
	person: Person = {},
): Promise<Staff> {
	const token = new URL(setupUrl ?? address).hash.slice(1);
	const { finish, staff } = await setupRequest(address, token, person);
	const { status, body } = await call(address, 'POST', '/api/setup/finish', { body: finish });
	if (status !== 200) throw new Error(`no practice: ${status} ${JSON.stringify(body)}`);
	return new Staff({ ...staff, signedIn: body });
}

/** One login with a password; the answer of the step that refused, or the last. */
export async function logIn(
	address: string,
	options: { email: string; password: string; device: unknown },
): Promise<Answer> {
	const { email, password, device } = options;
	await opaque.ready;
	const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password });
	const started = await call(address, 'POST', '/api/login/start', {
		body: { email, startLoginRequest },
	});
	if (started.status !== 200) return started;
	const { login, loginResponse } = started.body;
	const finished = opaque.client.finishLogin({
		clientLoginState,
		loginResponse,
		password,
		keyStretching,
	});
	// Who guesses wrong cannot make this message; she can only send another.
	const finishLoginRequest = finished?.finishLoginRequest ?? bytesOf(64);
	return call(address, 'POST', '/api/login/finish', {
		body: { login, finishLoginRequest, device },
	});
}

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
		this.closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
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
	): Promise<Of<'done'> | Of<'taken'> | Of<'error'>> {
		this.send(message);
		return this.#find(
			(it): it is Of<'done'> | Of<'taken'> | Of<'error'> => 'id' in it && it.id === message.id,
			`answer to ${message.type}`,
		);
	}

	/** The next message of a type, waiting for it if need be. Throws after five seconds. */
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
			if (left <= 0) throw new Error(`no ${what}; came: ${types}`);
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
