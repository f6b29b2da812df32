import { toBase64url, utf8 } from '#crypto/bytes.ts';
import { type SigningKey, sign } from '#crypto/identity/signing.ts';
import { Challenge, Token, tokenText } from '#protocol/account.ts';
import { ask } from './server.ts';

/** A token is renewed this long before it ends. */
const earlyMs = 30_000;

export interface Bearer {
	/** Where the server is. */
	readonly origin: string;
	readonly device: string;
	readonly signing: SigningKey;
}

/** Tokens of scope `presence`: each is had by a signature over the server's nonce and kept in memory. */
export class Tokens {
	readonly #bearer: Bearer;
	#kept: { text: string; until: number } | undefined;

	constructor(bearer: Bearer) {
		this.#bearer = bearer;
	}

	/** A token that is good for a while. Throws RequestError, `not-found` when the practice took this device off. */
	async get(): Promise<string> {
		if (this.#kept && performance.now() < this.#kept.until) return this.#kept.text;
		const { origin: server, device, signing } = this.#bearer;
		const { nonce } = await ask(Challenge, {
			origin: server,
			path: '/api/device/challenge',
			body: { device },
		});
		const { origin } = globalThis.location;
		const scope = 'presence';
		const signed = await sign(signing, 'sotto/token/v1', utf8(tokenText({ origin, scope, nonce })));
		const { token, expiresInMs } = await ask(Token, {
			origin: server,
			path: '/api/device/token',
			body: { device, nonce, origin, scope, signature: toBase64url(signed) },
		});
		this.#kept = { text: token, until: performance.now() + expiresInMs - earlyMs };
		return token;
	}

	/** The server refused it, as it does after a restart. */
	drop(): void {
		this.#kept = undefined;
	}
}
