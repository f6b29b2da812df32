import * as v from 'valibot';
import { Grant } from './recordings.ts';
import { Id, Signed } from './text.ts';

/**
 * PUT /api/recordings/:id/host (admin): who left hosts it no more; from then on `host` does: she deletes it, seals it anew, lets
 * others open it and is told who opened it. `signed` = the act `handed-over` about her, as the admin signed it (acts.ts);
 * whoever opens the recording checks it. `grant` = its keys for her, where the admin has them and she has none. What the one
 * before her shared with devices that nobody had approved ends. 204; the same again: 204. Errors: `forbidden` (not an admin),
 * `not-found`, `gone`, `conflict` (it is not finished, or its host has not left), `bad-request` (the other opens no recordings
 * of the practice, a grant for somebody else, or not signed by this admin for just this).
 */
export const NewHost = v.strictObject({
	host: Id,
	grant: v.nullable(Grant),
	signed: Signed,
	/** What she signed of the grant. */
	granted: v.optional(Signed),
});
export type NewHost = v.InferOutput<typeof NewHost>;
