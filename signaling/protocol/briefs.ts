import * as v from 'valibot';
import { Annotation } from './annotations.ts';
import { RecordingList, RecordingRow } from './recordings.ts';
import { Count, Id, Time } from './text.ts';

/** Rows of one page of briefs. */
export const briefsMax = 1000;
/** Rows that are asked for whole in one request. */
export const wholeRowsMax = 50;

/**
 * What a list shows of a recording without opening it; what it is called is in its `summary`, which a device that has
 * read this version of it knows already.
 */
export const Brief = v.strictObject({
	...v.omit(RecordingRow, ['recorderKey', 'grants', 'deletionRequests', 'summary']).entries,
	/** Version of its summary; 0 = there is none. */
	summary: Count,
	/** The same of its notes; 0 for whoever has to say why before she reads them. */
	notes: Count,
	deletionAsked: v.boolean(),
	/** When it is destroyed by itself, and whether a legal hold forbids it; null where nothing is said of it. */
	keeping: v.nullable(v.strictObject({ endsAt: v.nullable(Time), hold: v.boolean() })),
});
export type Brief = v.InferOutput<typeof Brief>;

/** Where the next page begins: behind this recording. */
export const BriefCursor = v.pipe(v.string(), v.regex(/^\d{1,16}\.[A-Za-z0-9_-]{22}$/));

/**
 * GET /api/recordings/briefs?from=&to=&after= (whoever opens recordings): those that she may open or hosted, the
 * newest first; `next` is what `after` has to be for the next page, null = there is none.
 */
export const BriefPage = v.strictObject({
	briefs: v.array(Brief),
	next: v.nullable(BriefCursor),
});
export type BriefPage = v.InferOutput<typeof BriefPage>;

/** POST /api/recordings/rows → WholeRows, in no order; those that are not hers or not there are left out. */
export const WantedRows = v.strictObject({
	ids: v.pipe(v.array(Id), v.minLength(1), v.maxLength(wholeRowsMax)),
});
export const WholeRows = v.strictObject({
	...RecordingList.entries,
	/** The notes beside them, for a search; none for whoever has to say why before she reads them. */
	notes: v.array(v.strictObject({ recording: Id, ...Annotation.entries })),
});
export type WholeRows = v.InferOutput<typeof WholeRows>;
