import type { Arrival } from '../protocol/presence.ts';
import type { Connection } from '../room/connection.ts';
import type { Hub } from '../room/hub.ts';
import type { Change } from '../room/turns.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

/** Arrivals of a member's sessions to which "Not now" was said, while they wait. */
export async function readDismissed(
	db: Store | StoreTransaction,
	member: string,
): Promise<Arrival[]> {
	return db
		.selectFrom('dismissals')
		.innerJoin('seats', (join) =>
			join
				.onRef('seats.id', '=', 'dismissals.seat')
				.onRef('seats.session', '=', 'dismissals.session')
				.onRef('seats.since', '=', 'dismissals.since'),
		)
		.innerJoin('sessions', 'sessions.id', 'dismissals.session')
		.select(['dismissals.session', 'dismissals.seat', 'dismissals.since'])
		.where('sessions.host', '=', member)
		.where('seats.state', '=', 'waiting')
		.execute();
}

/** Tells all devices of the member that they need not call any more; arrivals that are not hers are passed over. */
export async function dismiss(
	hub: Hub,
	change: Change,
	{ member, arrivals }: { member: string; arrivals: readonly Arrival[] },
): Promise<void> {
	const { db } = change;
	const seats = await db
		.selectFrom('seats')
		.innerJoin('sessions', 'sessions.id', 'seats.session')
		.select(['seats.session', 'seats.id as seat', 'seats.since'])
		.where('sessions.host', '=', member)
		.where('seats.state', '=', 'waiting')
		.where(
			'seats.id',
			'in',
			arrivals.map(({ seat }) => seat),
		)
		.execute();
	const meant = seats.filter((seat) =>
		arrivals.some(
			(one) => one.seat === seat.seat && one.session === seat.session && one.since === seat.since,
		),
	);
	if (meant.length === 0) return;
	await db
		.insertInto('dismissals')
		.values(meant)
		.onConflict((it) => it.columns(['session', 'seat', 'since']).doNothing())
		.execute();
	change.onCommit(() => hub.tellMember(member, { type: 'dismissed', arrivals: meant }));
}

/** Whoever has just connected hears what was dismissed before it hears who waits. */
export async function sendDismissed(change: Change, connection: Connection): Promise<void> {
	const { principal } = connection;
	if (principal?.kind !== 'member') return;
	const arrivals = await readDismissed(change.db, principal.member);
	if (arrivals.length > 0) change.onCommit(() => connection.send({ type: 'dismissed', arrivals }));
}
