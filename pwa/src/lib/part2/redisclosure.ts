import type { Notice } from '#crypto/consent/consent.ts';
import data from './redisclosure.json' with { type: 'json' };

/**
 * What goes with every disclosure of such a record (42 CFR 2.32(a)(1), as of 2024), word for word and in English
 * whatever the language of the screen: a translation would be another statement.
 */
export const redisclosureText: string = data.full.text;

/** The short one (42 CFR 2.32(a)(2)), for where there is room for a line only. */
export const redisclosureLine: string = data.short.text;

/** The statement for what was recorded under this notice; undefined where 42 CFR Part 2 does not hold. */
export function redisclosureFor(notice: Pick<Notice, 'part2'> | undefined): string | undefined {
	return notice?.part2 && redisclosureText;
}
