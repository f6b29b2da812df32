import { ServerError } from '../errors.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

/** Writes that share one commit at most. */
const batchMax = 256;

/** One transaction under way, and what is to happen after it. */
export class Change {
	readonly db: StoreTransaction;
	readonly #committed: (() => void)[] = [];
	readonly #aborted: (() => void)[] = [];

	constructor(db: StoreTransaction) {
		this.db = db;
	}

	/** Runs when everything is on disk: the only place where others may hear of it. */
	onCommit(effect: () => void): void {
		this.#committed.push(effect);
	}

	/** Takes back what was counted in memory, when the commit failed. */
	onAbort(undo: () => void): void {
		this.#aborted.push(undo);
	}

	committed(): void {
		for (const effect of this.#committed) effect();
	}

	aborted(): void {
		for (const undo of this.#aborted.toReversed()) undo();
	}
}

export interface Turn {
	/** Checks everything before it writes: a ServerError leaves no trace in the transaction of others. */
	work(change: Change): Promise<void>;
	/** Tells the one who asked; must not throw. */
	failed(error: unknown): void;
	/** Small writes that may share a commit with others. */
	small: boolean;
}

/**
 * The one queue of everything that happens in rooms: first come, first served, one after another, so
 * nothing interleaves. Small writes that wait side by side share one commit, and with it one flush of
 * the disk.
 */
export class Turns {
	readonly #store: Store;
	#waiting: Turn[] = [];
	#running = false;
	#idle: (() => void)[] = [];

	constructor(store: Store) {
		this.#store = store;
	}

	add(turn: Turn): void {
		this.#waiting.push(turn);
		if (this.#running) return;
		this.#running = true;
		// After this round of the event loop, so that what arrived in it is taken together.
		setImmediate(() => void this.#run());
	}

	/** Runs a turn and waits for it. Throws what it throws. */
	run<Result>(work: (change: Change) => Promise<Result>): Promise<Result> {
		return new Promise((resolve, reject) => {
			this.add({
				small: false,
				failed: reject,
				async work(change) {
					const result = await work(change);
					change.onCommit(() => resolve(result));
				},
			});
		});
	}

	/** Resolves when nothing waits. */
	idle(): Promise<void> {
		if (!this.#running) return Promise.resolve();
		return new Promise((resolve) => this.#idle.push(resolve));
	}

	async #run(): Promise<void> {
		for (let turns = this.#next(); turns.length > 0; turns = this.#next())
			await this.#commit(turns);
		this.#running = false;
		for (const resolve of this.#idle.splice(0)) resolve();
	}

	#next(): Turn[] {
		const first = this.#waiting.findIndex(({ small }) => !small);
		const small = first === -1 ? this.#waiting.length : first;
		return this.#waiting.splice(0, Math.min(Math.max(small, 1), batchMax));
	}

	async #commit(turns: readonly Turn[]): Promise<void> {
		const failures: (() => void)[] = [];
		let change: Change | undefined;
		try {
			await this.#store.transaction().execute(async (db) => {
				change = new Change(db);
				for (const turn of turns) {
					if (turns.length === 1) await turn.work(change);
					else await this.#shared(turn, change, failures);
				}
			});
		} catch (error) {
			change?.aborted();
			const [only] = turns;
			if (turns.length === 1) only?.failed(error);
			// Somebody's write failed: each gets a commit of its own, so that only hers fails again.
			else for (const turn of turns) await this.#commit([turn]);
			return;
		}
		change?.committed();
		for (const fail of failures) fail();
	}

	async #shared(turn: Turn, change: Change, failures: (() => void)[]): Promise<void> {
		try {
			await turn.work(change);
		} catch (error) {
			if (!(error instanceof ServerError)) throw error;
			failures.push(() => turn.failed(error));
		}
	}
}
