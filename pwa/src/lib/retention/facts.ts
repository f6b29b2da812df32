import * as v from 'valibot';
import { Id } from '#protocol/text.ts';

const date = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/));
const state = v.pipe(v.string(), v.regex(/^[A-Z]{2}$/));

/** So many reasons stay; the oldest go first. */
export const reasonsMax = 50;

/** What a date was computed from: sealed beside the recording as annotation `retention`, the server never sees it. */
export const RetentionFacts = v.strictObject({
	v: v.literal(1),
	patient: v.union([v.picklist(['adult', 'unknown']), v.strictObject({ born: date })]),
	/** Where the patient was, at each session. */
	states: v.pipe(v.array(state), v.maxLength(60)),
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
