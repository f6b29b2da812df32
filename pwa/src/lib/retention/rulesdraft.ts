import type { RetentionRules } from '#protocol/retention.ts';
import { parseStates } from './draft.ts';

/** What the form of the practice's rules holds, as it is typed. */
export interface RulesDraft {
	states: string;
	profession: RetentionRules['record']['profession'];
	facility: RetentionRules['record']['facility'];
	managedCare: boolean;
	years: string;
	supervision: string;
	quality: string;
	note: string;
}

/** What a practice that has none is offered. */
const first: RulesDraft = {
	states: '',
	profession: 'psychologist',
	facility: 'none',
	managedCare: false,
	years: '',
	supervision: '30',
	quality: '90',
	note: '60',
};

const text = (count: number | null): string => (count === null ? '' : String(count));

export function rulesDraft(rules: RetentionRules | undefined): RulesDraft {
	if (!rules) return { ...first };
	const { record, supervision, quality, note } = rules;
	const { states, profession, facility, managedCare, years } = record;
	return {
		states: states.join(', '),
		profession,
		facility,
		managedCare,
		years: text(years),
		supervision: text(supervision.days),
		quality: text(quality.days),
		note: text(note.minutes),
	};
}

const most = { years: 100, supervision: 36_525, quality: 36_525, note: 43_200 } as const;
export type Counted = keyof typeof most;

/** A whole number from 1 to what is allowed; null = nothing is typed, undefined = something else. */
export function countOf(draft: RulesDraft, field: Counted): number | null | undefined {
	const typed = draft[field].trim();
	if (typed === '') return null;
	const count = /^[1-9]\d{0,5}$/.test(typed) ? Number(typed) : undefined;
	return count !== undefined && count <= most[field] ? count : undefined;
}

/** What the fields say; undefined where one cannot be understood. */
export function rulesOf(draft: RulesDraft): RetentionRules | undefined {
	const states = parseStates(draft.states);
	const years = countOf(draft, 'years');
	const supervision = countOf(draft, 'supervision');
	const quality = countOf(draft, 'quality');
	const note = countOf(draft, 'note');
	if (!states || years === undefined || supervision === undefined) return undefined;
	if (quality === undefined || note === undefined || note === null) return undefined;
	const { profession, facility, managedCare } = draft;
	return {
		record: { states, profession, facility, managedCare, years },
		supervision: { days: supervision },
		quality: { days: quality },
		note: { minutes: note },
	};
}
