import { isApiError } from '#lib/net/errors.ts';
import type { RequestKind } from '#protocol/requests.ts';
import type { ReadRequest } from './answer.ts';

/** How somebody asks: with the keys of her visit, or with her account. Everything throws `ApiError`. */
export interface Asking {
	/** Name of the practice. */
	readonly practice: string;
	/** What was asked; undefined where this browser has no keys of the visit. `not-found`: there is nothing to ask for. */
	look(): Promise<readonly ReadRequest[] | undefined>;
	/** `conflict` when the same is asked already. */
	ask(kind: RequestKind): Promise<readonly ReadRequest[]>;
	/** `conflict` when it was answered meanwhile. */
	takeBack(id: string): Promise<readonly ReadRequest[]>;
}

/** `stranger`: this browser has no keys of the visit; `none`: nothing was to be recorded, or not of whoever has them. */
export type MineState = 'loading' | 'ready' | 'stranger' | 'none' | 'failed';

const kinds: readonly RequestKind[] = ['copy', 'stop', 'delete'];

/** What a participant asked after her visit, and can ask. */
export class MyRequests {
	state = $state<MineState>('loading');
	requests = $state.raw<readonly ReadRequest[]>([]);
	failure = $state.raw<unknown>();
	readonly #asking: Asking;

	constructor(asking: Asking) {
		this.#asking = asking;
	}

	/** Kinds that are not asked at the moment. */
	get open(): readonly RequestKind[] {
		const open = this.requests.filter(({ state }) => state === 'open');
		const asked = new Set(open.map(({ kind }) => kind));
		return kinds.filter((kind) => !asked.has(kind));
	}

	async load(): Promise<void> {
		[this.state, this.failure] = ['loading', undefined];
		try {
			const found = await this.#asking.look();
			this.requests = found ?? [];
			this.state = found ? 'ready' : 'stranger';
		} catch (error) {
			if (isApiError(error, 'not-found')) return void (this.state = 'none');
			[this.state, this.failure] = ['failed', error];
		}
	}

	/** Throws `ApiError`. */
	async ask(kind: RequestKind): Promise<void> {
		this.requests = await this.#asking.ask(kind);
	}

	/** Throws `ApiError`. */
	async takeBack(id: string): Promise<void> {
		this.requests = await this.#asking.takeBack(id);
	}
}
