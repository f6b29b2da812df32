import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import { signedAct } from '../history/signed.ts';
import { stored } from '../parse.ts';
import { type NewShare, type ShareApproval, sharesPerRecording } from '../protocol/shares.ts';
import { Signed, PublicIdentity } from '../protocol/text.ts';
import { addDisclosure } from '../request/disclosures.ts';
import { presentRecording, usableRecording } from '../recording/access.ts';
import { demandReason } from '../recording/openings.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { RecordingTableRow } from '../store/tables.ts';
import { close, note, nothing, openShare, shareRow } from './rows.ts';

const hourMs = 60 * 60_000;
/** A browser's clock may be ahead by so much. */
const clockMs = 5 * 60_000;
/** Who shares what she can open herself, besides the host. */
const sharers = new Set(['admin', 'supervisor']);

/** A recording that this member may share. Throws `not-found`, `gone`, `forbidden`. */
export async function sharableRecording(
	context: Context,
	staff: Staff,
	id: string,
): Promise<RecordingTableRow> {
	const row = await usableRecording(context, staff, id);
	if (row.host !== staff.member && !sharers.has(staff.role)) throw new ServerError('forbidden');
	return row;
}

/** Throws `forbidden` unless the practice shares by mail. */
export async function demandSharing({ settings, store }: Context): Promise<void> {
	const { share } = await settings.read(store);
	if (!share.mail) throw new ServerError('forbidden');
}

/** What a notice may say besides: that 42 CFR Part 2 holds for the session. */
const Marked = v.object({ part2: v.optional(v.unknown()) });

/** 42 CFR Part 2: nothing that anybody can open who merely has a link. */
async function isPart2(db: StoreTransaction, session: string | null): Promise<boolean> {
	if (session === null) return false;
	const row = await db
		.selectFrom('sessions')
		.select('notice')
		.where('id', '=', session)
		.executeTakeFirst();
	if (!row?.notice) return false;
	const { part2 } = stored(Marked, stored(Signed, row.notice).text);
	return part2 !== undefined && part2 !== false && part2 !== null;
}

/** Throws `bad-request` unless all of them are final tracks of the recording. */
async function checkTracks(
	db: StoreTransaction,
	{ recording, tracks }: { recording: string; tracks: readonly string[] },
): Promise<void> {
	const known = await db
		.selectFrom('tracks')
		.select('id')
		.where('recording', '=', recording)
		.where('kind', '=', 'final')
		.where('removed', '=', 0)
		.where('id', 'in', tracks)
		.execute();
	if (known.length !== tracks.length) throw new ServerError('bad-request');
}

/** Throws `conflict` when there is or was such a share. */
export async function demandNew(db: Store | StoreTransaction, id: string): Promise<void> {
	const taken = await db.selectFrom('shares').select('id').where('id', '=', id).executeTakeFirst();
	if (taken) throw new ServerError('conflict');
}

async function checkRoom(
	db: StoreTransaction,
	{ id, recording }: { id: string; recording: string },
) {
	await demandNew(db, id);
	const { count } = await db
		.selectFrom('shares')
		.select((it) => it.fn.countAll<number>().as('count'))
		.where('recording', '=', recording)
		.where('state', '=', 'open')
		.executeTakeFirstOrThrow();
	if (count >= sharesPerRecording) throw new ServerError('over-limit');
}

