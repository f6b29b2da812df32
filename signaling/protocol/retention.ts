import * as v from 'valibot';
import { Count, Id, Signed, Time, line } from './text.ts';

/** What a recording is for; its time belongs to it. */
export const Purpose = v.picklist(['record', 'supervision', 'quality', 'note', 'legal']);
export type Purpose = v.InferOutput<typeof Purpose>;

const Until = v.nullable(v.pipe(Time, v.maxValue(8.64e15)));
/** At most a hundred years. */
const Days = v.nullable(v.pipe(Count, v.minValue(1), v.maxValue(36_525)));
const Minutes = v.pipe(Count, v.minValue(1), v.maxValue(30 * 24 * 60));

/** In a notice: the purpose, and where it is deleted so soon after its end that no date can say when, how soon. */
export const Keeping = v.strictObject({ purpose: Purpose, minutes: v.optional(Minutes) });
export type Keeping = v.InferOutput<typeof Keeping>;

/**
 * How long one recording is kept, as a member signs it in context `sotto/retention/v1`: `keptUntil` is the last
 * moment (null = nobody has set a date, and nothing happens by itself); under a `hold` nothing is destroyed at all.
 * Facts and reasons behind it are in the sealed annotation `retention`.
 */
export const RetentionText = v.strictObject({
	v: v.literal(1),
	recording: Id,
	/** 1, 2, ... */
	version: v.pipe(Count, v.minValue(1)),
	author: Id,
	/** By the author's clock. */
	at: Time,
	purpose: Purpose,
	keptUntil: Until,
	hold: v.boolean(),
	/** The author knows that it ends earlier than it did before; without this word it is refused. */
	shortens: v.boolean(),
});
export type RetentionText = v.InferOutput<typeof RetentionText>;

/** Who may not delete a recording leaves it so long at least when she has it end sooner. */
export const leftToOthersMs = 7 * 24 * 60 * 60_000;

/**
 * PUT /api/recordings/:id/retention (its host, admins, supervisors who can open it) → 204. A hold is released by who
 * placed it and by admins, and not together with an end that is sooner; a supervisor sets no sooner end than
 * `leftToOthersMs` from now. Errors: `not-found`, `forbidden`, `bad-request` (not signed by her for just this; it
 * shortens and does not say so, or releases as well), `conflict` (no next version), `gone`.
 */
export const NewRetention = v.strictObject({ statement: Signed });

/** GET /api/recordings/:id/retention (clinicians who can open it). Version 0 = what the notice of its session says. */
export const Retention = v.strictObject({
	recording: Id,
	version: Count,
	/** Null: a recording whose notice names none. */
	purpose: v.nullable(Purpose),
	keptUntil: Until,
	/** Version 0 only: so long after its end instead of a date. */
	minutes: v.nullable(Minutes),
	hold: v.boolean(),
	/** Who placed the hold, where one recording is asked for; null = nobody knows any more. */
	heldBy: v.optional(v.nullable(Id)),
	/** When it is destroyed by itself; null = not. */
	endsAt: Until,
	/** Null in version 0. */
	statement: v.nullable(Signed),
});
export type Retention = v.InferOutput<typeof Retention>;

/**
 * GET /api/retention?before= (clinicians): of the recordings of which the asking member may change it, the next to
 * be destroyed first, those that are not after them, and after `limits.pageRows` no more. `before`: only those that end before that moment.
 */
export const RetentionList = v.strictObject({
	recordings: v.array(v.strictObject({ ...Retention.entries, startedAt: Time, host: Id })),
	/** There are more. */
	more: v.boolean(),
});
export type RetentionList = v.InferOutput<typeof RetentionList>;

/** How long recordings are kept by their purpose. */
export const RetentionRules = v.strictObject({
	/** Part of the medical record: what the law asks of whoever the practice is. */
	record: v.strictObject({
		/** Of licence and practice; the patient's comes with each recording. */
		states: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[A-Z]{2}$/))), v.maxLength(60)),
		profession: v.picklist(['physician', 'psychologist', 'therapist']),
		facility: v.picklist(['none', 'hospital', 'ambulatory', 'community']),
		managedCare: v.boolean(),
		/** The practice's own period from the last visit; where it is set it is also the answer where a named state has no rule. */
		years: v.nullable(v.pipe(Count, v.minValue(1), v.maxValue(100))),
	}),
	/** Days after the recording; null = until somebody sets a date. */
	supervision: v.strictObject({ days: Days }),
	quality: v.strictObject({ days: Days }),
	note: v.strictObject({ minutes: Minutes }),
});
export type RetentionRules = v.InferOutput<typeof RetentionRules>;

/** The same as an admin signs them in context `sotto/retention-policy/v1`. */
export const RetentionPolicy = v.strictObject({
	v: v.literal(1),
	practice: Id,
	version: v.pipe(Count, v.minValue(1)),
	author: Id,
	at: Time,
	rules: RetentionRules,
});
export type RetentionPolicy = v.InferOutput<typeof RetentionPolicy>;

/**
 * PUT /api/practice/retention (admin) → 204; it changes no recording that exists. Errors: `bad-request` (not signed
 * by her for this practice), `conflict` (no higher version).
 */
export const NewRetentionPolicy = v.strictObject({ policy: Signed });

/** GET /api/practice/retention (staff). Null until an admin has signed one. */
export const KnownRetentionPolicy = v.strictObject({ policy: v.nullable(Signed) });

/** What a gigabyte costs in a month, in millionths of the currency; null = nobody has said. */
export const StoragePrice = v.nullable(
	v.strictObject({
		micros: v.pipe(Count, v.maxValue(1_000_000_000)),
		/** ISO 4217. */
		currency: v.pipe(line(3), v.regex(/^[A-Z]{3}$/)),
	}),
);

/** PUT /api/practice/storage-price (admin) → 204. */
export const NewStoragePrice = v.strictObject({ price: StoragePrice });

/** "2026-11", in UTC. */
export const Month = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}$/));

/** GET /api/practice/storage (admin): what the recordings take that are there now, all that is stored of them. */
export const Storage = v.strictObject({
	bytes: Count,
	recordings: Count,
	/** By the month in which they were begun. */
	begun: v.array(v.strictObject({ month: Month, bytes: Count, recordings: Count })),
	/** By the month in which they will be destroyed by themselves. */
	ending: v.array(v.strictObject({ month: Month, bytes: Count, recordings: Count })),
	price: StoragePrice,
});
export type Storage = v.InferOutput<typeof Storage>;
