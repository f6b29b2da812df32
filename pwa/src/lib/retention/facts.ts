import * as v from 'valibot';
import type { Purpose } from '#protocol/retention.ts';
import { Id } from '#protocol/text.ts';
import type { Facts } from './decide.ts';

const date = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/));
const state = v.pipe(v.string(), v.regex(/^[A-Z]{2}$/));

const Patient = v.union([v.picklist(['adult', 'unknown']), v.strictObject({ born: date })]);
const States = v.pipe(v.array(state), v.maxLength(60));

/** What the date in a notice was computed from: sealed with its session. */
export const PlannedFacts = v.strictObject({ patient: Patient, states: States });
export type PlannedFacts = v.InferOutput<typeof PlannedFacts>;

/** So many reasons stay; the oldest go first. */
export const reasonsMax = 50;

/** What a date was computed from: sealed beside the recording as annotation `retention`, the server never sees it. */
export const RetentionFacts = v.strictObject({
	v: v.literal(1),
	patient: Patient,
	/** Where the patient was, at each session. */
	states: States,
	lastVisit: date,
	/** The member who reviews, where it is kept for supervision. */
	reviewer: v.nullable(Id),
	/** Whether somebody chose the date herself. */
	own: v.boolean(),
	/** Why it was changed, by the version that it was changed to. */
	reasons: v.pipe(
		v.array(
			v.strictObject({
				version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
				author: Id,
				at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
				text: v.pipe(v.string(), v.maxLength(1000)),
			}),
		),
		v.maxLength(reasonsMax),
	),
});
export type RetentionFacts = v.InferOutput<typeof RetentionFacts>;

/** What is known before somebody says anything. */
export const noFacts = (recordedOn: string): RetentionFacts => ({
	v: 1,
	patient: 'unknown',
	states: [],
	lastVisit: recordedOn,
	reviewer: null,
	own: false,
	reasons: [],
});

/** What is sealed with a session, so that it can be said later by what the date in its notice was found. */
export function plannedFacts(
	keep: { readonly purpose: Purpose; readonly patient: Facts['patient'] } | undefined,
	states: readonly string[],
): PlannedFacts | undefined {
	if (keep?.purpose !== 'record') return undefined;
	const { patient } = keep;
	if (patient === 'unknown' && states.length === 0) return undefined;
	// What cannot be read again would keep the whole session from being opened.
	const read = v.safeParse(PlannedFacts, { patient, states });
	return read.success ? read.output : undefined;
}

/** What is known of a recording about which nothing was said since it was planned. */
export const factsOfPlan = (planned: PlannedFacts, recordedOn: string): RetentionFacts => ({
	...noFacts(recordedOn),
	...planned,
});
