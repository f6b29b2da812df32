import type { Brief } from '#protocol/briefs.ts';
import { type Entry, type Filters, choices, filtered } from './filter.ts';
import { type Read, isCurrent, readAll } from './reader.ts';
import { type Shelf, readShelf, writeShelf } from './shelf.ts';
import { fetchBriefs, fetchTombstones } from './store.ts';

export { isInterrupted, type Entry } from './filter.ts';

/** Rows that are drawn at once; more when somebody gets to their end. */
const drawnAtOnce = 100;

/** The list of recordings: rows come from the server, what they are called is read and searched here. */
export class Recordings {
	rows = $state.raw<readonly Brief[]>([]);
	filters = $state<Filters>({ search: '', person: '', purpose: '', state: '', kept: '' });
	loading = $state(true);
	/** Whether what the rows are called is still being read. */
	opening = $state(true);
	failure = $state.raw<unknown>();
	#shelf = $state.raw<Shelf>(new Map());
	#failures = $state.raw<ReadonlyMap<string, unknown>>(new Map());
	#drawn = $state(drawnAtOnce);
	#end = new AbortController();

	/** Every row, with what is known of it. */
	readonly all = $derived<readonly Entry[]>(
		this.rows.map((row) => ({
			row,
			summary: this.#shelf.get(row.id)?.summary,
			failure: this.#failures.get(row.id),
		})),
	);
	readonly found = $derived(filtered(this.all, this.filters, Date.now()));
	/** Those of `found` that are drawn. */
	readonly entries = $derived(this.found.slice(0, this.#drawn));
	readonly choices = $derived(choices(this.all));

	/** Draws more of what was found. */
	more(): void {
		this.#drawn += drawnAtOnce;
	}

	/** Narrows the list; it is drawn from its start again. */
	narrow(filters: Partial<Filters>): void {
		this.filters = { ...this.filters, ...filters };
		this.#drawn = drawnAtOnce;
	}

	/** Reads the list again, and what is new or has changed. Whatever an earlier call still did is given up. */
	async load(from: number, to: number): Promise<void> {
		this.#end.abort();
		const end = new AbortController();
		this.#end = end;
		this.loading = true;
		this.opening = true;
		this.failure = undefined;
		try {
			await this.#load({ from, to }, end.signal);
		} catch (error) {
			if (!end.signal.aborted) this.failure = error;
		}
		if (end.signal.aborted) return;
		this.loading = false;
		this.opening = false;
	}

	/** Nobody looks at it any more. */
	close(): void {
		this.#end.abort();
	}

	async #load(span: { from: number; to: number }, signal: AbortSignal): Promise<void> {
		if (this.#shelf.size === 0) this.#shelf = await readShelf();
		const rows: Brief[] = [];
		for (let after: string | null = null, first = true; first || after !== null; first = false) {
			const page = await fetchBriefs({ ...span, after });
			if (signal.aborted) return;
			rows.push(...page.briefs);
			// The first page is shown at once; a list that was there is replaced whole.
			if (first || page.next === null) this.rows = [...rows];
			after = page.next;
		}
		this.loading = false;
		await this.#forget(await fetchTombstones());
		const unread = rows.filter((row) => !isCurrent(this.#shelf.get(row.id), row));
		const onRead = async (read: ReadonlyMap<string, Read>): Promise<void> => this.#add(read);
		await readAll(unread, { known: this.#shelf, signal, onRead });
		if (unread.length > 0 && !signal.aborted) await writeShelf(this.#shelf);
	}

	/** What was deleted anywhere is forgotten here. */
	async #forget(deleted: readonly string[]): Promise<void> {
		const gone = deleted.filter((id) => this.#shelf.has(id));
		if (gone.length === 0) return;
		const shelf = new Map(this.#shelf);
		for (const id of gone) shelf.delete(id);
		this.#shelf = shelf;
		await writeShelf(shelf);
	}

	#add(read: ReadonlyMap<string, Read>): void {
		const shelf = new Map(this.#shelf);
		const failures = new Map(this.#failures);
		for (const [id, one] of read) {
			failures.delete(id);
			if ('shelved' in one) shelf.set(id, one.shelved);
			else failures.set(id, one.failure);
		}
		this.#shelf = shelf;
		this.#failures = failures;
	}
}
