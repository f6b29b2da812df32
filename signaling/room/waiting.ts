import { sql } from 'kysely';
import { ServerError } from '../errors.ts';
import type { Seat as SeatView } from '../protocol/socket.ts';
import type { StoreTransaction } from '../store/database.ts';
import { prepared } from '../store/prepared.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import { readKnocks, viewAll } from './seats.ts';
import type { Change } from './turns.ts';

/** One page is about so much: what was knocked may be long, and much at once would close the socket. */
const pageChars = 256 * 1024;
/** Sessions of one page: others have their turn between two. */
const pageSessions = 50;

const inCallOf = prepared((db) =>
	db
		.selectFrom('sessions')
		.innerJoin('seats', 'seats.session', 'sessions.id')
		.select('sessions.id')
		.distinct()
		.where('sessions.host', '=', '')
		.where('sessions.state', 'in', [sql.lit<'planned'>('planned'), sql.lit<'open'>('open')])
		.where('seats.state', '=', sql.lit<'in-call'>('in-call')),
);

interface Row {
	session: string;
	seats: SeatView[];
}

/** Sessions of a member that somebody is at, and those that have a call although nobody is connected to it. */
async function sessionsOf(hub: Hub, db: StoreTransaction, member: string): Promise<string[]> {
	const { rows } = await inCallOf(db, member);
	return [...new Set([...hub.inhabitedBy(member), ...rows.map(({ id }) => id)])];
}

async function readSession(
	hub: Hub,
	change: Change,
	{ session, knocks }: { session: string; knocks: boolean },
): Promise<Row | undefined> {
	try {
		const room = await hub.room(change.db, session);
		const seats = viewAll(room, knocks ? await readKnocks(change.db, session) : new Map());
		change.onCommit(() => hub.release(room));
		return { session, seats: seats.filter(({ state }) => state !== 'gone') };
	} catch (error) {
		// It ended while the pages before were sent.
		if (error instanceof ServerError) return undefined;
		throw error;
	}
}

/** Takes the next page off `ids`. */
async function pageOf(
	hub: Hub,
	change: Change,
	{ ids, knocks }: { ids: string[]; knocks: boolean },
): Promise<Row[]> {
	const page: Row[] = [];
	let chars = 0;
	while (ids.length > 0 && page.length < pageSessions && chars < pageChars) {
		const row = await readSession(hub, change, { session: ids.shift() ?? '', knocks });
		if (!row) continue;
		page.push(row);
		chars += JSON.stringify(row).length;
	}
	return page;
}

async function sendPage(
	hub: Hub,
	change: Change,
	connection: Connection,
	ids: readonly string[],
): Promise<void> {
	// A turn may run twice, so what it takes is taken from a copy.
	const left = [...ids];
	// An extension opens none.
	const knocks = connection.principal?.kind === 'member' && !connection.principal.presence;
	const sessions = await pageOf(hub, change, { ids: left, knocks });
	const more = left.length > 0;
	change.onCommit(async () => {
		await connection.deliver({ type: 'waiting', sessions, more });
		// The next page when this one has left, so that none waits in memory behind a slow line.
		if (more && connection.open)
			hub.take(connection, { id: null }, (next) => sendPage(hub, next, connection, left));
	});
}

/**
 * To a member after `hello`: everybody who waits or is in a call of hers, however many. Each page is a turn
 * of its own; whoever comes or goes meanwhile is told by `seat`, in order.
 */
export async function sendWaiting(hub: Hub, change: Change, connection: Connection): Promise<void> {
	const { principal } = connection;
	if (principal?.kind !== 'member') return;
	await sendPage(hub, change, connection, await sessionsOf(hub, change.db, principal.member));
}
