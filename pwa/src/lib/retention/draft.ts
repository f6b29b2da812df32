import { states } from '#lib/schedule/states.ts';
import type { Purpose } from '#protocol/retention.ts';
import type { RetentionFacts } from './facts.ts';

/** What the form holds: text, empty where there is none. */
export interface Draft {
	purpose: Purpose;
	patient: '' | 'adult' | 'minor';
	born: string;
	states: string;
	lastVisit: string;
	/** A member's id. */
	reviewer: string;
	/** By the rule, on a day that is chosen, or never. */
	when: 'rule' | 'own' | 'never';
	day: string;
	reason: string;
	/** The answer to the warning that it ends sooner. */
	shorter: boolean;
}

const known = new Set(states.map(({ code }) => code));

/** "CA, TX" as a list, or undefined when something else stands there. */
export function parseStates(text: string): string[] | undefined {
	const codes = text
		.toUpperCase()
		.split(/[\s,;]+/)
		.filter((code) => code !== '');
	return codes.every((code) => known.has(code)) ? [...new Set(codes)] : undefined;
}

/** The fields of what is known. */
export function draftOf(
	facts: RetentionFacts,
	options: { purpose: Purpose; end: string; signed: boolean },
): Draft {
	const { patient } = facts;
	return {
		purpose: options.purpose,
		patient: patient === 'adult' ? 'adult' : patient === 'unknown' ? '' : 'minor',
		born: typeof patient === 'string' ? '' : patient.born,
		states: facts.states.join(', '),
		lastVisit: facts.lastVisit,
		reviewer: facts.reviewer ?? '',
		when: facts.own ? (options.end === '' ? 'never' : 'own') : 'rule',
		day: options.end,
		reason: '',
		shorter: false,
	};
}

/** What the fields say; undefined where they cannot be understood. */
export function factsOf(draft: Draft, before: RetentionFacts): RetentionFacts | undefined {
	const where = parseStates(draft.states);
	if (!where || draft.lastVisit === '') return undefined;
	const patient = draft.patient === 'minor' && draft.born !== '' ? { born: draft.born } : 'unknown';
	return {
		...before,
		patient: draft.patient === 'adult' ? 'adult' : patient,
		states: where,
		lastVisit: draft.lastVisit,
		reviewer: draft.purpose === 'supervision' && draft.reviewer !== '' ? draft.reviewer : null,
		own: draft.when !== 'rule',
	};
}
