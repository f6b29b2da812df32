import type { Notice } from '#crypto/consent/consent.ts';
import { addDays, dateOf } from '#lib/time.ts';
import type { Keeping, Purpose } from '#protocol/retention.ts';
import { type Facts, endOfDay } from './decide.ts';
import type { PlannedFacts } from './facts.ts';
import { type Basis, noticed, planKept } from './plan.ts';

/** What whoever plans a session says about how long it is kept. */
export interface KeepWish {
	readonly purpose: Purpose;
	readonly patient: Facts['patient'];
	/** The notice of the session that this one follows: what was known then is not asked again. */
	readonly after?: { readonly keptUntil: number; readonly startsAt: number } | undefined;
}

/** What the notice of a session says about how long its recording is kept. Throws `ApiError`. */
export function keptIn(
	basis: Basis,
	{ keep, startsAt, states }: { keep: KeepWish; startsAt: number; states: readonly string[] },
): { keptUntil: number | null; keeping: Keeping } {
	const { purpose, patient, after } = keep;
	const wish = { purpose, patient, states, recordedAt: startsAt };
	const said = noticed(wish, planKept(basis, wish));
	if (said.keptUntil !== null || purpose !== 'record' || !after) return said;
	const { zone } = basis;
	// Later by as much as the session is: that is never earlier than any rule says.
	const days = Math.ceil(Math.max(0, startsAt - after.startsAt) / (24 * 60 * 60_000));
	return { ...said, keptUntil: endOfDay(addDays(dateOf(after.keptUntil, zone), days), zone) };
}

/** The wish of a session that follows another, as far as its notice tells and what was sealed with it. */
export function keepAfter({
	notice,
	startsAt,
	kept,
}: {
	notice: Notice | null;
	startsAt: number;
	kept?: PlannedFacts | undefined;
}): KeepWish | undefined {
	if (!notice?.keeping) return undefined;
	const { keptUntil } = notice;
	const after = keptUntil === null ? undefined : { keptUntil, startsAt };
	return { purpose: notice.keeping.purpose, patient: kept?.patient ?? 'unknown', after };
}
