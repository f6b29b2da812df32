import { sql } from 'kysely';
import { ServerError } from '../errors.ts';
import { erasePresence } from '../presence/names.ts';
import { limits } from '../protocol/limits.ts';
import type { Act } from '../protocol/sessions.ts';
import type { ClientMessage } from '../protocol/socket.ts';
import type { Connection } from './connection.ts';
import type { Hub } from './hub.ts';
import { whoOf } from './room.ts';
import type { Change } from './turns.ts';

/** What only a browser knows. Everything else the server saw itself, and nobody may claim it. */
const anybody: ReadonlySet<Act> = new Set(['consented', 'declined', 'withdrew', 'part2-consent']);
const hostOnly: ReadonlySet<Act> = new Set([
	'recording-paused',
	'recording-resumed',
	'recording-ended',
]);

/** Writes down what a browser says happened. Throws `forbidden` for what is not its to say. */
export async function act(
	hub: Hub,
	change: Change,
	connection: Connection,
	message: Extract<ClientMessage, { type: 'act' }>,
): Promise<void> {
	const { room, seat } = hub.seated(connection);
	const { session } = room;
	if (!anybody.has(message.act) && !(hostOnly.has(message.act) && seat.kind === 'host'))
		throw new ServerError('forbidden');
	await hub.history.add(change.db, {
		act: message.act,
		who: whoOf(seat),
		session,
		request: message.id,
	});
	if (message.act === 'recording-ended')
		await change.db
			.updateTable('recordings')
			.set({ ended_at: hub.clock.now() })
			.where('session', '=', session)
			.where('state', '=', 'live')
			.where('ended_at', 'is', null)
			.execute();
	change.onCommit(() => connection.send({ type: 'done', id: message.id }));
}

/**
 * Ends a session for good and erases what was only there to reach each other: relayed bodies, knocks,
 * epochs, key packages. `who` is null when it ends by itself. Ending it again does nothing. Throws `not-found`.
 */
export async function endSession(
	hub: Hub,
	options: { session: string; who: string | null },
): Promise<void> {
	const { session, who } = options;
	const by =
		who === null ? ({ act: 'session-expired' } as const) : ({ act: 'session-ended', who } as const);
	await hub.run(async (change) => {
		const { db } = change;
		const row = await db
			.selectFrom('sessions')
			.select(['state', 'cancelled'])
			.where('id', '=', session)
			.executeTakeFirst();
		if (!row) throw new ServerError('not-found');
		if (row.state === 'ended') return;
		const room = await hub.room(db, session);
		for (const table of ['relay', 'knocks', 'epochs', 'packages', 'seats'] as const)
			await db.deleteFrom(table).where('session', '=', session).execute();
		await db
			.updateTable('sessions')
			.set({ state: 'ended', ended_at: hub.clock.now() })
			.where('id', '=', session)
			.execute();
		await erasePresence(db, session);
		await hub.post.sessionOver(db, session, row.cancelled ? 'cancelled' : 'ended');
		await hub.history.add(db, { ...by, session });
		hub.forget(change, room);
	});
}

/** Ends the sessions that everybody left and nobody ended, so that nothing of them stays. */
export async function endForgotten(hub: Hub): Promise<void> {
	const before = hub.clock.now() - limits.forgottenMs;
	const rows = await hub.store
		.selectFrom('sessions')
		.select(['id', 'host', 'cancelled'])
		.where('state', '!=', 'ended')
		.where((it) =>
			it.or([it(sql<number>`starts_at + minutes * 60000`, '<', before), it('cancelled', '=', 1)]),
		)
		.orderBy('starts_at')
		.execute();
	for (const { id: session, host, cancelled } of rows)
		// A cancellation that was cut off.
		if (cancelled) await endSession(hub, { session, who: host });
		else if (!hub.inhabited(session)) await endSession(hub, { session, who: null });
}