/** Throws as POST /api/recordings/:id/shares says. */
export async function makeShare(
	context: Context,
	staff: Staff,
	{ recording, wanted }: { recording: string; wanted: NewShare },
): Promise<void> {
	const { store, clock, config, settings, shares } = context;
	const row = await sharableRecording(context, staff, recording);
	await demandSharing(context);
	const { share: policy } = await settings.read(store);
	const { id, way, tracks, expiresAt, contact } = wanted;
	// Who says why before she opens what is not hers says so before somebody else opens it.
	await demandReason(context, staff, row);
	if (way === 'link' && !policy.links) throw new ServerError('forbidden');
	const now = clock.now();
	const latest = now + policy.maxHours * hourMs + clockMs;
	if (expiresAt <= now || expiresAt > latest) throw new ServerError('bad-request');
	if (!config.text) throw new ServerError('not-ready');
	await store.transaction().execute(async (db) => {
		const { state, session } = await presentRecording(db, recording);
		if (state !== 'finished') throw new ServerError('conflict');
		if (way === 'link' && (await isPart2(db, session))) throw new ServerError('forbidden');
		await checkTracks(db, { recording, tracks });
		await checkRoom(db, { id, recording });
		const mail = contact.email === null ? 'none' : config.mail ? 'waiting' : 'held';
		await db
			.insertInto('shares')
			.values({
				...nothing,
				id,
				recording,
				sharer: staff.member,
				way,
				state: 'open',
				tracks: JSON.stringify(tracks),
				created_at: now,
				expires_at: expiresAt,
				ended_at: null,
				email: contact.email,
				mobile: contact.mobile,
				mail,
				mail_tries: 0,
				about: wanted.about,
				own: wanted.own,
				record: wanted.record,
				content: wanted.content,
				codes: 0,
				words_tries: 0,
				openings: 0,
				approved: 0,
				compared: 0,
			})
			.execute();
		const entry = { act: 'shared', who: staff.member } as const;
		const by = await signedAct(db, wanted.signed, { ...entry, recording, about: id });
		await note(context, db, { id, recording }, { ...entry, ...by });
		const { disclosure: told } = wanted;
		const about = { id, at: now, member: staff.member, act: 'shared', recording, session } as const;
		if (told !== undefined) await addDisclosure(db, { ...about, sealed: told });
	});
	void shares.run().catch((error: unknown) => context.log.failure('share mail', error));
}

/** Throws `not-found`, `forbidden`. */
export async function endShare(context: Context, staff: Staff, id: string): Promise<void> {
	const { store } = context;
	const { recording } = await shareRow(store, id);
	await sharableRecording(context, staff, recording);
	await store.transaction().execute(async (db) => {
		const row = await shareRow(db, id);
		if (row.state !== 'open') return;
		await close(context, db, { id, state: 'ended', mail: row.mail });
		await note(context, db, row, { act: 'share-ended', who: staff.member });
	});
	await context.shares.scrub();
}

/** Throws `conflict`, `gone`, `not-found`: only who made a share has the key that was compared. */
export async function approveDevice(
	context: Context,
	staff: Staff,
	{ id, approval }: { id: string; approval: ShareApproval },
): Promise<void> {
	const { store } = context;
	const { recording, sharer } = await shareRow(store, id);
	await sharableRecording(context, staff, recording);
	if (sharer !== staff.member) throw new ServerError('forbidden');
	await demandSharing(context);
	await store.transaction().execute(async (db) => {
		const row = await openShare(context, db, id);
		if (row.way !== 'device' || row.device_hash !== approval.device)
			throw new ServerError('conflict');
		const compared = approval.compared ? 1 : 0;
		const { public_identity: identity } = await db
			.selectFrom('members')
			.select('public_identity')
			.where('id', '=', sharer)
			.executeTakeFirstOrThrow();
		const { ed25519: approved_key } = stored(PublicIdentity, identity);
		await db
			.updateTable('shares')
			.set({ content: approval.content, approved: 1, compared, approved_key })
			.where('id', '=', id)
			.execute();
		const entry = { act: 'share-approved', who: staff.member } as const;
		const by = await signedAct(db, approval.signed, { ...entry, recording, about: id });
		await note(context, db, row, { ...entry, ...by });
	});
}

/** Throws `not-found`, `gone`, `forbidden`. */
export async function refuseDevice(context: Context, staff: Staff, id: string): Promise<void> {
	const { store } = context;
	const { recording } = await shareRow(store, id);
	await sharableRecording(context, staff, recording);
	await store.transaction().execute(async (db) => {
		const row = await openShare(context, db, id);
		if (row.device === null) return;
		const device = { device: null, device_hash: null, device_at: null };
		const none = { ...device, content: null, approved_key: null };
		await db
			.updateTable('shares')
			.set({ ...none, approved: 0, compared: 0 })
			.where('id', '=', id)
			.execute();
		await note(context, db, row, { act: 'share-refused', who: staff.member });
	});
	await context.shares.scrub();
}

/**
 * The secret of a full link came to the server, because something on the way made `%23` of its `#`: it ends. Ids of other
 * shares, and of none, are passed over.
 */
export async function exposeShare(context: Context, id: string): Promise<void> {
	const { store, hub } = context;
	const exposed = await store.transaction().execute(async (db) => {
		const row = await db.selectFrom('shares').selectAll().where('id', '=', id).executeTakeFirst();
		if (row?.way !== 'link' || row.state !== 'open') return false;
		await close(context, db, { id, state: 'exposed', mail: row.mail });
		await note(context, db, row, { act: 'share-ended' });
		return true;
	});
	if (!exposed) return;
	await context.shares.scrub();
	hub.changed('recordings');
}
