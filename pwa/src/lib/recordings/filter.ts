import type { Brief } from '#protocol/briefs.ts';
import type { Shelved } from './shelf.ts';

/** What is known of a recording, and searched. */
export type Summary = Shelved['summary'];

/** A row and what was read of it on this device. */
export interface Entry {
	readonly row: Brief;
	/** `undefined` while it is being read. */
	readonly summary: Summary | undefined;
	/** Why it could not be opened. */
	readonly failure: unknown;
}

export type StateFilter = '' | 'finished' | 'recording' | 'interrupted' | 'asked';
export type KeptFilter = '' | 'month' | 'year' | 'later' | 'none' | 'hold';

/** What the list is narrowed to; empty = everything. */
export interface Filters {
	readonly search: string;
	readonly person: string;
	readonly purpose: string;
	readonly state: StateFilter;
	readonly kept: KeptFilter;
}

const dayMs = 86_400_000;
const monthMs = 30 * dayMs;
const yearMs = 365 * dayMs;

/** Whether a recording ended without anybody having finished it. */
export function isInterrupted({ state, recording }: Pick<Brief, 'state' | 'recording'>): boolean {
	return state === 'live' && !recording;
}

/** So that "jose" finds "José". */
export function fold(text: string): string {
	return text
		.normalize('NFD')
		.replaceAll(/\p{Diacritic}/gu, '')
		.toLocaleLowerCase();
}

const folded = new WeakMap<Summary, string>();

function textOf(summary: Summary): string {
	const known = folded.get(summary);
	if (known !== undefined) return known;
	const { title, purpose, people, notes } = summary;
	const text = fold([title, purpose, ...people.map(({ name }) => name), notes].join('\n'));
	folded.set(summary, text);
	return text;
}

const isState: Readonly<Record<StateFilter, (row: Brief) => boolean>> = {
	'': () => true,
	finished: ({ state }) => state === 'finished',
	recording: ({ recording }) => recording,
	interrupted: isInterrupted,
	asked: ({ deletionAsked }) => deletionAsked,
};

/** Until when it is kept: as the server will act on it, or where that knows nothing, as the recording says; null = no date. */
export function keptUntil({ row, summary }: Entry): number | null {
	return row.keeping ? row.keeping.endsAt : (summary?.keptUntil ?? null);
}

function isKept(entry: Entry, kept: KeptFilter, now: number): boolean {
	const held = entry.row.keeping?.hold ?? false;
	if (kept === '' || kept === 'hold') return kept === '' || held;
	const until = keptUntil(entry);
	if (until === null) return kept === 'none' && !held;
	const left = until - now;
	if (kept === 'month') return left <= monthMs;
	if (kept === 'year') return left <= yearMs;
	return kept === 'later' && left > yearMs;
}

/** The entries that are meant, in their order: every word of the search has to be found. What was not read yet is found by its state alone. */
export function filtered(
	entries: readonly Entry[],
	filters: Filters,
	now: number,
): readonly Entry[] {
	const { person, purpose, state, kept } = filters;
	const words = fold(filters.search).split(/\s+/).filter(Boolean);
	const plain = words.length === 0 && person === '' && purpose === '' && kept === '';
	if (plain && state === '') return entries;
	return entries.filter((entry) => {
		if (!isState[state](entry.row)) return false;
		const { summary } = entry;
		if (plain) return true;
		if (!summary) return false;
		if (person !== '' && !summary.people.some(({ name }) => name === person)) return false;
		if (purpose !== '' && summary.purpose !== purpose) return false;
		if (!isKept(entry, kept, now)) return false;
		if (words.length === 0) return true;
		const text = textOf(summary);
		return words.every((word) => text.includes(word));
	});
}

/** What a filter can be set to: every name or purpose there is, each once, in the order of the viewer's language. */
export function choices(entries: readonly Entry[]): { people: string[]; purposes: string[] } {
	const people = new Set<string>();
	const purposes = new Set<string>();
	for (const { summary } of entries) {
		if (!summary) continue;
		if (summary.purpose !== '') purposes.add(summary.purpose);
		for (const { name } of summary.people) if (name !== '') people.add(name);
	}
	const { compare } = new Intl.Collator();
	return { people: [...people].toSorted(compare), purposes: [...purposes].toSorted(compare) };
}
