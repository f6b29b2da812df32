import type { Entry } from './entries.ts';

/** Whose entries are meant: a member, somebody who was invited to one session, or a recording. */
export interface Subject {
	readonly kind: 'member' | 'person' | 'recording';
	/** Of a member, a recording, or a place: people of one name are not one person. */
	readonly id: string;
	/** Of a recording nothing, which is known by its people. */
	readonly name: string;
	/** The oldest entry that tells of a recording or a place. */
	readonly first?: Entry;
}

/** Everybody and every recording that these entries are about, each once. */
export function subjectsOf(
	entries: readonly Entry[],
	memberName: (id: string) => string | undefined,
): Subject[] {
	const members = new Map<string, Subject>();
	const recordings = new Map<string, Subject>();
	const people = new Map<string, Subject>();
	for (const entry of entries) {
		for (const id of [entry.who, entry.about]) {
			const name = id === null ? undefined : memberName(id);
			if (id !== null && name !== undefined) members.set(id, { kind: 'member', id, name });
		}
		const { recording } = entry;
		if (recording !== null)
			recordings.set(recording, { kind: 'recording', id: recording, name: '', first: entry });
		for (const { id, name } of entry.places)
			people.set(id, { kind: 'person', id, name, first: entry });
	}
	const named = [...people.values()].toSorted((a, b) => a.name.localeCompare(b.name));
	return [...named, ...members.values(), ...recordings.values()];
}

/** The entries that are about one of them. */
export function entriesAbout(entries: readonly Entry[], { kind, id }: Subject): Entry[] {
	if (kind === 'person') return ofPlace(entries, id);
	if (kind === 'recording') return entries.filter(({ recording }) => recording === id);
	return entries.filter((entry) => entry.who === id || entry.about === id);
}

/** What somebody did in a session and what was done to her, and what concerned the whole of it. */
const ofPlace = (entries: readonly Entry[], place: string): Entry[] =>
	entries.filter(({ places, who, about }) => {
		const others = places.flatMap(({ id }) => (id === place ? [] : [id]));
		const hers = others.length < places.length;
		return hers && !others.some((id) => id === who || id === about);
	});
