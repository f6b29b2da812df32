import { CryptoError } from '#crypto/errors.ts';
import { isApiError } from '#lib/net/errors.ts';
import { Answer } from './answer.ts';

/** How often the server is asked how far the other browser is. */
const lookMs = 1000;

/** This open browser while it lets another one in. */
export class Answering {
	/**
	 * `code`: it is to be entered; `waiting`: it is let in, and somebody has to say so there too; `over`: the other one
	 * is gone; `handed`: it is gone too, or was refused, after the keys were handed over; `swapped`: its keys are not those that it asked with; `failed`: see `failure`.
	 */
	stage = $state<
		| 'code'
		| 'finding'
		| 'meeting'
		| 'comparing'
		| 'sealing'
		| 'waiting'
		| 'done'
		| 'refused'
		| 'over'
		| 'handed'
		| 'swapped'
		| 'failed'
	>('code');
	/** Nobody waits with the code that was entered. */
	unknown = $state(false);
	name = $state('');
	digits = $state('');
	offline = $state(false);
	failure = $state.raw<unknown>();
	#answer: Answer | undefined;
	/** The keys were sent, as far as is known: whoever stands between has them, whatever the other browser does then. */
	#handed = false;
	/** Who was stopped while the server was asked is not gone on with. */
	#turn = 0;

	/** Takes a code, and follows it to its end. Never throws: see `failure`. */
	async enter(code: string): Promise<void> {
		this.stage = 'finding';
		this.unknown = false;
		this.#turn += 1;
		const turn = this.#turn;
		try {
			const answer = await Answer.begin(code);
			if (turn !== this.#turn) return await answer.refuse();
			this.#answer = answer;
			this.stage = 'meeting';
			await this.#follow(answer);
		} catch (error) {
			if (turn === this.#turn) await this.#fail(error);
		}
	}

	/** Somebody has compared the digits: they are the same. */
	async letIn(): Promise<void> {
		const answer = this.#answer;
		if (!answer || this.stage !== 'comparing') return;
		this.stage = 'sealing';
		this.#handed = true;
		try {
			await answer.letIn();
			if (this.#answer === answer) this.stage = 'waiting';
		} catch (error) {
			// Only a refusal says that they are not there.
			if (this.#answer === answer) this.#handed = isApiError(error, 'offline', 'bad-answer');
			if (this.#answer === answer) await this.#fail(error);
		}
	}

	/** Somebody has compared the digits: they differ, or she will not go on. */
	async differ(): Promise<void> {
		const handed = this.#handed;
		const stopped = this.stop();
		this.stage = handed ? 'handed' : 'refused';
		await stopped;
	}

	/** Not any more; the next one begins with its code. Nothing is sent where this one is at its end. */
	async stop(): Promise<void> {
		const answer = this.#answer;
		this.#turn += 1;
		this.#answer = undefined;
		this.#handed = false;
		this.stage = 'code';
		this.name = this.digits = '';
		this.unknown = this.offline = false;
		this.failure = undefined;
		try {
			await answer?.refuse();
		} catch (error) {
			// It runs out by itself.
			if (!isApiError(error)) throw error;
		}
	}

	async #follow(answer: Answer): Promise<void> {
		const until = performance.now() + answer.expiresInMs;
		while (this.#answer === answer) {
			const entered = await this.#look(answer);
			if (this.#answer !== answer) return;
			if (entered || performance.now() > until) {
				this.#answer = undefined;
				this.stage = entered ? 'done' : this.#handed ? 'handed' : 'over';
				return;
			}
			await new Promise((resolve) => setTimeout(resolve, lookMs));
		}
	}

	async #look(answer: Answer): Promise<boolean> {
		try {
			const seen = await answer.look();
			this.offline = false;
			if (seen.state === 'shown' && this.#answer === answer && this.stage === 'meeting')
				({ name: this.name, digits: this.digits } = seen);
			if (this.digits && this.stage === 'meeting') this.stage = 'comparing';
			return seen.state === 'entered';
		} catch (error) {
			if (!isApiError(error, 'offline')) throw error;
			this.offline = true;
			return false;
		}
	}

	async #fail(error: unknown): Promise<void> {
		const found = this.#answer !== undefined;
		const handed = this.#handed;
		const stopped = this.stop();
		this.unknown = !found && isApiError(error, 'not-found', 'bad-request');
		this.stage = this.unknown ? 'code' : handed ? 'handed' : stageOf(error);
		this.failure = error;
		await stopped;
	}
}

function stageOf(error: unknown): 'over' | 'swapped' | 'failed' {
	if (isApiError(error, 'gone')) return 'over';
	return error instanceof CryptoError && error.code === 'bad-signature' ? 'swapped' : 'failed';
}
