import { setTimeout as wait } from 'node:timers/promises';
import * as opaque from '@serenity-kit/opaque';
import type { Account, Member, Practice, Scope, SignedIn } from '../signaling/protocol/account.ts';
import { tokenText } from '../signaling/protocol/account.ts';
import { Line } from './line.ts';
import {
	type Answer,
	bytesOf,
	call,
	type Key,
	newId,
	newKey,
	signed,
	signedNotice,
	signWith,
} from './wire.ts';

/** How a password is stretched is the client's business, and shown in `crypto/account`; the tests of the server need hundreds of sign-ins. */
export const keyStretching = {
	'argon2id-custom': { iterations: 1, memory: 64, parallelism: 1 },
};

export const publicIdentity = (key: Key) => ({
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
	/** Only the first admin's test client holds it. */
	practiceKey?: Key | undefined;
}

/** A test asks for more tokens in a minute than anybody may: it waits as long as the server says. */
async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
	for (;;) {
		const answer = await ask();
		if (answer.status !== 429) return answer;
		await wait(1000 * answer.body.next);
	}
}

/** A member at one device. */
export class Staff {
	readonly address: string;
	readonly email: string;
	readonly password: string;
	readonly deviceKey: Key;
	readonly recovery: Key;
	readonly identity: Key;
	readonly practiceKey: Key | undefined;
	signedIn: SignedIn;

	constructor(options: Credentials & { signedIn: SignedIn }) {
		this.address = options.address;
		this.email = options.email;
		this.password = options.password;
		this.deviceKey = options.deviceKey;
		this.recovery = options.recovery;
		this.identity = options.identity;
		this.practiceKey = options.practiceKey;
		this.signedIn = options.signedIn;
	}

	/** A fresh token of this device, or the refusal. */
	async token(options: { scope?: Scope; origin?: string; address?: string } = {}): Promise<Answer> {
		const { scope = 'staff', origin = this.address, address = this.address } = options;
		const { device } = this.signedIn;
		const challenge = await patiently(() =>
			call(address, 'POST', '/api/device/challenge', { body: { device } }),
		);
		const { nonce } = challenge.body;
		const signature = signWith(
			this.deviceKey,
			'sotto/token/v1',
			tokenText({ origin, scope, nonce }),
		);
		return patiently(() =>
			call(address, 'POST', '/api/device/token', {
				body: { device, nonce, origin, scope, signature },
			}),
		);
	}

	/** Signs in again on this device. */
	unlock(): Promise<Answer> {
		const { email, password } = this;
		return logIn(this.address, { email, password, device: this.signedIn.device });
	}

	async call(method: string, path: string, body?: unknown): Promise<Answer> {
		const { token } = (await this.token()).body;
		return call(this.address, method, path, { token, ...(body !== undefined && { body }) });
	}

	/** An open socket after its `hello`. */
	async line(): Promise<Line> {
		const { token } = (await this.token()).body;
		return Line.greeted(this.address, token);
	}

	/** A new session with so many places. */
	async session(
		options: { places?: number; recorded?: boolean; startsAt?: number } = {},
	): Promise<{ id: string; places: string[] }> {
		const { places = 1, recorded = false } = options;
		const ids = Array.from({ length: places }, newId);
		const id = newId();
		const { status, body } = await this.call('POST', '/api/sessions', {
			id,
			startsAt: options.startsAt ?? Date.now(),
			minutes: 50,
			sealed: bytesOf(100),
			notice: recorded ? signedNotice(this.identity, id) : null,
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

export interface SetupFinishRequest {
	token: string;
	practice: Practice;
	member: Member;
	registrationRecord: string;
	account: Account;
	device: { publicKey: string; name: string };
}

/** What the setup page sends second. */
export async function setupRequest(
	address: string,
	token: string,
	person: Person = {},
): Promise<{ started: Answer; finish: SetupFinishRequest; staff: Credentials }> {
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
	const staff = { address, email, password, deviceKey, recovery, identity, practiceKey };
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
