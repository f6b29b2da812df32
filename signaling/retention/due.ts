import { ServerError } from '../errors.ts';
import type { Act } from '../protocol/sessions.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { RetentionTableRow } from '../store/rows/retention.ts';
import type { RecordingTableRow } from '../store/tables.ts';

const minuteMs = 60_000;

/** What of a recording says when it ended. */
type Ending = Pick<RecordingTableRow, 'state' | 'ended_at' | 'last_seen_at' | 'finished_at'>;

/** The last moment that a recording is kept; null = nothing happens by itself. */
export function endsAt(
	row: Pick<RetentionTableRow, 'kept_until' | 'minutes' | 'hold'>,
	recording: Ending,
): number | null {
	if (row.hold !== 0) return null;
	if (row.kept_until !== null) return row.kept_until;
	if (row.minutes === null) return null;
	const { ended_at: ended, last_seen_at: seen, finished_at: finished } = recording;
	return Math.max(ended ?? 0, seen, finished ?? 0) + row.minutes * minuteMs;
}

/** Whether it is a shortened copy that goes with its source, and its source is gone. */
async function isOrphan(db: Store | StoreTransaction, recording: string): Promise<boolean> {
	const row = await db
		.selectFrom('derivatives')
		.innerJoin('recordings as source', 'source.id', 'derivatives.source')
		.select('derivatives.recording')
		.where('derivatives.recording', '=', recording)
		.where('derivatives.replaces', '=', 0)
		.where('source.state', '=', 'deleted')
		.executeTakeFirst();
	return row !== undefined;
}

/**
 * Sessions of which somebody has asked for a copy and was not answered: what she has a right to is not destroyed by a date
 * meanwhile.
 */
export const copiesAsked = (db: Store | StoreTransaction) =>
	db
		.selectFrom('requests')
		.select('requests.session')
		.where('requests.kind', '=', 'copy')
		.where('requests.state', '=', 'open');

/** Throws `conflict` where a recording is under a legal hold: then nothing of it may be destroyed either. */
export async function demandNoHold(db: StoreTransaction, recording: string): Promise<void> {
	await demandDeletable(db, { recording, act: 'deleted', at: 0 });
}

/**
 * Throws `conflict` where a recording is under a legal hold, and where it would go because its time is over and its
 * time is not over, or somebody waits for a copy of it. In the transaction that deletes it, so that a hold placed in the same moment is not passed by.
 */
export async function demandDeletable(
	db: Store | StoreTransaction,
	{ recording, act, at }: { recording: string; act: Act; at: number },
): Promise<void> {
	const row = await db
		.selectFrom('retentions')
		.innerJoin('recordings', 'recordings.id', 'retentions.recording')
		.select([
			'retentions.kept_until',
			'retentions.minutes',
			'retentions.hold',
			'recordings.state',
			'recordings.ended_at',
			'recordings.last_seen_at',
			'recordings.finished_at',
		])
		.where('retentions.recording', '=', recording)
		.executeTakeFirst();
	if (row && row.hold !== 0) throw new ServerError('conflict');
	if (act !== 'kept-until-over' || (await isOrphan(db, recording))) return;
	const end = row ? endsAt(row, row) : null;
	if (end === null || end >= at) throw new ServerError('conflict');
	const wanted = await db
		.selectFrom('recordings')
		.select('id')
		.where('id', '=', recording)
		.where('session', 'in', copiesAsked(db))
		.executeTakeFirst();
	if (wanted) throw new ServerError('conflict');
}
