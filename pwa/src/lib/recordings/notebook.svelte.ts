import type { Note } from './beside.ts';
import { type Change, type Page, type Shelf, Clash, newest, undone, write } from './notes.ts';

/** Changes that can be taken back. */
const undoMax = 100;
const nothing: Page = { version: 0, author: undefined, at: undefined, items: [] };

/** The notes and chapters of one recording on a screen: what is written is kept at once. */
export class Notebook {
	#page = $state.raw<Page>(nothing);
	/** `closed`: they could not be opened; nothing can be written then. */
	state = $state<'opening' | 'open' | 'closed'>('opening');
	saving = $state(false);
	failure = $state.raw<unknown>();
	/** They are older than those that this device has read before. */
	older = $state(false);
	/** Somebody else changed the same note; one of the two has to be chosen. */
	clash = $state.raw<Clash>();
	#done = $state.raw<readonly Change[]>([]);
	readonly #shelf: Shelf;
	readonly #seen: () => Promise<number>;
	#turn: Promise<unknown> = Promise.resolve();

	/** `seen` = the highest version that this device has read, on any page. */
	constructor(shelf: Shelf, seen: () => Promise<number>) {
		this.#shelf = shelf;
		this.#seen = seen;
	}

	get items(): readonly Note[] {
		return this.#page.items;
	}

	/** Who wrote them last, and when; undefined before anybody did, and for what was written here just now. */
	get last(): { author: string; at: number } | undefined {
		const { author, at } = this.#page;
		return author === undefined || at === undefined ? undefined : { author, at };
	}

	get canUndo(): boolean {
		return this.#done.length > 0;
	}

	/** Opens them; `failure` says why not. */
	async load(): Promise<void> {
		this.failure = undefined;
		try {
			this.#page = await newest(this.#shelf, this.#page.version);
			this.older = this.#page.version < (await this.#seen());
			this.state = 'open';
		} catch (error) {
			this.failure = error;
			this.state = 'closed';
		}
	}

	/** Whether the change was kept; `clash` or `failure` say why not. One at a time. */
	change(change: Change): Promise<boolean> {
		return this.#next(change, [...this.#done, change].slice(-undoMax));
	}

	/** Takes back the last change that was made here. */
	async undo(): Promise<boolean> {
		const last = this.#done.at(-1);
		return last !== undefined && this.#next(undone(last), this.#done.slice(0, -1));
	}

	/** Ends a clash: her own words over the others', or not. */
	async choose(mine: boolean): Promise<boolean> {
		const { clash } = this;
		this.clash = undefined;
		if (!clash) return false;
		await this.load();
		const { id, after } = clash.mine;
		const here = this.items.find((note) => note.id === id);
		return mine && this.state === 'open' && this.change({ id, before: here, after });
	}

	#next(change: Change, done: readonly Change[]): Promise<boolean> {
		const next = this.#turn.then(() => this.#write(change, done));
		this.#turn = next;
		return next;
	}

	async #write(change: Change, done: readonly Change[]): Promise<boolean> {
		this.saving = true;
		this.failure = undefined;
		try {
			this.#page = await write(this.#shelf, this.#page, change);
			this.#done = done;
			return true;
		} catch (error) {
			if (error instanceof Clash) this.clash = error;
			else this.failure = error;
			return false;
		} finally {
			this.saving = false;
		}
	}
}
