import * as v from 'valibot';
import { Id, Sealed, Time } from './text.ts';

/** How something of a recording got outside: a copy in a file, or a share. */
export const DisclosureAct = v.picklist(['exported', 'shared']);

/**
 * POST /api/recordings/:id/disclosures (whoever may open it and is staff), before a copy is written or after a share was
 * made: to whom, what and what for (45 CFR 164.528(b)(2)), sealed under "Practice records key". `id` is the share's, or a
 * new one for a copy, which the history then names as exported. It outlives the recording. 204; the same again too.
 * Errors: `conflict` (another one has this id), `not-found`.
 */
export const NewDisclosure = v.strictObject({ id: Id, act: DisclosureAct, sealed: Sealed });

/** GET /api/disclosures?from=&to= (admins): the newest first, at most 10,000. */
export const DisclosureRecord = v.strictObject({
	...NewDisclosure.entries,
	at: Time,
	/** Who gave it. */
	member: Id,
	recording: Id,
	session: v.nullable(Id),
});
export type DisclosureRecord = v.InferOutput<typeof DisclosureRecord>;
export const DisclosureList = v.strictObject({ disclosures: v.array(DisclosureRecord) });
