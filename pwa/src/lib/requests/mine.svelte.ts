import type { Identity } from '#crypto/identity/identity.ts';
import { isApiError } from '#lib/net/errors.ts';
import type { RequestKind } from '#protocol/requests.ts';
import type { Place } from '#protocol/sessions.ts';
import type { ReadRequest } from './answer.ts';
import { ask, lookUp, visitIdentity } from './own.ts';

/**
 * `stranger`: this browser has no keys of the visit; `none`: it has, and was not in it, or nothing was to be recorded.
 */
export type MineState = 'loading' | 'ready' | 'stranger' | 'none' | 'failed';

/** What a participant asked after her visit, and can ask. */
export class MyRequests {
	readonly place: Place;
	state = $state<MineState>('loading');
	requests = $state.raw<readonly ReadRequest[]>([]);
	failure = $state.raw<unknown>();
	#identity: Identity | undefined;

	constructor(place: Place) {
		this.place = place;
	}

	/** Kinds that are not asked at the moment. */
	get open(): readonly RequestKind[] {
		const open = this.requests.filter(({ state }) => state === 'open');
		const asked = new Set(open.map(({ kind }) => kind));
		return (['copy', 'stop', 'delete'] as const).filter((kind) => !asked.has(kind));
	}

	async load(): Promise<void> {
		if (this.place.notice === null) return void (this.state = 'none');
		[this.state, this.failure] = ['loading', undefined];
		try {
			this.#identity = await visitIdentity(this.place);
			if (!this.#identity) return void (this.state = 'stranger');
			this.requests = await lookUp(this.place.place, this.#identity);
			this.state = 'ready';
		} catch (error) {
			if (isApiError(error, 'not-found')) return void (this.state = 'none');
			[this.state, this.failure] = ['failed', error];
		}
	}

	/** Throws `ApiError`. */
	async ask(kind: RequestKind): Promise<void> {
		const { place } = this;
		const identity = this.#identity;
		if (!identity) return;
		this.requests = await ask({ place, identity, kind, at: Date.now() });
	}
}
