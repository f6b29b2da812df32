import { loginFinish, loginStart } from '#crypto/account/opaque.ts';
import { type Bytes, fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { encodePublicIdentity, generateParticipantIdentity } from '#crypto/identity/identity.ts';
import { type ShareContent, openContent } from '#crypto/share/content.ts';
import { openFromDevice, shareDigits, signDevice } from '#crypto/share/device.ts';
import { normaliseWords } from '#crypto/share/words.ts';
import { importTrackKey } from '#crypto/track/key.ts';
import { type Request, fetchJson } from '#lib/net/api.ts';
import { ApiError, isApiError } from '#lib/net/errors.ts';
import { address } from '#lib/net/origin.ts';
import type { MediaOffer } from '#lib/play/holder.ts';
import {
	ShareCodeSent,
	ShareContent as SharedContent,
	ShareDeviceKept,
	ShareDeviceState,
	ShareFace,
	ShareToken,
	WordsStarted,
} from '#protocol/shares.ts';
import { type DeviceShelf, browserShelf } from './shelf.ts';

/** One person of a share that was opened; no key in it can leave WebCrypto. */
export interface SharedPerson {
	/** Within this page. */
	readonly id: string;
	readonly name: string;
	readonly startMs: number;
	readonly durationMs: number;
	/** What the player's `MediaHolder` offers; undefined when nothing of this person was kept. */
	readonly media: { readonly track: string; readonly offer: MediaOffer } | undefined;
}

/** What a recipient opened. */
export interface OpenedShare extends Pick<
	ShareContent,
	'title' | 'practice' | 'startedAt' | 'durationMs' | 'gaps' | 'checked' | 'ending' | 'part2'
> {
	readonly recording: string;
	readonly expiresAt: number;
	readonly people: readonly SharedPerson[];
}

/** What a recipient's browser asked for with its own key. */
export interface AskedDevice {
	/** 30 digits to be compared by voice with those on the sharer's screen. */
	readonly digits: string;
	/** Whether it can be opened at once, because this browser was approved before. */
	readonly approved: boolean;
}

/** The secret in the fragment of a full link; undefined when there is none or it is not whole. */
export function secretIn(hash: string): Bytes | undefined {
	const text = hash.replace(/^#/, '');
	return /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text) ? fromBase64url(text) : undefined;
}

/**
 * One recipient at one share, from the link to the keys. Nothing is sent before a method is called; only `look` may be
 * called as often as one likes. Every method throws `ApiError`: `gone` once the share is over, `not-found` when there is
 * none, `token` when too long nothing was asked and a code is needed again, `offline`.
 */
export class ShareVisit {
	readonly share: string;
	readonly #shelf: () => DeviceShelf;
	#token: string | undefined;
	/** The sharer's key as the digits have it. */
	#sharerKey: Bytes | undefined;

	constructor(share: string, shelf: () => DeviceShelf = browserShelf) {
		this.share = share;
		this.#shelf = shelf;
	}

	/** Whether the code from the text message was right. */
	get proven(): boolean {
		return this.#token !== undefined;
	}

	/** What there is to open, before anything is proven. */
	look(signal?: AbortSignal): Promise<ShareFace> {
		return fetchJson(ShareFace, { path: this.#path(''), open: true, signal });
	}

	/**
	 * Sends a code to the phone; gives how long it is valid, in milliseconds. Throws `too-many-tries` with `next` seconds to wait,
	 * `not-ready` when the message could not be handed in.
	 */
	async sendCode(): Promise<number> {
		const path = this.#path('/code');
		const wish = { method: 'POST', path, open: true, body: {} } as const;
		return (await fetchJson(ShareCodeSent, wish)).validMs;
	}

	/**
	 * Checks the six digits. Throws `login-failed` with `next` = tries left when they are wrong, `not-ready` when a new
	 * code is needed.
	 */
	async checkCode(code: string): Promise<void> {
		const path = this.#path('/check');
		const wish = { method: 'POST', path, open: true, body: { code } } as const;
		this.#token = (await fetchJson(ShareToken, wish)).token;
	}

	/**
	 * Opens with the five words, however they are typed; a second or more (Argon2id). Throws CryptoError
	 * `wrong-password` when they are no five words of the list, without a try; `login-failed` with `next` = tries left;
	 * `gone` when none is left.
	 */
	async openWithWords(typed: string): Promise<OpenedShare> {
		const password = await normaliseWords(typed);
		const { startLoginRequest, state } = await loginStart(password);
		const started = await this.#ask(WordsStarted, '/words', { startLoginRequest });
		const finish = `/words/${started.try}`;
		let login;
		try {
			login = await loginFinish({ password, state, loginResponse: started.loginResponse });
		} catch (error) {
			if (!(error instanceof CryptoError) || error.code !== 'wrong-password') throw error;
			await this.#ask(SharedContent, finish, { finishLoginRequest: null });
			throw error;
		}
		const { finishLoginRequest } = login;
		const { content, ...place } = await this.#ask(SharedContent, finish, { finishLoginRequest });
		const secret = fromBase64url(login.exportKey);
		const sealed = fromBase64url(content);
		const way = 'words';
		const opened = await openContent({ share: this.share, ...place, way, secret, sealed });
		return this.#play(place, opened);
	}

	/** Opens with the secret of a full link (`secretIn`). Throws CryptoError `open-failed` for another one. */
	async openWithLink(secret: Bytes): Promise<OpenedShare> {
		const { content, ...place } = await this.#ask(SharedContent, '/open', {});
		const sealed = fromBase64url(content);
		const way = 'link';
		const opened = await openContent({ share: this.share, ...place, way, secret, sealed });
		return this.#play(place, opened);
	}

	/**
	 * Takes this browser's key, the one from before or the one of its calls with the sharer, or makes one, and asks for
	 * the share with it. Throws `conflict` when another browser was approved.
	 */
	async askWithDevice(): Promise<AskedDevice> {
		const shelf = this.#shelf();
		const { share } = this;
		const { sharerIdentity } = await this.look();
		const identity =
			(await shelf.read(share)) ??
			(await shelf.met(sharerIdentity)) ??
			(await generateParticipantIdentity());
		await shelf.keep(share, identity);
		const signature = await signDevice({ share, identity });
		const kept = await this.#ask(
			ShareDeviceKept,
			'/key',
			{
				identity: encodePublicIdentity(identity.publicIdentity),
				signature: toBase64url(signature),
			},
			'PUT',
		);
		const sharerKey = fromBase64url(kept.sharer.key);
		this.#sharerKey = sharerKey;
		const device = identity.publicIdentity;
		return { digits: await shareDigits({ share, sharerKey, device }), approved: kept.approved };
	}

	/** What the sharer said of this browser; to be asked every few seconds while the page waits. */
	async deviceState(signal?: AbortSignal): Promise<'waiting' | 'approved' | 'refused'> {
		const path = this.#path('/key');
		const { state } = await fetchJson(ShareDeviceState, { path, signal, ...this.#credential() });
		return state;
	}

	/**
	 * Opens with this browser's key after it was approved. Throws `not-ready` before that, CryptoError `bad-signature`
	 * when it is not by the sharer whose digits were shown, `no-key` when `askWithDevice` was not called.
	 */
	async openWithDevice(): Promise<OpenedShare> {
		const identity = await this.#shelf().read(this.share);
		const sharerKey = this.#sharerKey;
		if (!identity || !sharerKey) throw new CryptoError('no-key');
		const { content, ...place } = await this.#ask(SharedContent, '/open', {});
		const sealed = fromBase64url(content);
		const opened = await openFromDevice({
			share: this.share,
			...place,
			identity,
			sharerKey,
			sealed,
		});
		return this.#play(place, opened);
	}

	/** Drops the token and this browser's key for the share. */
	async forget(): Promise<void> {
		this.#token = undefined;
		await this.#shelf().forget(this.share);
	}

	/** For `MediaHolder`. Rejects with `token` when no code was right yet. */
	async token(): Promise<string> {
		if (this.#token === undefined) throw new ApiError('token');
		return this.#token;
	}

	async #play(
		{ recording, expiresAt }: { recording: string; expiresAt: number },
		content: ShareContent,
	): Promise<OpenedShare> {
		const people = content.people.map(async (person, at) => {
			const { name, startMs, durationMs, media } = person;
			return {
				id: String(at),
				name,
				startMs,
				durationMs,
				media: media ? await this.#offer(media) : undefined,
			};
		});
		const { title, practice, startedAt, durationMs, gaps, checked, ending, part2 } = content;
		const told = { title, practice, startedAt, durationMs, gaps, checked, ending, part2 };
		return { ...told, recording, expiresAt, people: await Promise.all(people) };
	}

	async #offer(media: NonNullable<ShareContent['people'][number]['media']>) {
		const { track, part, bytes: partBytes } = media;
		const key = await importTrackKey(media.key);
		media.key.fill(0);
		const url = address(this.#path(`/objects/${track}/${part}`));
		return { track, offer: { key, url, part, partBytes } };
	}

	#path(rest: string): string {
		return `/api/shares/${this.share}${rest}`;
	}

	#credential(): Pick<Request, 'open' | 'headers'> {
		if (this.#token === undefined) throw new ApiError('token');
		return { open: true, headers: { authorization: `Bearer ${this.#token}` } };
	}

	async #ask<S extends Parameters<typeof fetchJson>[0]>(
		schema: S,
		path: string,
		body: unknown,
		method: 'POST' | 'PUT' = 'POST',
	) {
		try {
			const wish = { method, path: this.#path(path), body, ...this.#credential() };
			return await fetchJson<S>(schema, wish);
		} catch (error) {
			// Another code proves the phone again.
			if (isApiError(error, 'token')) this.#token = undefined;
			throw error;
		}
	}
}
