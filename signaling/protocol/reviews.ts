import * as v from 'valibot';
import { Id, Time } from './text.ts';

/**
 * GET /api/reviews (clinicians): recordings that are kept for supervision, to which somebody let the asking member in and which
 * she has not opened since, the next to end first. Who is meant to review is sealed beside a recording: the server does not know.
 */
export const Reviews = v.strictObject({
	reviews: v.array(
		v.strictObject({
			recording: Id,
			/** When it began. */
			startedAt: Time,
			/** Who let her in. */
			by: v.nullable(Id),
			/** When it is destroyed by itself; null = not. */
			endsAt: v.nullable(Time),
		}),
	),
});
export type Reviews = v.InferOutput<typeof Reviews>;
