import { sql } from 'kysely';
import { ServerError } from '../errors.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

/** Turns that share one commit at most. */
const batchMax = 256;

/** One turn under way: its rows, what it changed in memory, and what is to be said after it. */
export class Change {
	readonly db: StoreTransaction;
	readonly #committed: (() => void)[] = [];
	readonly #undo: (() => void)[] = [];

	constructor(db: StoreTransaction) {
		this.db = db;
	}

	/** Changes memory at once, so that the next turn sees it; `apply` gives back how to undo it. */
	mutate(apply: () => () => void): void {
		this.#undo.push(apply());
	}

	/** Runs when everything is on disk: the only place where others may hear of it. */
	onCommit(effect: () => void): void {
		this.#committed.push(effect);
	}

	committed(): void {
		for (const effect of this.#committed) effect();
	}

	/** Takes memory back to where it was, and says nothing to anybody. */
	aborted(): void {
		for (const undo of this.#undo.splice(0).toReversed()) undo();
		this.#committed.length = 0;
	}
}

export interface Turn {
	/** May run a second time, when the commit that it shared failed. */
	work(change: Change): Promise<void>;
	/** Tells the one who asked; must not throw. */
	failed(error: unknown): void;
	/** Throws nothing after its first write, so it needs no savepoint. */
	simple: boolean;
}

/**
 * The one queue of everything that happens in rooms: first come, first served, one after another, so
 * nothing interleaves. Turns that wait side by side share one commit, and with it one flush of the disk.
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
				simple: false,
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
		return this.#waiting.splice(0, batchMax);
	}

	async #commit(turns: readonly Turn[]): Promise<void> {
		const changes: Change[] = [];
		const refused: (() => void)[] = [];
		try {
			await this.#store.transaction().execute(async (db) => {
				for (const turn of turns) {
					const change = new Change(db);
					changes.push(change);
					try {
						await this.#work(turn, change, turns.length > 1 && !turn.simple);
					} catch (error) {
						if (!(error instanceof ServerError) || turns.length === 1) throw error;
						change.aborted();
						refused.push(() => turn.failed(error));
					}
				}
			});
		} catch (error) {
			for (const change of changes.toReversed()) change.aborted();
			const [only] = turns;
			if (turns.length === 1) only?.failed(error);
			// Somebody's write failed: each gets a commit of its own, so that only hers fails again.
			else for (const turn of turns) await this.#commit([turn]);
			return;
		}
		for (const change of changes) change.committed();
		for (const tell of refused) tell();
	}

	/** Runs one turn; with a savepoint its rows go when it throws, and only its. */
	async #work(turn: Turn, change: Change, savepoint: boolean): Promise<void> {
		if (!savepoint) return turn.work(change);
		await sql`savepoint turn`.execute(change.db);
		try {
			await turn.work(change);
		} catch (error) {
			if (error instanceof ServerError) await sql`rollback to savepoint turn`.execute(change.db);
			throw error;
		}
		await sql`release savepoint turn`.execute(change.db);
	}
}
