import { CryptoError } from '#crypto/errors.ts';
import { m } from '#lib/paraglide/messages.js';
import { getLocale } from '#lib/paraglide/runtime.js';
import { clockText, lengthText } from '#lib/play/time.ts';
import type { Person } from '#lib/record/manifest.ts';
import type { RecordingRow } from '#protocol/recordings.ts';
import type { Ending } from './outline.ts';

const conjunction = new Intl.ListFormat(getLocale(), { type: 'conjunction' });

/** "Ines Becker and Tom Becker" */
export function listed(names: readonly string[]): string {
	return conjunction.format(names);
}

/** Those who came; the host alone when nobody else was recorded; of a captured tab its title. */
export function namesIn({ people }: { people: readonly Pick<Person, 'name' | 'role'>[] }): string {
	const guests = people.filter(({ role }) => role === 'participant');
	return listed((guests.length > 0 ? guests : people).map(({ name }) => name));
}

/** Two letters for the round picture beside a name; titles such as "Dr." are none. */
export function initials(name: string): string {
	const words = name.split(/\s+/).filter((word) => word !== '' && !word.endsWith('.'));
	const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
	return letters.map((word) => word?.[0]?.toUpperCase() ?? '').join('');
}

/** How a recording ended, when it did not end well. */
export function endingWords(ending: Ending): { title: string; text: string } | undefined {
	if (ending.is === 'complete') return undefined;
	if (ending.is === 'altered') return { title: m.watch_altered(), text: m.watch_altered_text() };
	const title = m.watch_ends_early({ at: clockText(ending.atMs) });
	return {
		title,
		text: m.watch_missing({ length: lengthText(ending.missingMs, getLocale()) }),
	};
}

/** Who holds a grant, as far as the server tells. */
export function openersOf(
	recipients: RecordingRow['recipients'],
	known: { memberId: string; practiceId: string },
): { self: boolean; practice: boolean; others: readonly string[] } {
	const ids = new Set(recipients);
	const self = ids.delete(known.memberId);
	const practice = ids.delete(known.practiceId);
	return { self, practice, others: [...ids] };
}

/** Whether this is the device's own lack of a key, and not a fault of the recording. */
export function isNotForMe(error: unknown): boolean {
	return error instanceof CryptoError && error.code === 'not-a-recipient';
}
