import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import { addSeldom } from '../history/often.ts';
import type { CopiesToRemove } from '../protocol/copies.ts';
import { limits } from '../protocol/limits.ts';
import { usableRecording } from '../recording/access.ts';
import { isOutdatedCopy } from '../recording/revisions.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { CopyRow } from '../store/rows/copies.ts';

/** The copies of a recording that devices may still have, those that were not seen longest first. */
export function copiesOf(db: Store | StoreTransaction, recording: string): Promise<CopyRow[]> {
	return db
		.selectFrom('copies')
		.selectAll()
		.where('recording', '=', recording)
		.orderBy('seen_at')
		.execute();
}

/** Notes that this device keeps a copy. Throws `not-found`, `gone`, `not-ready`, `over-limit`, `slow-down`. */
export async function noteCopy(
	context: Context,
	staff: Staff,
	{ recording, expiresAt }: { recording: string; expiresAt: number },
): Promise<void> {
	const { store, clock } = context;
	const { session, state } = await usableRecording(context, staff, recording);
	if (state !== 'finished') throw new ServerError('not-ready');
	const now = clock.now();
	if (expiresAt > now + limits.copyMs) throw new ServerError('over-limit');
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

/** Which of these the device has to remove: deleted, rewritten since, or not this member's to open any more. The others were seen now. */
export async function checkCopies(
	context: Context,
	staff: Staff,
	recordings: readonly string[],
): Promise<CopiesToRemove> {
	const { store, clock } = context;
	const remove: string[] = [];
	for (const recording of recordings) {
		try {
			await usableRecording(context, staff, recording);
		} catch (error) {
			if (!(error instanceof ServerError)) throw error;
			remove.push(recording);
			continue;
		}
		if (await isOutdatedCopy(store, { recording, device: staff.device })) {
			remove.push(recording);
			continue;
		}
		await store
			.updateTable('copies')
			.set({ seen_at: clock.now() })
			.where('recording', '=', recording)
			.where('device', '=', staff.device)
			.execute();
	}
	return { remove };
}
