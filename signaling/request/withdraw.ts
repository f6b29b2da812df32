import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { stored } from '../parse.ts';
import { Bytes32, Signed } from '../protocol/text.ts';
import type { RequestRow } from '../store/rows/requests.ts';

/** Who takes a request back: whoever signs it with a key of her visit, or her account. */
export type Withdrawing =
	| { readonly subject: string; readonly signed: Signed }
	| { readonly member: string };

const Subject = v.object({ subject: Bytes32 });

/**
 * Whether these keys signed the request, or this account made it. Whoever holds the link has a key of the place as well, and
 * what staff entered is of nobody's key: it is withdrawn as it came.
 */
function isOwn({ content, member }: RequestRow, by: Withdrawing): boolean {
	if ('member' in by) return member === by.member;
	if (content === null) return false;
	const text: unknown = JSON.parse(stored(Signed, content).text);
	const asked = v.safeParse(Subject, text);
	return asked.success && asked.output.subject === by.subject;
}

/**
 * She asks no more. Throws `not-found` for a request from another place, `forbidden` for one that she did not make so herself,
 * `conflict` when it was answered already.
 */
export async function takeBack(
	{ store, clock, history }: Context,
	wish: { id: string; place: string; by: Withdrawing },
): Promise<void> {
	const { id, place, by } = wish;
	await store.transaction().execute(async (db) => {
		const row = await db
			.selectFrom('requests')
			.selectAll()
			.where('id', '=', id)
			.where('place', '=', place)
			.executeTakeFirst();
		if (!row) throw new ServerError('not-found');
		if (!isOwn(row, by)) throw new ServerError('forbidden');
		if (row.close_reason === 'withdrawn') return;
		if (row.state !== 'open') throw new ServerError('conflict');
		await db
			.updateTable('requests')
			.set({ state: 'declined', closed_at: clock.now(), close_reason: 'withdrawn' })
			.where('id', '=', id)
			.execute();
		const who = 'member' in by ? { who: by.member } : { who: place, signed: by.signed };
		const { session } = row;
		await history.add(db, { act: 'request-withdrawn', ...who, session, about: id });
	});
}
