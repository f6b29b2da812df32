import * as v from 'valibot';

const years = v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100)));
const text = v.nullable(v.string());

/** How far a row can be believed: it takes the confidence of its weakest part. */
export const Confidence = v.picklist([
	'source read',
	'secondary',
	'memory, unverified',
	'unverified',
]);

/** One rule about how long records are kept: who it is for, how long, and where that was read. */
export const Row = v.object({
	/** "CA"; "US" for what holds everywhere. */
	jurisdiction: v.pipe(v.string(), v.length(2)),
	/** Whom it binds, in the words of its source. */
	provider: v.string(),
	/** Null where no period was found. */
	adultYears: years,
	/** From what its years count; the last visit is never earlier. */
	adultFrom: text,
	minor: v.nullable(
		v.object({
			untilAge: years,
			minYears: years,
			combine: v.picklist(['later', 'earlier', 'age_only', 'years_only', 'same_as_adult']),
		}),
	),
	/** It may not be kept longer. */
	maxYears: years,
	ageOfMajority: years,
	/** Nothing may be destroyed by itself on the word of this row. */
	blockAutoDestroy: v.boolean(),
	citation: text,
	note: text,
	source: v.array(v.object({ title: v.string(), url: v.string() })),
	confidence: Confidence,
	/** "2026-11-21": when it was looked up. */
	checked: v.string(),
});
export type Row = v.InferOutput<typeof Row>;

/** What somebody may be by her licence. */
export const professions = ['physician', 'psychologist', 'therapist'] as const;
/** What the practice may be; `none` = no facility with rules of its own. */
export const facilities = ['none', 'hospital', 'ambulatory', 'community'] as const;
export type Profession = (typeof professions)[number];
export type Facility = (typeof facilities)[number];
type Kind = Profession | Exclude<Facility, 'none'> | 'contract';

/** Whose records a rule is about. */
export interface Applies {
	/** Of the patient at each session, and of the clinician's licence and practice. */
	readonly states: readonly string[];
	readonly profession: Profession;
	readonly facility: Facility;
	/** A contract with a managed-care or Medicare Advantage payer. */
	readonly managedCare: boolean;
}

const clinicians: readonly Kind[] = professions;
const everybody: readonly Kind[] = [...clinicians, 'hospital', 'ambulatory', 'community'];

// The sources name providers in words of their own. `rules.test.ts` holds this list against the data.
const kinds: Readonly<Record<string, readonly Kind[]>> = {
	'hospital (Medicare condition of participation)': ['hospital'],
	'psychologist (APA guideline, not law)': ['psychologist'],
	'Medicare Advantage / managed-care contract': ['contract'],
	hospital: ['hospital'],
	physician: ['physician'],
	psychologist: ['psychologist'],
	'any health care provider': everybody,
	'homeopathic physician': [],
	'MFT, LCSW, LPCC, educational psychologist': ['therapist'],
	'hospital / licensed clinic': ['hospital', 'ambulatory'],
	'licensed professional counselor': ['therapist'],
	'marriage and family therapist': ['therapist'],
	'addiction counselor': ['therapist'],
	'mental health counselor, MFT, clinical social worker': ['therapist'],
	'any provider except hospital': [...clinicians, 'ambulatory', 'community'],
	'physician, psychologist': ['physician', 'psychologist'],
	'physician, psychologist, hospital and other listed providers': everybody,
	'healing arts licensee': clinicians,
	'hospital, licensed clinic': ['hospital', 'ambulatory'],
	'any licensee': clinicians,
	'health facility': ['hospital', 'ambulatory', 'community'],
	'ambulatory surgical facility': ['ambulatory'],
	'state-funded community mental health program': ['community'],
	'any provider of health care': everybody,
	'psychologist and other Title VIII professions': ['psychologist', 'therapist'],
	'health care facility (ambulatory)': ['ambulatory'],
	'physician, hospital': ['physician', 'hospital'],
};

/** Whom a row binds; undefined for words that are not known. */
export const kindsOf = ({ provider }: Row): readonly Kind[] | undefined => kinds[provider];

/** The rows that apply, and where there is none for somebody whom one should bind: nobody knows the rule there. */
export interface Selected {
	readonly rows: readonly Row[];
	/** State, or "US" for a state that is not known, and for whom. */
	readonly missing: readonly { readonly state: string; readonly kind: Profession | Facility }[];
}

/** Rows of {each state} x {profession, facility}, with what holds everywhere. */
export function selectRows(all: readonly Row[], applies: Applies): Selected {
	const { profession, facility, managedCare } = applies;
	const states = [...new Set(applies.states)];
	const wanted: (Profession | Exclude<Facility, 'none'>)[] = [profession];
	if (facility !== 'none') wanted.push(facility);
	const binds = (row: Row, kind: Kind) => kindsOf(row)?.includes(kind) ?? false;
	const rows = all.filter((row) =>
		row.jurisdiction === 'US'
			? wanted.some((kind) => binds(row, kind)) || (managedCare && binds(row, 'contract'))
			: states.includes(row.jurisdiction) && wanted.some((kind) => binds(row, kind)),
	);
	const missing = states.flatMap((state) =>
		wanted
			.filter((kind) => !rows.some((row) => row.jurisdiction === state && binds(row, kind)))
			.map((kind) => ({ state, kind })),
	);
	const [first = profession] = wanted;
	return { rows, missing: states.length === 0 ? [{ state: 'US', kind: first }] : missing };
}

let loading: Promise<readonly Row[]> | undefined;

/** The rules of the United States as this version of Sotto has them. */
export function loadRules(): Promise<readonly Row[]> {
	loading ??= import('./us.json').then(({ default: data }) => v.parse(v.array(Row), data));
	return loading;
}
