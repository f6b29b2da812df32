import { type Entry, about, peopleIn } from './entries.ts';

/** Whose entries are meant: a member, somebody who was invited, or a recording. */
export interface Subject {
	readonly kind: 'member' | 'person' | 'recording';
	/** Id of a member or recording, a person's name. */
	readonly id: string;
	/** Of a recording the first entry that tells of it; else the name. */
	readonly label: string | Entry;
}

/** Everybody and every recording that these entries are about, each once. */
export function subjectsOf(
	entries: readonly Entry[],
	memberName: (id: string) => string | undefined,
): Subject[] {
	const members = new Map<string, Subject>();
	const recordings = new Map<string, Subject>();
	for (const entry of entries) {
		for (const id of [entry.who, entry.about]) {
			const label = id === null ? undefined : memberName(id);
			if (id !== null && label !== undefined) members.set(id, { kind: 'member', id, label });
		}
		const { recording } = entry;
		if (recording !== null)
			recordings.set(recording, { kind: 'recording', id: recording, label: entry });
	}
	const people = peopleIn(entries).map((id): Subject => ({ kind: 'person', id, label: id }));
	return [...people, ...members.values(), ...recordings.values()];
}

/** The entries that are about one of them. */
export function entriesAbout(entries: readonly Entry[], { kind, id }: Subject): Entry[] {
	if (kind === 'person') return about(entries, id);
	if (kind === 'recording') return entries.filter(({ recording }) => recording === id);
	return entries.filter((entry) => entry.who === id || entry.about === id);
}
