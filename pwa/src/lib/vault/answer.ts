import * as v from 'valibot';
import {
	type Meeting,
	type Pins,
	isCommitted,
	letBrowserIn,
	meetingDigits,
	newNonce,
} from '#crypto/account/browser.ts';
import { type Bytes, fromBase64url, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { parseJson } from '#crypto/schema.ts';
import { account } from '#lib/account/account.svelte.ts';
import { readDevice } from '#lib/account/device.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { ApiError } from '#lib/net/errors.ts';
import { BrowserFound, BrowserSeen } from '#protocol/browsers.ts';

/** The code that somebody typed as the server knows it: any case, spaces and hyphens anywhere, I and L read as 1, O as 0. */
export const readCode = (text: string): string =>
	text
		.replaceAll(/[\s\-\u2010-\u2015]/gu, '')
		.toUpperCase()
		.replaceAll(/[IL]/g, '1')
		.replaceAll('O', '0');

/** A code as screens show it. */
export const formatCode = (code: string): string => code.replace(/(....)(....)/, '$1-$2');

/** This open browser, answering one that asks to be let in. */
export class Answer {
	/** So long from now on. */
	readonly expiresInMs: number;
	readonly #request: string;
	readonly #code: string;
	readonly #commitment: Bytes;
	readonly #nonce: Bytes;
	#meeting: Meeting | undefined;

	private constructor(options: { code: string; nonce: Bytes; found: BrowserFoundHere }) {
		const { code, nonce, found } = options;
		this.expiresInMs = found.expiresInMs;
		this.#request = found.request;
		this.#commitment = fromBase64url(found.commitment);
		this.#code = code;
		this.#nonce = nonce;
	}

	/** Enters a code. Throws `ApiError`: `not-found`, `locked` without `prove`, `too-many-tries`. */
	static async begin(text: string): Promise<Answer> {
		const code = readCode(text);
		const path = '/api/account/browsers';
		const found = await fetchJson(BrowserFound, { method: 'POST', path, body: { code } });
		// Made and sent only now that the commitment is here: who chose it could not know this.
		const nonce = newNonce();
		const answer = new Answer({ code, nonce, found });
		const body = { nonce: toBase64url(nonce) };
		await request({ method: 'POST', path: `${answer.#path}/meet`, body });
		return answer;
	}

	/**
	 * What the other browser has come to; from `shown` on with its name and the digits to compare. Throws
	 * `bad-signature` when it shows other keys than it committed to, `ApiError`: `gone`.
	 */
	async look(): Promise<
		{ state: 'met' | 'let-in' | 'entered' } | { state: 'shown'; name: string; digits: string }
	> {
		const seen = await fetchJson(BrowserSeen, { path: this.#path });
		if (seen.state !== 'shown') return seen;
		const { name, xwing, publicKey, nonce } = seen.asking;
		const asking = {
			name,
			xwing: fromBase64url(xwing),
			publicKey: fromBase64url(publicKey),
			nonce: fromBase64url(nonce),
		};
		if (!(await isCommitted(asking, this.#commitment))) throw new CryptoError('bad-signature');
		const { practice, member, identity } = account;
		const open = {
			practice: practice.id,
			member: member.id,
			identity: identity.publicIdentity.ed25519,
			nonce: this.#nonce,
		};
		this.#meeting = { request: this.#request, code: this.#code, asking, open };
		return { state: 'shown', name, digits: await meetingDigits(this.#meeting) };
	}

	/** Hands the account over; for whoever has compared the digits. Throws `ApiError`: `locked`, `gone`. */
	async letIn(): Promise<void> {
		const meeting = this.#meeting;
		if (!meeting) throw new CryptoError('no-key');
		const { signing: key } = account.identity;
		const pins = await pinsHere();
		let signed = {};
		const sealed = await account.wrapped(async (accountKey) => {
			const made = await letBrowserIn({ meeting, key, handed: { ...pins, accountKey } });
			({ signed } = made);
			return made.sealed;
		});
		const body = { sealed: toBase64url(sealed), signed };
		await request({ method: 'POST', path: `${this.#path}/let-in`, body });
	}

	/** The other browser learns that it was refused. Throws `ApiError`. */
	async refuse(): Promise<void> {
		await request({ method: 'DELETE', path: this.#path, keepalive: true });
	}

	get #path(): string {
		return `/api/account/browsers/${this.#request}`;
	}
}

type BrowserFoundHere = v.InferOutput<typeof BrowserFound>;

const Version = v.object({ version: v.number() });

/** What this browser would not take from a server any more. */
async function pinsHere(): Promise<Pins> {
	const device = await readDevice();
	if (!device) throw new ApiError('locked');
	const { serverKey, memberList } = device;
	const { version } = parseJson(Version, memberList.text);
	const hash = await sha256(utf8(memberList.text));
	return { practiceKey: account.practice.publicKey, serverKey, list: { version, hash } };
}
