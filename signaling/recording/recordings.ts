import type * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import { limits } from '../protocol/limits.ts';
import type {
	FinishRecording,
	Grant,
	MoreTracks,
	NewRecording,
	NewTrack,
} from '../protocol/recordings.ts';
import { sha256 } from '../random.ts';
import type { StoreTransaction } from '../store/database.ts';
import { keepAsNoticed } from '../retention/kept.ts';
import { presentRecording, usableRecording } from './access.ts';

/** Whether the grants belong to this recording, come from this member and go to somebody of the practice. */
export async function checkGrants(
	db: StoreTransaction,
	options: { recording: string; grantor: string; grants: readonly Grant[] },
): Promise<void> {
	const { recording, grantor, grants } = options;
	const members = await db.selectFrom('members').select('id').execute();
	const practice = await db.selectFrom('practice').select('id').executeTakeFirst();
	const recipients = new Set([...members.map(({ id }) => id), practice?.id]);
	for (const grant of grants)
		if (
			grant.recording !== recording ||
			grant.grantor !== grantor ||
			!recipients.has(grant.recipient)
		)
			throw new ServerError('bad-request');
}

/** Announces tracks, before any chunk of theirs. */
export async function insertTracks(
	db: StoreTransaction,
	recording: string,
	tracks: readonly NewTrack[],
): Promise<void> {
	await db
		.insertInto('tracks')
		.values(tracks.map(({ id, kind, person }) => ({ recording, id, kind, person, removed: 0 })))
		.execute();
}

export async function insertGrants(
	db: StoreTransaction,
	recording: string,
	grants: readonly Grant[],
): Promise<void> {
	const ids = grants.map(({ id }) => id);
	const taken = await db.selectFrom('grants').select('id').where('id', 'in', ids).execute();
	if (taken.length > 0 || new Set(ids).size !== ids.length) throw new ServerError('conflict');
	await db
		.insertInto('grants')
		.values(
			grants.map((grant) => ({
				id: grant.id,
				recording,
				recipient: grant.recipient,
				expires_at: grant.expiresAt,
				content: JSON.stringify(grant),
			})),
		)
		.execute();
}

function checkTracks(tracks: readonly NewTrack[]): void {
	if (new Set(tracks.map(({ id }) => id)).size !== tracks.length)
		throw new ServerError('bad-request');
}

/** Throws unless it is a recorded session of hers that goes on. */
async function checkSession(db: StoreTransaction, staff: Staff, id: string): Promise<void> {
	const session = await db
		.selectFrom('sessions')
		.select(['host', 'state', 'notice'])
		.where('id', '=', id)
		.executeTakeFirst();
	if (!session) throw new ServerError('not-found');
	if (session.host !== staff.member || session.notice === null) throw new ServerError('forbidden');
	if (session.state === 'ended') throw new ServerError('session-ended');
}

/** Throws unless the practice records and the capturing extension is one of hers. */
async function checkUploader(
	{ settings }: Context,
	db: StoreTransaction,
	{ staff, device }: { staff: Staff; device: string },
): Promise<void> {
	if (!(await settings.read(db)).recording) throw new ServerError('forbidden');
	const row = await db
		.selectFrom('presence_devices')
		.select('member')
		.where('id', '=', device)
		.executeTakeFirst();
	if (row?.member !== staff.member) throw new ServerError('forbidden');
}

/**
 * Stores the wrapped keys before any byte of media. Says whether it is new; repeating it is no error.
 * Throws `not-found`, `forbidden` (not her session or device, or nothing is to be recorded), `session-ended`,
 * `conflict`, `gone`.
 */
