import type { Brief } from '#protocol/briefs.ts';
import { type Entry, type Filters, choices, filtered } from './filter.ts';
import { type Read, isCurrent, readAll } from './reader.ts';
import { type Shelf, readShelf, writeShelf } from './shelf.ts';
import { type Span, keepRows, keptRows } from './shown.ts';
import { fetchBriefs, fetchTombstones } from './store.ts';

export { isInterrupted, type Entry } from './filter.ts';

/** Rows that are drawn at once; more when somebody gets to their end. */
const drawnAtOnce = 100;
/** What was read is kept so often, in recordings: the whole of it is sealed each time. */
const keptEvery = 500;

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
	#span: Span | undefined;
	#busy = false;

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

	/**
	 * Reads the list, and what is new or has changed. Whatever an earlier call still did is given up. The same days again
	 * are read behind what is shown: it changes where they did.
	 */
	async load(from: number, to: number): Promise<void> {
		this.#end.abort();
		const end = new AbortController();
		this.#end = end;
		const again = this.rows.length > 0 && this.#span?.from === from && this.#span.to === to;
		this.#span = { from, to };
		this.#busy = true;
		if (!again) {
			this.loading = true;
			this.opening = true;
			this.failure = undefined;
		}
		let failure: unknown;
		try {
			await this.#load({ from, to }, { signal: end.signal, again });
		} catch (error) {
			failure = error;
		}
		if (end.signal.aborted) return;
		this.failure = failure;
		this.loading = false;
		this.opening = false;
		this.#busy = false;
	}

	/** The same now and then: nothing while something is read already. */
	async refresh(from: number, to: number): Promise<void> {
		if (!this.#busy) await this.load(from, to);
	}

	/** Nobody looks at it any more. */
	close(): void {
		this.#end.abort();
	}

	/** Shows a list that was read before as it was then; false where there is none. */
	#recall(span: Span): boolean {
		const kept = keptRows(span);
		if (!kept || kept.length === 0) return false;
		this.rows = kept;
		this.loading = false;
		this.opening = false;
		return true;
	}

	async #load(
		span: Span,
		{ signal, again: shown }: { signal: AbortSignal; again: boolean },
	): Promise<void> {
		if (this.#shelf.size === 0) this.#shelf = await readShelf();
		if (signal.aborted) return;
		const again = shown || this.#recall(span);
		const rows: Brief[] = [];
		for (let after: string | null = null, first = true; first || after !== null; first = false) {
			const page = await fetchBriefs({ ...span, after });
			if (signal.aborted) return;
			rows.push(...page.briefs);
			// The first page is shown at once; a list that was there is replaced whole.
			if ((first && !again) || page.next === null) this.rows = [...rows];
			after = page.next;
		}
		keepRows(span, rows);
		this.loading = false;
		await this.#forget(await fetchTombstones());
		const unread = rows.filter((row) => !isCurrent(this.#shelf.get(row.id), row));
		let unkept = 0;
		const onRead = async (read: ReadonlyMap<string, Read>): Promise<void> => {
			this.#add(read, signal);
			unkept += read.size;
			if (unkept < keptEvery) return;
			unkept = 0;
			await writeShelf(this.#shelf);
		};
		try {
			await readAll(unread, { known: this.#shelf, signal, onRead });
		} finally {
			// Also where it was given up: the next time begins with it.
			if (unkept > 0) await writeShelf(this.#shelf);
		}
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

	#add(read: ReadonlyMap<string, Read>, { aborted }: AbortSignal): void {
		const shelf = new Map(this.#shelf);
		const failures = new Map(this.#failures);
		for (const [id, one] of read) {
			failures.delete(id);
			if ('shelved' in one) shelf.set(id, one.shelved);
			// What was given up did not fail.
			else if (!aborted) failures.set(id, one.failure);
		}
		this.#shelf = shelf;
		this.#failures = failures;
	}
}
