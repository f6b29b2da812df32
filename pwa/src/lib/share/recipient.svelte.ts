import type { Bytes } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { isApiError } from '#lib/net/errors.ts';
import { m } from '#lib/paraglide/messages.js';
import type { ShareFace } from '#protocol/shares.ts';
import { type Shown, prepareToShow, showShare } from './show.ts';
import { type OpenedShare, ShareVisit, secretIn } from './visit.ts';
import type { Why } from './way.ts';

/**
 * `looking`: what there is; `proving`: code and key are asked for; `comparing`: the sharer has to approve this device;
 * `open`: it can be watched; `closed`: nothing opens, see `why`.
 */
export type Stage = 'looking' | 'proving' | 'comparing' | 'open' | 'closed';

const askAgainMs = 3_000;
/** So often a page that plays asks whether the share is still open. */
const stillOpenMs = 30_000;

/** Somebody without an account at `/s/[id]`, from the link to the end. */
export class Recipient {
	stage = $state<Stage>('looking');
	why = $state<Why>('gone');
	face = $state.raw<ShareFace>();
	/** What went wrong without an end to it: it can be tried again. */
	failure = $state.raw<unknown>();
	code = $state('');
	words = $state('');
	/** Until when the code that was sent is good, by this device's clock. */
	codeUntil = $state<number>();
	passed = $state(false);
	sending = $state(false);
	busy = $state(false);
	codeError = $state<string>();
	#refused = $state<{ readonly words: string; readonly why: string }>();
	/** What is wrong with the words, until others are typed. */
	readonly wordsError = $derived(
		this.#refused?.words === this.words ? this.#refused.why : undefined,
	);
	digits = $state('');
	opened = $state.raw<OpenedShare>();
	shown = $state.raw<Shown>();
	/** This browser has no service worker for us. */
	cannotPlay = $state(false);
	readonly #visit: ShareVisit;
	readonly #spoilt: boolean;
	readonly #end = new AbortController();
	#secret: Bytes | undefined;
	#stillOpen: ReturnType<typeof setInterval> | undefined;

	/** `name`: the last part of the address; `hash`: its fragment, which has to be out of the address by now. */
	constructor(name: string, hash: string) {
		const [share = '', ...rest] = name.split('#');
		this.#visit = new ShareVisit(share);
		this.#secret = secretIn(hash);
		// Something on the way made a part of the path of the fragment: others have read the key.
		this.#spoilt = rest.length > 0;
	}

