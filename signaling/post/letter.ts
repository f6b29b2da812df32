import * as v from 'valibot';
import { practiceOf } from '../account/members.ts';
import { stored } from '../parse.ts';
import { Signed } from '../protocol/text.ts';
import type { Store } from '../store/database.ts';
import type { PostRow } from '../store/tables.ts';
import { addressOf, Recipient, recipientOf } from './plan.ts';
import type { Letter, NoticeWords } from './words.ts';

/** What is read out of the notice; its signature was checked where it came in, and is checked by the reader. */
const NoticeText = v.object({
	practice: v.string(),
	host: v.string(),
	purpose: v.string(),
	recorder: v.picklist(['device', 'station']),
	openers: v.string(),
	keptUntil: v.nullable(v.pipe(v.number(), v.safeInteger(), v.maxValue(8.64e15))),
	keeping: v.optional(v.object({ purpose: v.string(), minutes: v.optional(v.number()) })),
});

export interface Addressed {
	/** Null: erased. */
	to: string | null;
	letter: Letter;
	/** The session can still be joined. */
	open: boolean;
}

/** Why there is nothing to send. */
export type Unsendable = 'notice' | 'host';

/** Throws SyntaxError or ValiError when it is not a notice. */
function noticeOf(text: string | null): NoticeWords | null {
	return text === null ? null : stored(NoticeText, stored(Signed, text).text);
}

async function recipient(store: Store, row: PostRow): Promise<Recipient | undefined> {
	if (row.recipient !== null) return stored(Recipient, row.recipient);
	const query = store.selectFrom('contacts').selectAll().where('place', '=', row.place);
	const contact = await query.executeTakeFirst();
	const address = contact && addressOf(contact, row.way);
	return contact && address ? recipientOf(contact, address) : undefined;
}

/**
 * A message as it would be sent right now; `undefined` when its session is gone, `'notice'` when the
 * notice about recording cannot be read: without it nothing may be sent; `'host'` for a reminder that
 * nobody asked for, of a session whose host has left the practice.
 */
export async function addressed(
	store: Store,
	address: string,
	row: PostRow,
): Promise<Addressed | Unsendable | undefined> {
	const session = await store
		.selectFrom('sessions')
		.innerJoin('members', 'members.id', 'sessions.host')
		.select([
			'sessions.starts_at',
			'sessions.minutes',
			'sessions.notice',
			'sessions.state',
			'members.name',
			'members.active',
		])
		.where('sessions.id', '=', row.session)
		.executeTakeFirst();
	if (!session) return undefined;
	if (row.before !== null && session.active === 0) return 'host';
	let notice: NoticeWords | null;
	try {
		notice = noticeOf(session.notice);
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof v.ValiError) return 'notice';
		throw error;
	}
	const to = await recipient(store, row);
	const letter: Letter = {
		kind: row.kind,
		practice: (await practiceOf(store)).name,
		host: session.name,
		startsAt: session.starts_at,
		minutes: session.minutes,
		link: `${address}/j/${row.place}`,
		notice,
		language: to?.language ?? 'en',
		timeZone: to?.timeZone ?? 'UTC',
	};
	const open = session.state === 'planned' || session.state === 'open';
	return { to: to?.address ?? null, letter, open };
}
