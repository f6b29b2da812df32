import { isApiError } from '#lib/net/errors.ts';
import { cancelSession } from './change.ts';
import { invitations } from './invitations.svelte.ts';
import { type Prepared, sendSession } from './make.ts';

/**
 * Sessions on their way to the server, one after another. Whatever fails or is stopped halfway, the same
 * ones are sent again or called off: nothing is made twice.
 */
export class Making {
	/** `halted`: some may have been made, and the rest not. */
	state = $state<'idle' | 'making' | 'halted' | 'undoing'>('idle');
	/** How many the server has for certain. */
	made = $state(0);
	failure = $state.raw<unknown>();
	#prepared = $state.raw<readonly Prepared[]>([]);
	#stopped = false;

	/** How many there shall be. */
	get count(): number {
		return this.#prepared.length;
	}

	/** The first of them that was made. */
	get first(): string | undefined {
		return this.made > 0 ? this.#prepared[0]?.id : undefined;
	}

	/** Makes them; gives whether all are there. Never throws: see `failure`. */
	async start(prepare: () => Promise<readonly Prepared[]>): Promise<boolean> {
		this.state = 'making';
		this.failure = undefined;
		this.#prepared = [];
		this.made = 0;
		try {
			this.#prepared = await prepare();
		} catch (error) {
			this.failure = error;
			this.state = 'idle';
			return false;
		}
		return this.resume();
	}

	/** Goes on where it halted. */
	async resume(): Promise<boolean> {
		this.state = 'making';
		this.failure = undefined;
		this.#stopped = false;
		try {
			for (const one of this.#prepared.slice(this.made)) {
				if (this.#stopped) return this.#halt();
				await sendSession(one);
				this.made++;
			}
			await invitations.sendNew(this.#prepared);
			return true;
		} catch (error) {
			this.failure = error;
			return this.#halt();
		}
	}

	/** After the one that is being made nothing more is. */
	stop(): void {
		this.#stopped = true;
	}

	/** Leaves it at what was made: who is invited to that hears of it. Never throws. */
	async keep(): Promise<void> {
		await invitations.sendNew(this.#prepared.slice(0, this.made));
	}

	/** Calls off what was made. Never throws: see `failure`. */
	async undo(): Promise<void> {
		this.state = 'undoing';
		this.failure = undefined;
		try {
			// The one after the last may have arrived without an answer.
			for (const { id } of this.#prepared.slice(0, this.made + 1)) await cancelIfMade(id);
			this.made = 0;
			this.#prepared = [];
			this.state = 'idle';
		} catch (error) {
			this.failure = error;
			this.state = 'halted';
		}
	}

	#halt(): false {
		// A refusal says that nothing was stored: there is nothing to go on with.
		const refused = isApiError(this.failure) && !isApiError(this.failure, ...unknown);
		this.state = this.made === 0 && refused ? 'idle' : 'halted';
		return false;
	}
}

/** After these nobody knows whether the server stored it. */
const unknown = ['offline', 'bad-answer', 'internal'] as const;

async function cancelIfMade(id: string): Promise<void> {
	try {
		await cancelSession(id);
	} catch (error) {
		if (!isApiError(error, 'not-found')) throw error;
	}
}
