import { isApiError } from '#lib/net/errors.ts';
import type { Opened } from '#lib/recordings/store.ts';
import {
	type MadeShare,
	type ShareWish,
	type ShownShare,
	approveDevice,
	createShare,
	endShare,
	fetchShares,
	givenWith,
	metAs,
	refuseDevice,
} from './sharer.ts';

/** So often a page asks what became of the shares, and whether a device asks for a key. */
const lookAgainMs = 5_000;

/** The shares of one recording, as whoever may share it sees them. */
export class Shares {
	list = $state.raw<readonly ShownShare[]>();
	/** Whether the server sends text messages; undefined before it was asked. */
	texts = $state<boolean>();
	failure = $state.raw<unknown>();
	readonly #opened: () => Opened;

	constructor(opened: () => Opened) {
		this.#opened = opened;
	}

	/** Loads them, and again every few seconds while the page is seen; the result stops it. */
	watch(): () => void {
		void this.load();
		const timer = setInterval(() => {
			const busy = this.list?.some(({ state }) => state === 'open');
			if (document.visibilityState === 'visible' && busy) void this.load();
		}, lookAgainMs);
		return () => clearInterval(timer);
	}

	async load(): Promise<void> {
		try {
			({ shares: this.list, texts: this.texts } = await fetchShares(this.#opened()));
			this.failure = undefined;
		} catch (error) {
			// What was loaded stays on the screen while there is no connection.
			if (!this.list || !isApiError(error, 'offline')) this.failure = error;
		}
	}

	/** Throws as `createShare`. */
	async create(wish: ShareWish): Promise<MadeShare> {
		const made = await createShare(this.#opened(), wish);
		await this.load();
		return made;
	}

	/** Throws `ApiError`. */
	async end(id: string): Promise<void> {
		await endShare(id);
		await this.load();
	}

	/** Who used the browser that asks in the session itself; see `metAs`. */
	met(share: ShownShare): Promise<string | undefined> {
		return metAs(this.#opened(), share);
	}

	/** Whose keys a device gets that is approved; see `givenWith`. */
	given(share: ShownShare): Promise<readonly string[]> {
		return givenWith(this.#opened(), share);
	}

	/** `compared`: the digits were the same. Throws as `approveDevice`. */
	async approve(share: ShownShare, compared = true): Promise<void> {
		await approveDevice(this.#opened(), share, { compared });
		await this.load();
	}

	/** The digits were not the same. Throws `ApiError`. */
	async refuse(id: string): Promise<void> {
		await refuseDevice(id);
		await this.load();
	}
}
