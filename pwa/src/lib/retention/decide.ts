import { Temporal } from 'temporal-polyfill';
import type { Row, Selected } from './rules.ts';

/** A date without a time: "2026-03-10". */
export type DateText = string;

/** What the rules ask of a recording. */
export interface Facts {
	/** Who was recorded: the youngest patient; `adult` = of age where the recording was made, wherever that was. */
	readonly patient: { readonly born: DateText } | 'adult' | 'unknown';
	readonly recordedOn: DateText;
	/** Not before the recording. */
	readonly lastVisit: DateText;
}

/** What one row says. */
export interface RowSays {
	readonly row: Row;
	/** Kept through this day; null where the row names no period. */
	readonly keep: DateText | null;
	/** Whether the rule for minors decided. */
	readonly minor: boolean;
	/** The row forbids to keep it longer. */
	readonly ceiling: DateText | null;
}

/** Why nothing may be destroyed by itself, until somebody of the practice says how long it is kept. */
export type Ask =
	| { readonly why: 'age' }
	| { readonly why: 'missing'; readonly state: string; readonly kind: string }
	| { readonly why: 'row'; readonly row: Row }
	| { readonly why: 'ceiling'; readonly row: Row; readonly ceiling: DateText };

/** How long a recording is kept, and by what. */
export interface Decision {
	/** Through this day, in the practice's time zone; null when nothing names a period. */
	readonly keep: DateText | null;
	/** The next day. */
	readonly destroyFrom: DateText | null;
	/** The rows, the latest date first. */
	readonly says: readonly RowSays[];
	/** The row whose date it is; undefined when it is the practice's own. */
	readonly by: RowSays | undefined;
	/** Empty: it may be destroyed from that day on. */
	readonly ask: readonly Ask[];
}

const defaultMajority = 18;
/** APA Record Keeping Guidelines (2007): where a row has no rule for minors. */
const floorAfterMajority = 3;

/** The same day so many years later; 29 February becomes 1 March where there is none: never earlier. */
export function addYears(date: DateText, years: number): DateText {
	const day = Temporal.PlainDate.from(date);
	const later = day.add({ years });
	return (later.day === day.day ? later : later.add({ days: 1 })).toString();
}

const nextDay = (date: DateText): DateText =>
	Temporal.PlainDate.from(date).add({ days: 1 }).toString();

/** The later of two dates, of which either may be none. */
const later = (a: DateText | null, b: DateText | null): DateText | null =>
	a === null ? b : b === null || a > b ? a : b;

function minorUnder(row: Row, { patient, recordedOn }: Facts): DateText | undefined {
	if (typeof patient === 'string') return undefined;
	const majority = addYears(patient.born, row.ageOfMajority ?? defaultMajority);
	return recordedOn < majority ? majority : undefined;
}

function keepOf(row: Row, facts: Facts): DateText | null {
	const { patient, lastVisit } = facts;
	const adult = row.adultYears === null ? null : addYears(lastVisit, row.adultYears);
	const majority = minorUnder(row, facts);
	if (majority === undefined || typeof patient === 'string') return adult;
	if (row.minor === null) {
		// Nothing to add to where the row names no period at all.
		return adult === null ? null : later(adult, addYears(majority, floorAfterMajority));
	}
	const { untilAge, minYears } = row.minor;
	const of = row.ageOfMajority ?? defaultMajority;
	// In two steps, so that somebody born on 29 February is kept to the later day. "Whichever is first" is not followed.
	const age =
		untilAge === null
			? null
			: untilAge > of
				? addYears(majority, untilAge - of)
				: addYears(patient.born, untilAge);
	const since = minYears === null ? null : addYears(lastVisit, minYears);
	return later(later(age, since), adult);
}

function saysOf(row: Row, facts: Facts): RowSays {
	const ceiling = row.maxYears === null ? null : addYears(facts.lastVisit, row.maxYears);
	return { row, keep: keepOf(row, facts), minor: minorUnder(row, facts) !== undefined, ceiling };
}

/**
 * How long a recording that is part of the medical record is kept: the latest day of all rows that apply and of the
 * practice's own `years` from the last visit. Throws RangeError for dates that are none, and for a last visit before
 * the recording or a birth after it.
 */
export function decide(
	{ rows, missing }: Selected,
	facts: Facts,
	own: { readonly years: number | null } = { years: null },
): Decision {
	const { patient, recordedOn, lastVisit } = facts;
	const days = [recordedOn, lastVisit, ...(typeof patient === 'string' ? [] : [patient.born])];
	for (const day of days)
		if (Temporal.PlainDate.from(day).toString() !== day) throw new RangeError('no such date');
	if (lastVisit < recordedOn) throw new RangeError('the last visit is not before the recording');
	if (typeof patient !== 'string' && patient.born > recordedOn)
		throw new RangeError('nobody is recorded before birth');
	const says = rows
		.map((row) => saysOf(row, facts))
		.toSorted((a, b) => (b.keep ?? '').localeCompare(a.keep ?? ''));
	const byLaw = says[0]?.keep ?? null;
	const byPractice = own.years === null ? null : addYears(lastVisit, own.years);
	const keep = later(byLaw, byPractice);
	const ask: Ask[] = [
		...(patient === 'unknown' ? [{ why: 'age' } as const] : []),
		...missing.map(({ state, kind }) => ({ why: 'missing' as const, state, kind })),
		...rows.filter((row) => row.blockAutoDestroy).map((row) => ({ why: 'row' as const, row })),
		...says.flatMap(({ row, ceiling }) =>
			ceiling !== null && keep !== null && ceiling < keep
				? [{ why: 'ceiling' as const, row, ceiling }]
				: [],
		),
	];
	return {
		keep,
		destroyFrom: keep && nextDay(keep),
		says,
		by: keep !== null && keep === byLaw ? says[0] : undefined,
		ask,
	};
}

/** The last millisecond of a day on the clocks of `zone`: at the next one it may be destroyed. Throws RangeError. */
export const endOfDay = (date: DateText, zone: string): number =>
	Temporal.PlainDate.from(date).add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds - 1;
