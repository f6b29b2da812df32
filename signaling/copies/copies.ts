import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import { addSeldom } from '../history/often.ts';
import type { CopiesToRemove, KeptCopy } from '../protocol/copies.ts';
import { limits } from '../protocol/limits.ts';
import { usableRecording } from '../recording/access.ts';
import { isOutdatedCopy } from '../recording/revisions.ts';
import { endsAt } from '../retention/due.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { CopyRow } from '../store/rows/copies.ts';
import type { RecordingTableRow } from '../store/tables.ts';

/** The copies of a recording that devices may still have, those that were not seen longest first. */
export function copiesOf(db: Store | StoreTransaction, recording: string): Promise<CopyRow[]> {
	return db
		.selectFrom('copies')
		.selectAll()
		.where('recording', '=', recording)
		.orderBy('seen_at')
		.execute();
}

/** The last moment at which a copy may be kept that was to be kept until `wanted`: none outlives its recording. */
async function lastMoment(
	db: Store,
	{ row, wanted }: { row: RecordingTableRow; wanted: number },
): Promise<number> {
	const said = await db
		.selectFrom('retentions')
		.select(['kept_until', 'minutes', 'hold'])
		.where('recording', '=', row.id)
		.executeTakeFirst();
	const end = said ? endsAt(said, row) : null;
	return end === null ? wanted : Math.min(wanted, end);
}

/**
 * Notes that this device keeps a copy, and answers until when. Throws `not-found`, `gone` (also where its time is over
 * and it goes any moment), `not-ready`, `over-limit`, `slow-down`.
 */
export async function noteCopy(
	context: Context,
	staff: Staff,
	{ recording, expiresAt: wanted }: { recording: string; expiresAt: number },
): Promise<KeptCopy> {
	const { store, clock } = context;
	const row = await usableRecording(context, staff, recording);
	const { session, state } = row;
	if (state !== 'finished') throw new ServerError('not-ready');
	const now = clock.now();
	if (wanted > now + limits.copyMs) throw new ServerError('over-limit');
	const expiresAt = await lastMoment(store, { row, wanted });
	if (expiresAt < wanted && expiresAt <= now) throw new ServerError('gone');
	const { device, member } = staff;
	await store.transaction().execute(async (db) => {
		const times = { expires_at: expiresAt, seen_at: now };
		await db
			.insertInto('copies')
			.values({ recording, device, member, kept_at: now, ...times })
			.onConflict((it) => it.columns(['recording', 'device']).doUpdateSet(times))
			.execute();
		await addSeldom(context, db, {
			act: 'copy-kept',
			who: member,
			session,
			recording,
			about: device,
		});
	});
	return { expiresAt };
}

async function sessionOf(db: StoreTransaction, recording: string): Promise<string | null> {
	const row = await db
		.selectFrom('recordings')
		.select('session')
		.where('id', '=', recording)
		.executeTakeFirst();
	return row?.session ?? null;
}

/** Notes that this device keeps none any more; nothing where it kept none. */
export async function noteRemoved(
	{ store, history }: Context,
	{ device, member }: Staff,
	recording: string,
): Promise<void> {
	await store.transaction().execute(async (db) => {
		const { numDeletedRows } = await db
			.deleteFrom('copies')
			.where('recording', '=', recording)
			.where('device', '=', device)
			.executeTakeFirst();
		if (numDeletedRows === 0n) return;
		const session = await sessionOf(db, recording);
		await history.add(db, { act: 'copy-removed', who: member, session, recording, about: device });
	});
}

/** A device that signs out removes all of them by itself. */
export async function noteSignedOut(
	db: StoreTransaction,
	history: Context['history'],
	{ device, member }: Pick<Staff, 'device' | 'member'>,
): Promise<void> {
	const rows = await db
		.deleteFrom('copies')
		.where('device', '=', device)
		.returning('recording')
		.execute();
	for (const { recording } of rows) {
		const session = await sessionOf(db, recording);
		await history.add(db, { act: 'copy-removed', who: member, session, recording, about: device });
	}
}

/** Notes that the device was seen. Gives until when it may keep its copy now; undefined where it is not known to keep one. */
async function seeCopy(
	{ store, clock }: Context,
	{ row, device }: { row: RecordingTableRow; device: string },
): Promise<number | undefined> {
	const known = await store
		.selectFrom('copies')
		.select('expires_at')
		.where('recording', '=', row.id)
		.where('device', '=', device)
		.executeTakeFirst();
	if (!known) return undefined;
	const expiresAt = await lastMoment(store, { row, wanted: known.expires_at });
	await store
		.updateTable('copies')
		.set({ seen_at: clock.now(), expires_at: expiresAt })
		.where('recording', '=', row.id)
		.where('device', '=', device)
		.execute();
	return expiresAt;
}

/**
 * Which of these the device has to remove: deleted, rewritten since, or not this member's to open any more. The others
 * were seen now, and are kept as long as `ends` says.
 */
export async function checkCopies(
	context: Context,
	staff: Staff,
	recordings: readonly string[],
): Promise<CopiesToRemove> {
	const { store } = context;
	const { device } = staff;
	const answer: CopiesToRemove = { remove: [], ends: [] };
	for (const recording of recordings) {
		try {
			const row = await usableRecording(context, staff, recording);
			if (await isOutdatedCopy(store, { recording, device })) throw new ServerError('gone');
			const expiresAt = await seeCopy(context, { row, device });
			if (expiresAt !== undefined) answer.ends.push({ recording, expiresAt });
		} catch (error) {
			if (!(error instanceof ServerError)) throw error;
			answer.remove.push(recording);
		}
	}
	return answer;
}
