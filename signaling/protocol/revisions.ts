import * as v from 'valibot';
import { Annotation, AnnotationKind, SealedAnnotation } from './annotations.ts';
import { limits } from './limits.ts';
import { Grant, NewTrack, recipientsMax } from './recordings.ts';
import { Count, Id, Signed, Time } from './text.ts';

/**
 * A finished recording is rewritten beside itself: new parts of its tracks go up under numbers from `base` on, and one
 * request puts them in the place of the old ones. Until then everything stays as it was, and whoever opens it sees
 * nothing of it. `relock`: the same content under new keys. `destroy`: without the tracks of somebody.
 */
export const RevisionKind = v.picklist(['relock', 'destroy']);
export type RevisionKind = v.InferOutput<typeof RevisionKind>;

/**
 * POST /api/recordings/:id/revisions (host; admins who can open it) → Revision; the same id again is no error. Errors:
 * `conflict` (another one is being made, or the recording is not finished), `forbidden`, `not-found`, `gone`.
 */
export const NewRevision = v.strictObject({
	id: Id,
	kind: RevisionKind,
	/** The new keys wrapped for whoever rewrites it, so that another device of hers can go on. */
	grant: Grant,
});
export type NewRevision = v.InferOutput<typeof NewRevision>;

/** GET /api/recordings/:id/revision (as for POST) → ShownRevision. */
export const Revision = v.strictObject({
	id: Id,
	kind: RevisionKind,
	/** Who rewrites it. */
	member: Id,
	/** When something of it was stored last. */
	at: Time,
	grant: Grant,
	/** The first number of a new part, by track. */
	tracks: v.array(v.strictObject({ track: Id, base: Count })),
	/** New parts that are there, whole or not. */
	parts: v.array(v.strictObject({ track: Id, part: Count, chunks: Count, bytes: Count })),
	/** All grants that there are; those of whoever keeps access have to be made anew. */
	grants: v.array(Grant),
	/** All words beside the recording. */
	annotations: v.array(v.strictObject({ kind: AnnotationKind, ...Annotation.entries })),
});
export type Revision = v.InferOutput<typeof Revision>;
export const ShownRevision = v.strictObject({
	/** Null when none is being made. */
	revision: v.nullable(Revision),
	/** Finished copies of it and copies of those, nearest first. */
	copies: v.array(Id),
	/** What it is a shortened copy of, while that is there. */
	source: v.nullable(Id),
});
export type ShownRevision = v.InferOutput<typeof ShownRevision>;

const Kept = v.strictObject({ track: Id, part: Count, chunks: Count, bytes: Count });
export type Kept = v.InferOutput<typeof Kept>;

/**
 * POST /api/recordings/:id/revisions/:revision/finish (who began it) → 204, again too. In one commit the kept parts take
 * the place of all older ones, `destroy` goes, and `grants` and `annotations` replace those before. Errors: `conflict` when
 * something is not stored as the client says, when grants or words came or went meanwhile, when after a re-lock something
 * of the old keys would be left, or when a finished copy still has a track of somebody whose track is in `destroy`; `bad-request` for a recipient who could not open it before, and where its host
 * (while she is a member) or the practice could and cannot any more. Whoever else could and cannot stands in the history.
 */
export const FinishRevision = v.strictObject({
	/** One new part a track. */
	keep: v.pipe(v.array(Kept), v.minLength(1), v.maxLength(limits.tracksPerRecording)),
	/** Tracks that go for good. */
	destroy: v.pipe(v.array(Id), v.maxLength(limits.tracksPerRecording)),
	grants: v.pipe(v.array(Grant), v.minLength(1), v.maxLength(recipientsMax)),
	/** Ids of all grants that there were. */
	replaces: v.pipe(v.array(Id), v.maxLength(recipientsMax * limits.tracksPerRecording)),
	/** The version stays; the text is sealed anew. */
	annotations: v.array(
		v.strictObject({ kind: AnnotationKind, version: Count, sealed: SealedAnnotation }),
	),
	/** Words that go. */
	drop: v.array(AnnotationKind),
});
export type FinishRevision = v.InferOutput<typeof FinishRevision>;

/** A request that finishes may be so long, bytes: every kind of words beside a recording at its longest. */
export const finishRevisionBytes = 4 * 1024 * 1024;

/** DELETE /api/recordings/:id/revisions/:revision (host, admins who can open it): gives it up; all new parts go. 204. */

/**
 * POST /api/recordings/:id/derivatives (host; admins who can open it): a shortened copy, a recording of its own in the same
 * session with `recorderKey`, host and start of its source, which is listed once it is finished. Its chunks go up as those of any
 * recording. 201; the same again is 200. Errors: `conflict`, `forbidden`, `not-found`, `gone`; `bad-request` where the host (while
 * she is a member) or the practice could open the source and not the copy.
 */
export const NewDerivative = v.strictObject({
	id: Id,
	tracks: v.pipe(v.array(NewTrack), v.minLength(1), v.maxLength(limits.tracksPerRecording)),
	grants: v.pipe(v.array(Grant), v.minLength(1), v.maxLength(recipientsMax)),
});
export type NewDerivative = v.InferOutput<typeof NewDerivative>;

/**
 * POST /api/recordings/:id/derivatives/:derivative/finish (who may make one) → 204. `replaces`: it takes the place of its source,
 * which is deleted in the same commit, with `wish` signed as for any deletion; otherwise it is deleted with its source. Errors:
 * `conflict` (also where the source is on legal hold and was to be deleted: then the copy is not finished either), `bad-request`
 * for a wish of another or about another recording, `gone`, `not-found`.
 */
export const FinishDerivative = v.strictObject({
	keep: v.pipe(v.array(Kept), v.minLength(1), v.maxLength(limits.tracksPerRecording)),
	replaces: v.boolean(),
	wish: v.optional(Signed),
});
export type FinishDerivative = v.InferOutput<typeof FinishDerivative>;
