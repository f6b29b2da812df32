import type * as v from 'valibot';
import type { Context } from '../context.ts';
import { limits } from '../protocol/limits.ts';
import type { PresenceDay, PresenceRecording, PresenceSession } from '../protocol/presence.ts';
import { readDismissed } from './dismissals.ts';

/** A day on whatever clock, and the nights around it: no more of the schedule is for an extension. */
const aroundMs = 48 * 60 * 60_000;

interface Asked {
	member: string;
	device: string;
	from: number;
	to: number;
}

async function sessionsOf(
	{ store, clock }: Context,
	{ member, device, from, to }: Asked,
): Promise<PresenceSession[]> {
	const now = clock.now();
	const rows = await store
		.selectFrom('sessions')
		.leftJoin('presence_names', (join) =>
			join
				.onRef('presence_names.session', '=', 'sessions.id')
				.on('presence_names.device', '=', device),
		)
		.select([
			'sessions.id',
			'sessions.starts_at',
			'sessions.minutes',
			'sessions.notice',
			'sessions.state',
			'presence_names.sealed',
		])
		.where('sessions.host', '=', member)
		.where('sessions.cancelled', '=', 0)
		.where('sessions.starts_at', '>=', Math.max(from, now - aroundMs))
		.where('sessions.starts_at', '<=', Math.min(to, now + aroundMs))
		.orderBy('sessions.starts_at')
		.limit(limits.pageRows)
		.execute();
	return rows.map((row) => ({
		id: row.id,
		startsAt: row.starts_at,
		minutes: row.minutes,
		recorded: row.notice !== null,
		ended: row.state === 'ended',
		names: row.sealed,
	}));
}

async function recordingsOf(
	{ store, presence }: Context,
	member: string,
): Promise<PresenceRecording[]> {
	const rows = await store
		.selectFrom('recordings')
		.select(['id', 'session', 'started_at', 'last_seen_at'])
		.select((it) =>
			it
				.selectFrom('objects')
				.select(({ fn }) => fn.sum<number | null>('objects.bytes').as('bytes'))
				.whereRef('objects.recording', '=', 'recordings.id')
				.as('bytes'),
		)
		.where('host', '=', member)
		.where('state', '=', 'live')
		.orderBy('started_at', 'desc')
		.limit(limits.pageRows)
		.execute();
	return rows.map((row) => ({
		id: row.id,
		session: row.session,
		recording: presence.alive(row.id),
		startedAt: row.started_at,
		lastSeenAt: row.last_seen_at,
		bytes: row.bytes ?? 0,
	}));
}

/** What an extension shows of its member's day. */
export async function readDay(
	context: Context,
	asked: Asked,
): Promise<v.InferOutput<typeof PresenceDay>> {
	return {
		now: context.clock.now(),
		sessions: await sessionsOf(context, asked),
		recordings: await recordingsOf(context, asked.member),
		dismissed: await readDismissed(context.store, asked.member),
	};
}
