import type { Clock } from './clock.ts';
import type { Act, HistoryPage, HistoryRow } from './protocol/sessions.ts';
import type { Store, StoreTransaction } from './store/database.ts';
import { prepared } from './store/prepared.ts';

export interface Entry {
	act: Act;
	/** A member, a seat or a place. */
	who?: string;
	/** Null for a recording that was made in none. */
	session?: string | null;
	recording?: string;
	/** What else it is about: a share, a member whose access it was, a request. */
	about?: string;
	/** The request that said so: asked again, it is not written again. */
	request?: string;
}

export interface HistoryWish {
	from: number;
	to: number;
	before: number;
	host?: string;
	/** Also what was done with the practice itself. */
	practice?: boolean;
	max: number;
}

const insertRow = prepared((db) =>
	db
		.insertInto('history')
		.values({
			n: 0,
			at: 0,
			act: 'left',
			who: '',
			session: '',
			recording: '',
			about: '',
			request: '',
		})
		.onConflict((it) => it.column('request').doNothing()),
);

/** What was done, in order. Ids only. */
export class History {
	readonly #clock: Clock;
	#n: number;

	private constructor(clock: Clock, n: number) {
		this.#clock = clock;
		this.#n = n;
	}

	static async open(store: Store, clock: Clock): Promise<History> {
		const { n } = await store
			.selectFrom('history')
			.select((it) => it.fn.max('n').as('n'))
			.executeTakeFirstOrThrow();
		return new History(clock, n ?? 0);
	}

	/** Adds a row in the same transaction as what it tells of. */
	async add(db: StoreTransaction | Store, entry: Entry): Promise<void> {
		this.#n += 1;
		const { act, who = null, session = null, recording = null } = entry;
		const { about = null, request = null } = entry;
		const at = this.#clock.now();
		await insertRow(db, this.#n, at, act, who, session, recording, about, request);
	}
}

/** A link that is opened again and again is written down once in this time. */
const openedEveryMs = 60_000;
/** And so often in all, so that whoever has a link cannot push everything else out of sight. */
const openedMax = 64;

/** So often the line of one person breaks before it is not written down any more. */
const lostMax = 64;

/** Writes down that the line of somebody in a call broke. */
export async function addLost(
	history: History,
	db: StoreTransaction,
	{ place, session }: { place: string; session: string },
): Promise<void> {
	const { count } = await linesOf(db, place, session)
		.select((it) => it.fn.countAll<number>().as('count'))
		.where('act', '=', 'lost')
		.executeTakeFirstOrThrow();
	if (count < lostMax) await history.add(db, { act: 'lost', who: place, session });
}

/** Writes down that she came back, unless nobody knew that she had gone. */
export async function addReturned(
	history: History,
	db: StoreTransaction,
	{ place, session }: { place: string; session: string },
): Promise<void> {
	const last = await linesOf(db, place, session)
		.select('act')
		.where('act', 'in', ['lost', 'returned'])
		.orderBy('n', 'desc')
		.limit(1)
		.executeTakeFirst();
	if (last?.act === 'lost') await history.add(db, { act: 'returned', who: place, session });
}

const linesOf = (db: StoreTransaction, place: string, session: string) =>
	db.selectFrom('history').where('session', '=', session).where('who', '=', place);

/** Writes down that somebody's browser read what her link leads to. */
export async function addLinkOpened(
	context: { store: Store; clock: Clock; history: History },
	{ place, session }: { place: string; session: string },
): Promise<void> {
	const { store, clock, history } = context;
	await store.transaction().execute(async (db) => {
		const { last, count } = await db
			.selectFrom('history')
			.select((it) => [it.fn.max('at').as('last'), it.fn.countAll<number>().as('count')])
			.where('session', '=', session)
			.where('who', '=', place)
			.where('act', '=', 'link-opened')
			.executeTakeFirstOrThrow();
		if (count >= openedMax || (last !== null && clock.now() - last < openedEveryMs)) return;
		await history.add(db, { act: 'link-opened', who: place, session });
	});
}

/** What is done with the practice and not in a session. */
const practiceActs: readonly Act[] = [
	'settings-changed',
	'extension-paired',
	'extension-removed',
	'colleague-invited',
	'colleague-joined',
	'colleague-confirmed',
	'colleague-deactivated',
	'role-changed',
	'keys-changed',
];

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
		.select([
			'history.n',
			'history.at',
			'history.act',
			'history.who',
			'history.session',
			'history.recording',
			'history.about',
		])
		.where('history.at', '>=', from)
		.where('history.at', '<=', to)
		.where('history.n', '<', before)
		.where((it) =>
			it.or([
				it('sessions.id', 'is not', null),
				...(practice ? [it('history.act', 'in', practiceActs)] : []),
			]),
		)
		.orderBy('history.n', 'desc')
		.limit(max + 1);
	if (host !== undefined) query = query.where('sessions.host', '=', host);
	const found = await query.execute();
	const rows = found.slice(0, max);
	return {
		rows: rows.map(({ at, act, who, session, recording, about }) => ({
			at,
			act,
			who,
			session,
			recording,
			about,
		})),
		before: found.length > max ? (rows.at(-1)?.n ?? null) : null,
	};
}

/** The newest rows about one session or one recording, oldest first. */
export async function readHistory(
	store: Store,
	about: { session: string } | { recording: string },
	max: number,
): Promise<HistoryRow[]> {
	const [column, id] =
		'session' in about
			? (['session', about.session] as const)
			: (['recording', about.recording] as const);
	const rows = await store
		.selectFrom('history')
		.select(['at', 'act', 'who', 'session', 'recording', 'about'])
		.where(column, '=', id)
		.orderBy('n', 'desc')
		.limit(max)
		.execute();
	return rows.toReversed();
}
