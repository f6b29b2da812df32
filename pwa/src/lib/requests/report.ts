import type { Disclosure } from './disclosure.ts';
import { isCounted } from './told.ts';

/** Six years before the request (45 CFR 164.528(a)(1)); a leap day more rather than less. */
export const accountingMs = 6 * 366 * 24 * 60 * 60_000;

export interface ReportWish {
	/** Name of whom it is about; '' = everybody. */
	readonly person: string;
	/** Without what the law leaves out (45 CFR 164.528(a)(1)(i) to (ix)). */
	readonly countedOnly: boolean;
}

/** Everybody about whom something was given away, each once. */
export function peopleOf(all: readonly Disclosure[]): string[] {
	return [...new Set(all.flatMap(({ told }) => told?.people ?? []))].toSorted();
}

/** What a report has; what nobody can open is never left out, because nobody knows that it may be. */
export function reported(
	all: readonly Disclosure[],
	{ person, countedOnly }: ReportWish,
): Disclosure[] {
	return all.filter(({ told }) => {
		if (!told) return true;
		const about = person === '' || told.people.includes(person);
		return about && (!countedOnly || isCounted(told.basis));
	});
}
