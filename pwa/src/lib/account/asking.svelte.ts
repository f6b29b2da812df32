import { isApiError } from '#lib/net/errors.ts';
import { account } from './account.svelte.ts';
import { Ask } from './ask.ts';

/** How often the server is asked how far the other browser is. */
const lookMs = 1000;

/** This browser while it asks another one to let it in. */
export class Asking {
	/** `refused`: in either browser; `over`: too much time passed; `failed`: see `failure`. */
	stage = $state<'making' | 'waiting' | 'comparing' | 'entering' | 'refused' | 'over' | 'failed'>(
		'making',
	);
	code = $state('');
	digits = $state('');
	/** Somebody said here that the digits are the same. */
	same = $state(false);
	offline = $state(false);
	failure = $state.raw<unknown>();
	#ask: Ask | undefined;
	/** Who was stopped while the server was asked is not gone on with. */
	#turn = 0;

	/** Asks, and follows it to its end. Never throws: see `failure`. */
	async begin(): Promise<void> {
		void this.#forget();
		const turn = this.#turn;
		this.stage = 'making';
		this.code = this.digits = '';
		this.same = this.offline = false;
		this.failure = undefined;
		try {
			const ask = await Ask.begin();
			if (turn !== this.#turn) return await ask.cancel();
			this.#ask = ask;
			this.code = ask.code;
			this.stage = 'waiting';
			await this.#follow(ask);
		} catch (error) {
			if (turn !== this.#turn) return;
			this.#ask = undefined;
			this.failure = error;
			this.stage = isApiError(error, 'gone') ? 'over' : 'failed';
		}
	}

	/** The digits differ, here. */
	async differ(): Promise<void> {
		this.stage = 'refused';
		await this.#forget();
	}

	/** Nobody looks at it any more. */
	stop(): void {
		void this.#forget();
	}

	async #follow(ask: Ask): Promise<void> {
		const until = performance.now() + ask.expiresInMs;
		while (this.#ask === ask) {
			const state = await this.#look(ask);
			if (this.#ask !== ask) return;
			if (state === 'refused') {
				this.#ask = undefined;
				this.stage = 'refused';
				return;
			}
			if (state === 'let-in' && this.same) return this.#enter(ask);
			if (performance.now() > until) {
				this.#ask = undefined;
				this.stage = 'over';
				return;
			}
			await new Promise((resolve) => setTimeout(resolve, lookMs));
		}
	}

	async #look(ask: Ask): Promise<string | undefined> {
		try {
			const { state, digits } = await ask.look();
			this.offline = false;
			if (digits !== undefined && this.#ask === ask) {
				this.digits = digits;
				this.stage = 'comparing';
			}
			return state;
		} catch (error) {
			if (!isApiError(error, 'offline')) throw error;
			this.offline = true;
			return undefined;
		}
	}

	async #enter(ask: Ask): Promise<void> {
		this.stage = 'entering';
		this.#ask = undefined;
		await account.signInFrom(await ask.enter());
	}

	async #forget(): Promise<void> {
		const ask = this.#ask;
		this.#turn += 1;
		this.#ask = undefined;
		try {
			await ask?.cancel();
		} catch (error) {
			// It runs out by itself.
			if (!isApiError(error)) throw error;
		}
	}
}
