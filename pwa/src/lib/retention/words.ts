import { m } from '#lib/paraglide/messages.js';
import { getLocale } from '#lib/paraglide/runtime.js';
import { stateName } from '#lib/schedule/states.ts';
import type { Purpose } from '#protocol/retention.ts';
import type { Ask, RowSays } from './decide.ts';
import type { Row } from './rules.ts';

/** "10 March 2033" */
export const dayWords = (date: string): string =>
	new Intl.DateTimeFormat(getLocale(), { dateStyle: 'long', timeZone: 'UTC' }).format(
		Date.parse(`${date}T12:00Z`),
	);

/** "10 March 2033" on the clocks of `zone`; the moment is the last of the day. */
export const untilWords = (at: number, zone: string): string =>
	new Intl.DateTimeFormat(getLocale(), { dateStyle: 'long', timeZone: zone }).format(at);

/** "10 March 2033, 3:00 pm" */
export const momentWords = (at: number, zone: string): string =>
	new Intl.DateTimeFormat(getLocale(), {
		dateStyle: 'long',
		timeStyle: 'short',
		timeZone: zone,
	}).format(at);

export const purposeWords: Readonly<Record<Purpose, () => string>> = {
	record: m.purpose_record,
	supervision: m.purpose_supervision,
	quality: m.retention_for_quality,
	note: m.purpose_note,
	legal: m.retention_for_legal,
};

const whereOf = ({ jurisdiction }: Row): string =>
	jurisdiction === 'US' ? m.retention_everywhere() : stateName(jurisdiction);

/** "Texas, physician" */
export const rowWords = (row: Row): string =>
	m.retention_row({ where: whereOf(row), provider: row.provider });

const confidences: Readonly<Record<Row['confidence'], () => string>> = {
	'source read': m.retention_sure_read,
	secondary: m.retention_sure_secondary,
	'memory, unverified': m.retention_sure_not,
	unverified: m.retention_sure_not,
};

/** How well the rule is known, and when it was looked up. */
export const confidenceWords = ({ confidence, checked }: Row): string =>
	m.retention_checked({ how: confidences[confidence](), when: dayWords(checked) });

/** The period in words: "7 years from the last visit". */
export function periodWords({ row, minor }: RowSays): string {
	const { untilAge, minYears = null } = row.minor ?? { untilAge: null };
	if (minor && untilAge !== null)
		return minYears === null
			? m.retention_until_age({ age: untilAge })
			: m.retention_until_age_or({ age: untilAge, years: minYears });
	if (minor && row.minor === null) return m.retention_after_majority();
	const years = minor ? (minYears ?? row.adultYears) : row.adultYears;
	return years === null ? m.retention_no_period() : m.retention_years({ years });
}

/** What keeps it from being destroyed by itself, as a sentence. */
export function askWords(ask: Ask): string {
	switch (ask.why) {
		case 'age':
			return m.retention_ask_age();
		case 'missing':
			return ask.state === 'US'
				? m.retention_ask_where()
				: m.retention_ask_missing({ state: stateName(ask.state), kind: kindWords(ask.kind) });
		case 'row':
			return m.retention_ask_row({ row: rowWords(ask.row) });
		case 'ceiling':
			return m.retention_ask_ceiling({ row: rowWords(ask.row), date: dayWords(ask.ceiling) });
		default:
			return ask satisfies never;
	}
}

const kinds: Readonly<Record<string, () => string>> = {
	physician: m.retention_kind_physician,
	psychologist: m.retention_kind_psychologist,
	therapist: m.retention_kind_therapist,
	hospital: m.retention_kind_hospital,
	ambulatory: m.retention_kind_ambulatory,
	community: m.retention_kind_community,
	none: m.retention_kind_none,
};

/** "a psychologist" */
export const kindWords = (kind: string): string => kinds[kind]?.() ?? kind;
