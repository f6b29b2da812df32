import type { Session } from '#protocol/sessions.ts';

/** Where an invited person is, as far as the server can tell. */
export type Whereabouts =
	| { readonly is: 'ended' }
	| { readonly is: 'in-call' }
	| { readonly is: 'waiting'; readonly since: number }
	| { readonly is: 'late'; readonly minutes: number }
	| { readonly is: 'away' };

/** The clock of a visitor is rarely right to the second: who comes within this time is not late. */
const graceMs = 60_000;

export function whereabouts(place: {
	readonly session: Pick<Session, 'startsAt' | 'state'>;
	readonly inCall: boolean;
	/** Since when somebody waits at this place. */
	readonly since: number | undefined;
	/** Whether anybody was connected in this session: who is missing then may have been there. */
	readonly begun: boolean;
	readonly now: number;
}): Whereabouts {
	const { session, inCall, since, begun, now } = place;
	if (session.state === 'ended') return { is: 'ended' };
	// Who comes back in another browser waits, whatever her first one left behind.
	if (since !== undefined) return { is: 'waiting', since };
	if (inCall) return { is: 'in-call' };
	const lateMs = now - session.startsAt;
	if (begun || lateMs < graceMs) return { is: 'away' };
	return { is: 'late', minutes: Math.floor(lateMs / 60_000) };
}

/** Rows of a long day that are on the screen at first, and how many come with each step. */
export const rowsAtOnce = 50;
/** Rows before the present one, to see where the day stands. */
const rowsBefore = 5;

/** Which rows of a day to show first: all of a short one, those around now of a long one. */
export function windowOf(
	rows: readonly Pick<Session, 'startsAt' | 'minutes' | 'state'>[],
	now: number,
): { from: number; to: number } {
	if (rows.length <= rowsAtOnce) return { from: 0, to: rows.length };
	const current = rows.findIndex(
		({ startsAt, minutes, state }) => state !== 'ended' && startsAt + minutes * 60_000 >= now,
	);
	const wanted = (current < 0 ? rows.length : current) - rowsBefore;
	const from = Math.max(0, Math.min(wanted, rows.length - rowsAtOnce));
	return { from, to: from + rowsAtOnce };
}
