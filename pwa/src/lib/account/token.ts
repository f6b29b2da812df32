import { toBase64url, utf8 } from '#crypto/bytes.ts';
import { sign } from '#crypto/identity/signing.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { Challenge, Token, tokenText } from '#protocol/account.ts';
import type { Device } from './device.ts';

/** A token is renewed this long before it ends. */
const earlyMs = 30_000;

/** Tokens of one device: each is had by a signature over the server's nonce and kept in memory until it ends. */
export class Tokens {
	readonly #device: Pick<Device, 'device' | 'signing'>;
	#kept: { text: string; until: number } | undefined;
	#fetching: Promise<string> | undefined;

	constructor(device: Pick<Device, 'device' | 'signing'>) {
		this.#device = device;
	}

	/** A token that is good for a while; with `fresh` not the one before. Throws `ApiError`: `locked`, `token`. */
	async get(fresh = false): Promise<string> {
		if (!fresh && this.#kept && performance.now() < this.#kept.until) return this.#kept.text;
		this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
		return this.#fetching;
	}

	async #fetch(): Promise<string> {
		const { device, signing } = this.#device;
		const { nonce } = await fetchJson(Challenge, {
			method: 'POST',
			path: '/api/device/challenge',
			body: { device },
			open: true,
		});
		const { origin } = location;
		const text = tokenText({ origin, scope: 'staff', nonce });
		const signature = toBase64url(await sign(signing, 'sotto/token/v1', utf8(text)));
		const { token, expiresInMs } = await fetchJson(Token, {
			method: 'POST',
			path: '/api/device/token',
			body: { device, nonce, origin, scope: 'staff', signature },
			open: true,
		});
		this.#kept = { text: token, until: performance.now() + expiresInMs - earlyMs };
		return token;
	}
}

/** Tells the server what this device does. What it does holds also when nobody can be told: see the server's own idle limit. */
export async function tell(path: string): Promise<void> {
	try {
		await request({ method: 'POST', path, keepalive: true });
	} catch (error) {
		if (!isApiError(error)) throw error;
	}
}
