import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { stored } from '../parse.ts';
import {
	type Share,
	ShareDevice,
	type ShareState,
	shareOpeningsShown,
} from '../protocol/shares.ts';
import { Id } from '../protocol/text.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { ShareTableRow } from '../store/rows/shares.ts';

const Tracks = v.array(Id);

/** Tracks that a share serves. */
export const tracksOf = ({ tracks }: ShareTableRow): string[] => stored(Tracks, tracks);

/** What goes when a share is over: keys, words and contacts. Who it was for stays, sealed under the recording's key. */
export const nothing = {
	email: null,
	mobile: null,
	own: null,
	record: null,
	content: null,
	device: null,
	device_hash: null,
	device_at: null,
	approved_key: null,
	mail_at: 0,
} as const;

/** A share as it is now: its time may be over although nobody has erased it yet. */
export function stateNow(row: ShareTableRow, now: number): ShareState {
	return row.state === 'open' && row.expires_at <= now ? 'expired' : row.state;
}

/** Throws `not-found`. */
export async function shareRow(db: Store | StoreTransaction, id: string): Promise<ShareTableRow> {
	const row = await db.selectFrom('shares').selectAll().where('id', '=', id).executeTakeFirst();
	if (!row) throw new ServerError('not-found');
	return row;
}

/** A share that still serves something. Throws `not-found`, `gone`. */
export async function openShare(
	{ clock }: Pick<Context, 'clock'>,
	db: Store | StoreTransaction,
	id: string,
): Promise<ShareTableRow> {
	const row = await shareRow(db, id);
	if (stateNow(row, clock.now()) !== 'open') throw new ServerError('gone');
	return row;
}

/** The session that a recording was made in; null for a captured tab. */
export async function sessionOf(
	db: Store | StoreTransaction,
	recording: string,
): Promise<string | null> {
	const { session } = await db
		.selectFrom('recordings')
		.select('session')
		.where('id', '=', recording)
		.executeTakeFirstOrThrow();
	return session;
}

/** Writes down what was done with a share, in the same transaction. `who` = a member; nobody for a recipient. */
export async function note(
	{ history }: Pick<Context, 'history'>,
	db: StoreTransaction,
	row: Pick<ShareTableRow, 'id' | 'recording'>,
	entry: Pick<Parameters<Context['history']['add']>[1], 'act' | 'who' | 'signed'>,
): Promise<void> {
	const { id: about, recording } = row;
	const session = await sessionOf(db, recording);
	await history.add(db, { ...entry, session, recording, about });
}

/** What a recipient can do again and again stands so often in the history, then once an hour. */
const oftenMax = 100;
const oftenMs = 60 * 60_000;

/**
 * As `note`, of what a recipient did, who could else push everything out of sight that stands in a recording's history.
 * Whether it was written down.
 */
export async function noteOften(
	context: Pick<Context, 'history' | 'clock'>,
	db: StoreTransaction,
	row: Pick<ShareTableRow, 'id' | 'recording'>,
	act: 'share-opened' | 'share-words-wrong',
): Promise<boolean> {
	const { last, count } = await db
		.selectFrom('history')
		.select((it) => [it.fn.max('at').as('last'), it.fn.countAll<number>().as('count')])
		.where('recording', '=', row.recording)
		.where('about', '=', row.id)
		.where('act', '=', act)
		.executeTakeFirstOrThrow();
	if (count >= oftenMax && last !== null && context.clock.now() - last < oftenMs) return false;
	await note(context, db, row, { act });
	return true;
}

/** A share serves nothing from this commit on, and nothing of it can be served again. */
export async function close(
	{ clock }: Pick<Context, 'clock'>,
	db: StoreTransaction,
	{
		id,
		state,
		mail,
	}: { id: string; state: Exclude<ShareState, 'open'>; mail: ShareTableRow['mail'] },
): Promise<void> {
	const unsent = mail === 'waiting' || mail === 'held';
	await db
		.updateTable('shares')
		.set({ ...nothing, state, ended_at: clock.now(), mail: unsent ? 'none' : mail })
		.where('id', '=', id)
		.execute();
}

async function openingsOf(store: Store, row: ShareTableRow): Promise<number[]> {
	const rows = await store
		.selectFrom('share_openings')
		.select('at')
		.where('share', '=', row.id)
		.orderBy('n', 'desc')
		.limit(shareOpeningsShown)
		.execute();
	return rows.map(({ at }) => at).toReversed();
}

/** A share as a member who may share the recording sees it. */
export async function viewShare(
	{ store, clock }: Pick<Context, 'store' | 'clock'>,
	row: ShareTableRow,
	member: string,
): Promise<Share> {
	const state = stateNow(row, clock.now());
	const over = state !== 'open';
	const device = over || row.device === null ? null : stored(ShareDevice, row.device);
	return {
		id: row.id,
		recording: row.recording,
		sharer: row.sharer,
		way: row.way,
		state,
		tracks: tracksOf(row),
		createdAt: row.created_at,
		expiresAt: row.expires_at,
		endedAt: row.ended_at,
		mail: row.mail,
		codesSent: row.codes,
		wordsWrong: row.words_tries,
		openings: row.openings,
		openedAt: await openingsOf(store, row),
		device: device && {
			...device,
			at: row.device_at ?? 0,
			approved: row.approved === 1,
			compared: row.compared === 1,
		},
		about: row.about,
		own: over || row.sharer !== member ? null : row.own,
	};
}
