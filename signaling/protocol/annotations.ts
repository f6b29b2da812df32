import * as v from 'valibot';
import { limits } from './limits.ts';
import { Count, bytes } from './text.ts';

/**
 * What a text beside a recording is: `summary` for the list, `notes` with chapters, `captions`, `waveform` that was
 * computed once, `retention` with the facts that a date was computed from, `former` with keys of before it was sealed anew.
 */
export const AnnotationKind = v.picklist([
	'summary',
	'notes',
	'captions',
	'waveform',
	'retention',
	'former',
]);
export type AnnotationKind = v.InferOutput<typeof AnnotationKind>;

/** Sealed by crypto/annotation under the key of the recording's manifest. */
export const SealedAnnotation = bytes(limits.annotationChars);

/**
 * PUT /api/recordings/:id/annotations/:kind (clinicians who can open it) → 204. Errors: `conflict` unless its version
 * follows the newest, `gone`. GET → ShownAnnotation.
 */
export const NewAnnotation = v.strictObject({
	version: v.pipe(Count, v.minValue(1)),
	sealed: SealedAnnotation,
});
export type NewAnnotation = v.InferOutput<typeof NewAnnotation>;
export const Annotation = NewAnnotation;
/** Null when nobody wrote one. */
export const ShownAnnotation = v.strictObject({ annotation: v.nullable(Annotation) });
export type ShownAnnotation = v.InferOutput<typeof ShownAnnotation>;
