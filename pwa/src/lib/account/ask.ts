import {
	type AskingBrowser,
	type Meeting,
	askAs,
	commitmentTo,
	meetingDigits,
	openHanded,
} from '#crypto/account/browser.ts';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import type { XWingSeed } from '#crypto/seal/xwing.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { SignedIn } from '#protocol/account.ts';
import { type Asking, BrowserAsked, BrowserLook } from '#protocol/browsers.ts';
import { deviceName, newDeviceKey } from './device.ts';
import type { SignedInHere } from './enter.ts';

/** A browser that asks to be let in by another one; its one-time key is in memory only. */
export class Ask {
	readonly code: string;
	/** So long from now on. */
	readonly expiresInMs: number;
	readonly #request: string;
	readonly #secret: string;
	readonly #asking: AskingBrowser;
	readonly #seed: XWingSeed;
	readonly #signing: SigningKey;
	#meeting: Meeting | undefined;
	/** Not opened before somebody has compared the digits. */
	#handed: Extract<BrowserLook, { state: 'let-in' }> | undefined;

	private constructor(
		of: { asking: AskingBrowser; seed: XWingSeed; signing: SigningKey },
		asked: { request: string; code: string; secret: string; expiresInMs: number },
	) {
		this.#asking = of.asking;
		this.#seed = of.seed;
		this.#signing = of.signing;
		this.#request = asked.request;
		this.#secret = asked.secret;
		this.code = asked.code;
		this.expiresInMs = asked.expiresInMs;
	}

	/** Makes the keys and asks for a code. Throws `ApiError`: `too-many-tries`. */
	static async begin(): Promise<Ask> {
		const signing = await newDeviceKey();
		const made = await askAs({ publicKey: signing.publicKey, name: deviceName() });
		const asked = await fetchJson(BrowserAsked, {
			method: 'POST',
			path: '/api/browsers',
			body: { commitment: toBase64url(await commitmentTo(made.asking)) },
			open: true,
		});
		return new Ask({ ...made, signing }, asked);
	}

	/**
	 * How far the other browser is. Shows it the keys when it has answered; from then on there are digits to compare.
	 * Throws `ApiError`: `gone` when the time is over.
	 */
	async look(): Promise<{ state: BrowserLook['state']; digits?: string }> {
		const body = { secret: this.#secret };
		const look = await fetchJson(BrowserLook, { ...this.#post('look'), body });
		if (look.state === 'met') await this.#meet(look);
		if (look.state === 'let-in') this.#handed = look;
		const { state } = look;
		return this.#meeting ? { state, digits: await meetingDigits(this.#meeting) } : { state };
	}

	/**
	 * Takes what was handed over; for whoever has compared the digits. Throws as `openHanded`, `bad-key` and `stale` when
	 * the server shows another practice than the open browser knows, `ApiError`.
	 */
	async enter(): Promise<SignedInHere> {
		const [meeting, given] = [this.#meeting, this.#handed];
		if (!meeting || !given) throw new CryptoError('no-key');
		const handed = await openHanded({
			meeting,
			seed: this.#seed,
			sealed: fromBase64url(given.sealed),
			signed: given.signed,
		});
		const body = { secret: this.#secret };
		const signedIn = await fetchJson(SignedIn, { ...this.#post('enter'), body });
		const { open } = meeting;
		if (signedIn.member.id !== open.member || signedIn.practice.id !== open.practice)
			throw new CryptoError('bad-key');
		const { accountKey, serverKey } = handed;
		return { accountKey, signedIn, signing: this.#signing, serverKey, pins: handed };
	}

	/** The server forgets it now and not in a while. Throws `ApiError`. */
	async cancel(): Promise<void> {
		await request({ ...this.#post('cancel'), body: { secret: this.#secret }, keepalive: true });
	}

	// The first answer only: whoever could give a second one could try digits.
	async #meet(look: Extract<BrowserLook, { state: 'met' }>): Promise<void> {
		if (!this.#meeting) {
			const { member, practice } = look;
			const open = {
				practice,
				member,
				identity: fromBase64url(look.identity),
				nonce: fromBase64url(look.nonce),
			};
			const { code } = this;
			this.#meeting = { request: this.#request, code, asking: this.#asking, open };
		}
		const body = { secret: this.#secret, asking: shown(this.#asking) };
		await request({ ...this.#post('show'), body });
	}

	#post(step: 'look' | 'show' | 'enter' | 'cancel') {
		return { method: 'POST', path: `/api/browsers/${this.#request}/${step}`, open: true } as const;
	}
}

function shown({ xwing, publicKey, name, nonce }: AskingBrowser): Asking {
	return {
		xwing: toBase64url(xwing),
		publicKey: toBase64url(publicKey),
		name,
		nonce: toBase64url(nonce),
	};
}
