import * as v from 'valibot';
import type { Act, HistoryPage, HistoryRow } from '../protocol/sessions.ts';
import { Signed } from '../protocol/text.ts';
import { parse, stored } from '../parse.ts';
import type { Store } from '../store/database.ts';
import type { Row } from './leaf.ts';

export interface HistoryWish {
	from: number;
	to: number;
	before: number;
	host?: string;
	/** Also what was done with the practice itself. */
	practice?: boolean;
	max: number;
}

/** What is done with the practice and not in a session. */
const practiceActs: readonly Act[] = [
	'settings-changed',
	'retention-policy-changed',
	'extension-paired',
	'extension-removed',
	'colleague-invited',
	'colleague-joined',
	'colleague-confirmed',
	'colleague-deactivated',
	'role-changed',
	'keys-changed',
	'keys-rotated',
	'erased',
	'keys-asked',
	'keys-taken-back',
];

/** A row as its readers get it, with what its leaf hashes besides. */
export function viewRow(row: Row): HistoryRow {
	const { n, at, act, who, session, recording, about, reason, signed, salt, of } = row;
	return {
		n,
		at,
		act,
		who,
		session,
		recording,
		about,
		reason,
		signed: signed === null ? null : stored(Signed, signed),
		leaf: { salt, of, reason: row.reason_hash, signed: row.signed_hash },
	};
}

/**
 * Rows about sessions between two moments, the newest first, from before row `before`; `host` = only of
 * sessions of this member.
 */
export async function pageOfHistory(
	store: Store,
	{ from, to, before, host, practice = false, max }: HistoryWish,
): Promise<HistoryPage> {
	let query = store
		.selectFrom('history')
		.leftJoin('sessions', 'sessions.id', 'history.session')
		.selectAll('history')
		.where('history.at', '>=', from)
		.where('history.at', '<=', to)
		.where('history.n', '<', before)
		.where((it) =>
			it.or([
				it('sessions.id', 'is not', null),
				// What was captured from a tab was in no session.
				...(practice
					? [
							it('history.act', 'in', practiceActs),
							it('history.recording', 'is not', null),
							// Whose it was, nobody knows any more.
							it.and([it('history.salt', 'is', null), it('history.of', '!=', '')]),
						]
					: []),
			]),
		)
		.orderBy('history.n', 'desc')
		.limit(max + 1);
	if (host !== undefined) query = query.where('sessions.host', '=', host);
	const found = await query.execute();
	const rows = found.slice(0, max);
	return {
		rows: rows.map(viewRow),
		before: found.length > max ? (rows.at(-1)?.n ?? null) : null,
	};
}

type About = { session: string } | { recording: string };

/** The newest rows about one session or one recording from before row `before`, oldest first. */
export async function readHistory(
	store: Store,
	about: About,
	{ max, before = Number.MAX_SAFE_INTEGER }: { max: number; before?: number },
): Promise<HistoryRow[]> {
	const [column, id] =
		'session' in about
			? (['session', about.session] as const)
			: (['recording', about.recording] as const);
	const rows = await store
		.selectFrom('history')
		.selectAll()
		.where(column, '=', id)
		.where('n', '<', before)
		.orderBy('n', 'desc')
		.limit(max)
		.execute();
	return rows.map(viewRow).toReversed();
}

/** Rows of one page about one session or one recording. */
const pageRows = 1000;
const Query = v.object({
	before: v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number))),
});

/** The page of rows about one session or one recording that a query asks for, oldest first. Throws `bad-request`. */
export async function pageAbout(store: Store, about: About, query: unknown): Promise<HistoryPage> {
	const { before } = parse(Query, query);
	const last = before === undefined ? {} : { before };
	const rows = await readHistory(store, about, { max: pageRows + 1, ...last });
	const page = rows.slice(-pageRows);
	return { rows: page, before: rows.length > page.length ? (page[0]?.n ?? null) : null };
}