export async function makeRecording(
	context: Context,
	staff: Staff,
	wanted: v.InferOutput<typeof NewRecording>,
): Promise<boolean> {
	const { store, clock, history } = context;
	const content = sha256(JSON.stringify(wanted)).toString('base64url');
	checkTracks(wanted.tracks);
	return store.transaction().execute(async (db) => {
		const known = await db
			.selectFrom('recordings')
			.select(['content', 'state', 'host'])
			.where('id', '=', wanted.id)
			.executeTakeFirst();
		if (known?.state === 'deleted') throw new ServerError('gone');
		if (known && (known.content !== content || known.host !== staff.member))
			throw new ServerError('conflict');
		if (known) return false;
		if (wanted.session !== null) await checkSession(db, staff, wanted.session);
		if (wanted.uploader !== null)
			await checkUploader(context, db, { staff, device: wanted.uploader });
		const { id: recording, grants, tracks } = wanted;
		await checkGrants(db, { recording, grantor: staff.member, grants });
		const now = clock.now();
		await db
			.insertInto('recordings')
			.values({
				id: recording,
				source: wanted.source,
				session: wanted.session,
				uploader: wanted.uploader,
				host: staff.member,
				made_by: null,
				handover: null,
				recorder_key: wanted.recorderKey,
				state: 'live',
				started_at: now,
				last_seen_at: now,
				ended_at: null,
				lost_at: null,
				finished_at: null,
				content,
			})
			.execute();
		await insertTracks(db, recording, tracks);
		await insertGrants(db, recording, grants);
		if (wanted.session !== null)
			await keepAsNoticed(context, db, {
				recording,
				session: wanted.session,
				who: staff.member,
			});
		await history.add(db, {
			act: 'recording-started',
			who: staff.member,
			session: wanted.session,
			recording,
		});
		return true;
	});
}

/** Tracks of somebody who came late, before her first chunk. Throws `gone`, `conflict`, `over-limit`. */
export async function addTracks(
	context: Context,
	staff: Staff,
	options: { recording: string; wanted: v.InferOutput<typeof MoreTracks> },
): Promise<void> {
	const { recording, wanted } = options;
	const row = await usableRecording(context, staff, recording);
	if (row.state !== 'live') throw new ServerError('gone');
	checkTracks(wanted.tracks);
	await context.store.transaction().execute(async (db) => {
		const known = await db
			.selectFrom('tracks')
			.select(['id', 'kind', 'person'])
			.where('recording', '=', recording)
			.execute();
		const repeated = wanted.tracks.filter((track) => known.some(({ id }) => id === track.id));
		// The answer was lost, so it was asked again.
		if (repeated.length === wanted.tracks.length) return;
		if (repeated.length > 0) throw new ServerError('conflict');
		if (known.length + wanted.tracks.length > limits.tracksPerRecording)
			throw new ServerError('over-limit');
		await checkGrants(db, { recording, grantor: staff.member, grants: wanted.grants });
		await insertTracks(db, recording, wanted.tracks);
		await insertGrants(db, recording, wanted.grants);
	});
}

/** Throws `conflict` unless every object that is to stay is stored as the client says. */
export async function checkKept(
	db: StoreTransaction,
	recording: string,
	{ keep, remove }: Pick<FinishRecording, 'keep' | 'remove'>,
): Promise<void> {
	const removed = new Set(remove);
	for (const { track, part, chunks, bytes } of keep) {
		const row = await db
			.selectFrom('objects')
			.select(['chunks', 'bytes'])
			.where('recording', '=', recording)
			.where('track', '=', track)
			.where('part', '=', part)
			.executeTakeFirst();
		if (row?.chunks !== chunks || row.bytes !== bytes || removed.has(track))
			throw new ServerError('conflict');
	}
}

/**
 * The final objects are complete: the live tracks go, rows first, then files. Doing it again does no
 * harm. Throws `conflict` when something that is to stay is not stored as the client says.
 */
export async function finishRecording(
	context: Context,
	staff: Staff,
	options: { recording: string; wanted: v.InferOutput<typeof FinishRecording> },
): Promise<void> {
	const { store, clock, history, objects, presence } = context;
	const { recording, wanted } = options;
	const { session, host } = await usableRecording(context, staff, recording, {
		evenFinished: true,
	});
	await store.transaction().execute(async (db) => {
		const { state } = await presentRecording(db, recording);
		await checkKept(db, recording, wanted);
		if (state === 'finished') return;
		for (const track of wanted.remove) {
			for (const table of ['chunks', 'objects'] as const)
				await db
					.deleteFrom(table)
					.where('recording', '=', recording)
					.where('track', '=', track)
					.execute();
			await db
				.updateTable('tracks')
				.set({ removed: 1 })
				.where('recording', '=', recording)
				.where('id', '=', track)
				.execute();
		}
		await db
			.updateTable('recordings')
			.set({ state: 'finished', finished_at: clock.now() })
			.where('id', '=', recording)
			.execute();
		const act = wanted.recovered ? 'recording-recovered' : 'recording-finished';
		await history.add(db, { act, who: staff.member, session, recording });
		await context.ready.finished(db, { recording, host });
	});
	presence.forget(recording);
	for (const track of wanted.remove) await objects.removeTrack(recording, track);
}
