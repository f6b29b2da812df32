import type { HostSession } from './session.ts';

const list = new Intl.ListFormat(undefined, { type: 'conjunction' });

/** "Ines Becker and Tom Becker" */
export const nameOf = ({ places }: HostSession): string =>
	list.format(places.map(({ name }) => name));

/** Two letters for the round picture beside a name. */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/);
	const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
	return letters.map((word) => word?.[0]?.toUpperCase() ?? '').join('');
}
