import { SvelteMap } from 'svelte/reactivity';
import type { RecordingRow } from '#protocol/recordings.ts';
import type { Manifest } from '#lib/record/manifest.ts';
import { fetchRecording, fetchRecordings, openRecording } from './store.ts';

/** How many rows are opened at once. */
const openAtOnce = 4;

/** A row and what was opened of it on this device. */
export interface Entry {
	readonly row: RecordingRow;
	/** `undefined` while it is being opened. */
	readonly manifest: Manifest | undefined;
	/** Why it could not be opened. */
	readonly failure: unknown;
}

/** Whether a recording ended without anybody having finished it. */
export function isInterrupted({ state, recording }: RecordingRow): boolean {
	return state === 'live' && !recording;
}

/** The list of recordings: rows come from the server, names are opened and searched here. */
export class Recordings {
	rows = $state.raw<readonly RecordingRow[]>([]);
	search = $state('');
	loading = $state(true);
	failure = $state.raw<unknown>();
	readonly #manifests = new SvelteMap<string, Manifest>();
	readonly #failures = new SvelteMap<string, unknown>();
	#round = 0;

	readonly entries = $derived(
		this.rows
			.map((row) => ({
				row,
				manifest: this.#manifests.get(row.id),
				failure: this.#failures.get(row.id),
			}))
			.filter((entry) => this.#matches(entry)),
	);

	/** Whether rows are still being opened. */
	readonly opening = $derived(
		this.rows.some(({ id }) => !this.#manifests.has(id) && !this.#failures.has(id)),
	);

	/** Reads the list again and opens what is new or has changed. */
	async load(from: number, to: number): Promise<void> {
		const round = ++this.#round;
		this.loading = true;
		this.failure = undefined;
		try {
			const rows = await fetchRecordings(from, to);
			if (round !== this.#round) return;
			this.rows = rows.filter(({ state }) => state !== 'deleted');
		} catch (error) {
			if (round === this.#round) this.failure = error;
		}
		this.loading = false;
		const waiting = this.rows.filter(({ id, state }) => {
			const known = this.#manifests.get(id);
			return !known || (known.verdict === 'live' && state === 'finished');
		});
		const open = async (): Promise<void> => {
			for (let row = waiting.shift(); row; row = waiting.shift()) {
				if (round !== this.#round) return;
				await this.#open(row.id);
			}
		};
		await Promise.all(Array.from({ length: openAtOnce }, open));
	}

	async #open(id: string): Promise<void> {
		try {
			const { manifest } = await openRecording(await fetchRecording(id));
			this.#manifests.set(id, manifest);
			this.#failures.delete(id);
		} catch (error) {
			this.#failures.set(id, error);
		}
	}

	#matches({ manifest }: Entry): boolean {
		const wanted = fold(this.search.trim());
		if (wanted === '') return true;
		if (!manifest) return false;
		const names = manifest.people.map(({ name }) => name);
		return fold([manifest.title, manifest.purpose, ...names].join(' ')).includes(wanted);
	}
}

/** So that "jose" finds "José". */
function fold(text: string): string {
	return text
		.normalize('NFD')
		.replaceAll(/\p{Diacritic}/gu, '')
		.toLocaleLowerCase();
}
