import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import { stored } from '../parse.ts';
import { Grant } from '../protocol/recordings.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { RecordingTableRow } from '../store/tables.ts';

/** The ids under which a member is a recipient: her own, and for an admin the practice's. */
export async function recipientIds(store: Store, staff: Staff): Promise<string[]> {
	if (staff.role !== 'admin') return [staff.member];
	const practice = await store.selectFrom('practice').select('id').executeTakeFirst();
	return practice ? [staff.member, practice.id] : [staff.member];
}

/** The grants in force that a member can open, by recording. */
export async function grantsOf(
	context: Context,
	staff: Staff,
	recordings: readonly string[],
): Promise<Map<string, Grant[]>> {
	const { store, clock } = context;
	// An extension opens nothing.
	if (recordings.length === 0 || staff.scope === 'presence') return new Map();
	const now = clock.now();
	const rows = await store
		.selectFrom('grants')
		.select(['recording', 'content'])
		.where('recording', 'in', recordings)
		.where('recipient', 'in', await recipientIds(store, staff))
		.where((it) => it.or([it('expires_at', 'is', null), it('expires_at', '>', now)]))
		.orderBy('id')
		.execute();
	const grants = new Map<string, Grant[]>();
	for (const { recording, content } of rows)
		grants.set(recording, [...(grants.get(recording) ?? []), stored(Grant, content)]);
	return grants;
}

/** Who has a grant in force, by recording. */
export async function recipientsIn(
	{ store, clock }: { store: Store | StoreTransaction; clock: Context['clock'] },
	recordings: readonly string[],
): Promise<Map<string, string[]>> {
	const rows = await store
		.selectFrom('grants')
		.select(['recording', 'recipient'])
		.distinct()
		.where('recording', 'in', recordings)
		.where((it) => it.or([it('expires_at', 'is', null), it('expires_at', '>', clock.now())]))
		.orderBy('recipient')
		.execute();
	const recipients = new Map<string, string[]>();
	for (const { recording, recipient } of rows)
		recipients.set(recording, [...(recipients.get(recording) ?? []), recipient]);
	return recipients;
}

/** A recording that is there. Throws `not-found`, or `gone` for a deleted one. */
export async function presentRecording(
	db: Store | StoreTransaction,
	id: string,
): Promise<RecordingTableRow> {
	const row = await db.selectFrom('recordings').selectAll().where('id', '=', id).executeTakeFirst();
	if (!row) throw new ServerError('not-found');
	if (row.state === 'deleted') throw new ServerError('gone');
	return row;
}

/**
 * Whether an extension brings the bytes of a recording: the one that was named, or in the place of one that was taken
 * off the list any other of the same member.
 */
async function isUploader(
	store: Store,
	{ member, device }: Staff,
	{ host, uploader }: RecordingTableRow,
): Promise<boolean> {
	if (uploader === null || uploader === device) return uploader !== null;
	if (host !== member) return false;
	const named = await store
		.selectFrom('presence_devices')
		.select('id')
		.where('id', '=', uploader)
		.executeTakeFirst();
	return named === undefined;
}

/**
 * A recording that this member may use: the host of its session and whoever has a grant; the extension that brings
 * its bytes until it is finished, or even then. Throws `not-found` for everybody else, so that ids tell nothing;
 * `gone` for a deleted one.
 */
export async function usableRecording(
	context: Context,
	staff: Staff,
	id: string,
	options: { evenFinished?: boolean } = {},
): Promise<RecordingTableRow> {
	const row = await presentRecording(context.store, id);
	if (staff.scope === 'presence') {
		if (!(await isUploader(context.store, staff, row))) throw new ServerError('not-found');
		if (row.state !== 'live' && !options.evenFinished) throw new ServerError('gone');
		return row;
	}
	if (row.host === staff.member) return row;
	const grants = await grantsOf(context, staff, [id]);
	if (!grants.has(id)) throw new ServerError('not-found');
	return row;
}