	/** Finds out what there is to open. */
	async look(): Promise<void> {
		if (!globalThis.isSecureContext) return this.#close('old-browser');
		// While code and words are typed, the service worker takes this page over.
		void prepareToShow();
		this.failure = undefined;
		try {
			const face = await this.#visit.look(this.#end.signal);
			this.face = face;
			if (this.#spoilt) return this.#close('exposed');
			if (face.state !== 'open') return this.#close(face.state);
			if (face.way === 'link' && !this.#secret) return this.#close('no-secret');
			if (this.stage === 'looking') this.stage = 'proving';
		} catch (error) {
			if (this.#end.signal.aborted) return;
			if (isApiError(error, 'not-found', 'bad-request')) this.#close('gone');
			else if (this.stage === 'looking') this.failure = error;
		}
	}

	async sendCode(): Promise<void> {
		[this.sending, this.codeError, this.failure] = [true, undefined, undefined];
		try {
			this.codeUntil = Date.now() + (await this.#visit.sendCode());
			this.code = '';
		} catch (error) {
			await this.#codeFailed(error);
		}
		this.sending = false;
	}

	/** The time of the code is over. */
	codeOver(): void {
		this.codeUntil = undefined;
		this.codeError = m.share_code_over();
	}

	/** Proves the phone, then opens with what this share is opened with. */
	async open(): Promise<void> {
		if (this.busy || this.stage !== 'proving') return;
		[this.busy, this.codeError, this.failure] = [true, undefined, undefined];
		this.#refused = undefined;
		if (await this.#prove()) await this.#unlock();
		this.busy = false;
	}

	/** Drops the keys, here and in the service worker. */
	leave(): void {
		this.#end.abort();
		clearInterval(this.#stillOpen);
		this.#drop();
	}

	#drop(): void {
		this.shown?.close();
		this.shown = undefined;
		this.opened = undefined;
		this.#secret = undefined;
	}

	#close(why: Why): void {
		this.#drop();
		clearInterval(this.#stillOpen);
		[this.why, this.stage] = [why, 'closed'];
		// A key that opens nothing any more need not be kept.
		if (this.face?.way === 'device') void this.#visit.forget();
	}

	async #prove(): Promise<boolean> {
		if (this.passed) return true;
		const code = this.code.replaceAll(/\D/g, '');
		if (code.length !== 6) {
			this.codeError = m.share_code_missing();
			return false;
		}
		try {
			await this.#visit.checkCode(code);
			this.passed = true;
		} catch (error) {
			await this.#codeFailed(error);
		}
		return this.passed;
	}

	async #codeFailed(error: unknown): Promise<void> {
		const host = this.face?.sharer ?? '';
		if (isApiError(error, 'login-failed')) {
			const count = error.next ?? 0;
			this.codeError = count > 0 ? m.share_code_wrong({ count }) : m.share_code_burnt();
			if (count === 0) this.codeUntil = undefined;
		} else if (isApiError(error, 'too-many-tries')) {
			const { next } = error;
			// Without a time to wait there never is another code.
			this.codeError =
				next === undefined
					? m.share_codes_over({ host })
					: m.share_send_wait({ minutes: Math.max(1, Math.ceil(next / 60)), host });
		} else if (isApiError(error, 'not-ready')) {
			this.codeError = this.sending ? m.share_send_failed({ host }) : m.share_code_over();
			this.codeUntil = undefined;
		} else await this.#failed(error);
	}

	async #unlock(): Promise<void> {
		try {
			const way = this.face?.way;
			if (way === 'words') await this.#show(await this.#visit.openWithWords(this.words));
			else if (way === 'link' && this.#secret)
				await this.#show(await this.#visit.openWithLink(this.#secret));
			else if (way === 'device') await this.#ask();
		} catch (error) {
			const host = this.face?.sharer ?? '';
			if (error instanceof CryptoError && error.code === 'wrong-password')
				this.#refuse(m.share_words_missing());
			else if (isApiError(error, 'login-failed'))
				this.#refuse(m.share_words_bad({ host, count: error.next ?? 0 }));
			else if (isApiError(error, 'conflict')) this.#close('taken');
			else await this.#failed(error);
		}
	}

	/** Too long nothing was fetched, or the server was started anew. */
	#proveAgain(): void {
		this.shown?.close();
		this.shown = undefined;
		[this.passed, this.codeUntil, this.code, this.stage] = [false, undefined, '', 'proving'];
		this.codeError = m.share_code_again();
	}

	#refuse(why: string): void {
		this.#refused = { words: this.words, why };
	}

	async #ask(): Promise<void> {
		const { digits, approved } = await this.#visit.askWithDevice();
		if (approved) return this.#show(await this.#visit.openWithDevice());
		[this.digits, this.stage] = [digits, 'comparing'];
		setTimeout(() => void this.#wait(), askAgainMs);
	}

	/** Asks until the sharer has said something. */
	async #wait(): Promise<void> {
		if (this.#end.signal.aborted || this.stage !== 'comparing') return;
		try {
			const state = await this.#visit.deviceState(this.#end.signal);
			if (state === 'refused') return this.#close('refused');
			if (state === 'approved') return await this.#show(await this.#visit.openWithDevice());
		} catch (error) {
			if (this.#end.signal.aborted) return;
			if (!isApiError(error, 'offline')) {
				this.stage = 'proving';
				return this.#failed(error);
			}
		}
		setTimeout(() => void this.#wait(), askAgainMs);
	}

	async #failed(error: unknown): Promise<void> {
		if (isApiError(error, 'token')) {
			this.#proveAgain();
		} else if (isApiError(error, 'gone', 'not-found')) {
			await this.look();
			// The server says that it is over; what it says of it otherwise changes nothing.
			if (this.stage !== 'closed') this.#close('ended');
		} else this.failure = error;
	}

	async #show(opened: OpenedShare): Promise<void> {
		this.opened = opened;
		this.shown = await showShare({
			visit: this.#visit,
			opened,
			onGone: () => void this.look(),
			onStranger: () => this.#proveAgain(),
		});
		this.cannotPlay = this.shown === undefined;
		[this.words, this.code, this.stage] = ['', '', 'open'];
		clearInterval(this.#stillOpen);
		this.#stillOpen = setInterval(() => void this.look(), stillOpenMs);
	}
}
