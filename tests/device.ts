import { openAccount } from '#crypto/account/account.ts';
import { type AccountKey } from '#crypto/account/key.ts';
import { loginFinish, loginStart } from '#crypto/account/opaque.ts';
import { unlockWithExportKey } from '#crypto/account/unlock.ts';
import { type Bytes, fromBase64url, utf8, toBase64url } from '#crypto/bytes.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { type SigningKey, generateSigningKey, sign } from '#crypto/identity/signing.ts';
import * as v from 'valibot';
import {
	Challenge,
	LoginStarted,
	SignedIn,
	Token,
	tokenText,
} from '../signaling/protocol/account.ts';

/** A member's second device: no browser, but her real keys, opened with her password as a browser does. */
export class Device {
	readonly address: string;
	readonly signedIn: SignedIn;
	readonly accountKey: AccountKey;
	readonly identity: Identity;
	readonly #key: SigningKey;

	private constructor(
		options: Pick<Device, 'address' | 'signedIn' | 'accountKey' | 'identity'> & { key: SigningKey },
	) {
		this.address = options.address;
		this.signedIn = options.signedIn;
		this.accountKey = options.accountKey;
		this.identity = options.identity;
		this.#key = options.key;
	}

	static async signIn(who: { address: string; email: string; password: string }): Promise<Device> {
		const { address, email, password } = who;
		const { startLoginRequest, state } = await loginStart(password);
		const started = await post(address, '/api/login/start', { email, startLoginRequest });
		const { login, loginResponse } = v.parse(LoginStarted, await started.json());
		const finish = await loginFinish({ password, state, loginResponse });
		const { finishLoginRequest, exportKey } = finish;
		const key = await generateSigningKey();
		const device = { publicKey: toBase64url(key.publicKey), name: 'A device without a screen' };
		const body = { login, finishLoginRequest, device };
		const answer = await post(address, '/api/login/finish', body);
		const signedIn = v.parse(SignedIn, await answer.json());
		const { member, account } = signedIn;
		const unlocker = account.unlockers.find(({ kind }) => kind === 'password');
		const wrapped = fromBase64url(unlocker?.wrapped ?? '');
		const accountKey = await unlockWithExportKey({ account: member.id, exportKey, wrapped });
		const sealedIdentity = fromBase64url(account.identity);
		const { identity } = await openAccount({ account: member.id, accountKey, sealedIdentity });
		return new Device({ address, signedIn, accountKey, identity, key });
	}

	async token(): Promise<string> {
		const { device } = this.signedIn;
		const challenge = await post(this.address, '/api/device/challenge', { device });
		const { nonce } = v.parse(Challenge, await challenge.json());
		const wanted = { origin: this.address, scope: 'staff', nonce } as const;
		const signature = await sign(this.#key, 'sotto/token/v1', utf8(tokenText(wanted)));
		const body = { device, ...wanted, signature: toBase64url(signature) };
		const answer = await post(this.address, '/api/device/token', body);
		return v.parse(Token, await answer.json()).token;
	}

	/** Throws unless the server grants it. */
	async send(
		method: string,
		path: string,
		body?: Bytes | object,
		token?: string,
	): Promise<Response> {
		const { address } = this;
		return send({ address, method, path, body, token: token ?? (await this.token()) });
	}
}

function post(address: string, path: string, body: object): Promise<Response> {
	return send({ address, method: 'POST', path, body });
}

async function send(options: {
	address: string;
	method: string;
	path: string;
	body?: Bytes | object | undefined;
	token?: string;
}): Promise<Response> {
	const { address, method, path, body, token } = options;
	const binary = body instanceof Uint8Array;
	const headers = new Headers({ origin: address });
	if (token) headers.set('authorization', `Bearer ${token}`);
	if (body) headers.set('content-type', binary ? 'application/octet-stream' : 'application/json');
	const content = binary ? new Uint8Array(body) : body && JSON.stringify(body);
	const response = await fetch(`${address}${path}`, { method, headers, body: content ?? null });
	if (!response.ok)
		throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
	return response;
}
