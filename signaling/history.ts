import type { Clock } from './clock.ts';
import type { Act, HistoryRow } from './protocol/sessions.ts';
import type { Store, StoreTransaction } from './store/database.ts';
import { prepared } from './store/prepared.ts';

export interface Entry {
	act: Act;
	/** A member, a seat or a place. */
	who?: string;
	session?: string;
	recording?: string;
	/** The request that said so: asked again, it is not written again. */
	request?: string;
}

const insertRow = prepared((db) =>
	db
		.insertInto('history')
		.values({ n: 0, at: 0, act: 'left', who: '', session: '', recording: '', request: '' })
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
		const { act, who = null, session = null, recording = null, request = null } = entry;
		await insertRow(db, this.#n, this.#clock.now(), act, who, session, recording, request);
	}
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
		.select(['at', 'act', 'who', 'session', 'recording'])
		.where(column, '=', id)
		.orderBy('n', 'desc')
		.limit(max)
		.execute();
	return rows.toReversed();
}
