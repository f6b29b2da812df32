import { fetchJson } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { Opener, fetchOne, fetchRoll } from '#lib/sessions/roll.ts';
import { HistoryPage, type HistoryRow } from '#protocol/sessions.ts';
import { type KnownSession, about, entriesOf, peopleIn } from './entries.ts';
import { memberName } from './members.ts';
import { fetchWhole } from './whole.ts';

/** Pages of a span that are read at most. */
const pagesMax = 40;
const dayMs = 24 * 60 * 60_000;
/** Sessions are made, and people invited, before they begin. */
const aheadMs = 200 * dayMs;
const openedAtOnce = 20;

interface Read {
	readonly rows: readonly HistoryRow[];
	readonly sessions: ReadonlyMap<string, KnownSession>;
}

/** What was done in this member's sessions, with the names put in on this device. */
export class Histories {
	#read = $state.raw<Read>({ rows: [], sessions: new Map() });
	/** All that was read, the newest first. */
	readonly entries = $derived(entriesOf(this.#read.rows, this.#read.sessions, memberName));
	/** Only what concerns this person. */
	person = $state('');
	loading = $state(true);
	/** There is more than could be read at once. */
	more = $state(false);
	failure = $state.raw<unknown>();
	readonly people = $derived(peopleIn(this.entries));
	readonly shown = $derived(this.person === '' ? this.entries : about(this.entries, this.person));
	readonly #opener = new Opener();
	#loads = 0;

	/** Reads what was done between two moments. */
	loadSpan(from: number, to: number): Promise<void> {
		return this.#load(async () => {
			const rows = await this.#pages(from, to);
			const roll = await fetchRoll(from - dayMs, to + aheadMs, { everybody: true });
			return { rows, sessions: await this.#open(rows, roll) };
		});
	}

	/** Reads what was done in one session; `place` chooses whose history is shown. */
	loadSession(id: string, place: string | null): Promise<void> {
		return this.#load(async () => {
			const path = `/api/sessions/${id}/history`;
			const [rows, row] = await Promise.all([fetchWhole(path), fetchOne(id)]);
			const sessions = await this.#open(rows, [row]);
			this.person = sessions.get(id)?.places.find((one) => one.id === place)?.name ?? '';
			return { rows: rows.toReversed(), sessions };
		});
	}

	async #load(read: () => Promise<Read>): Promise<void> {
		const load = ++this.#loads;
		this.loading = true;
		try {
			const found = await read();
			if (load !== this.#loads) return;
			this.#read = found;
			this.failure = undefined;
		} catch (error) {
			if (load !== this.#loads) return;
			this.failure = error;
		}
		this.loading = false;
	}

	async #pages(from: number, to: number): Promise<HistoryRow[]> {
		const all: HistoryRow[] = [];
		let next = '';
		for (let page = 0; page < pagesMax; page++) {
			const path = `/api/history?from=${from}&to=${to}${next}`;
			const { rows, before } = await fetchJson(HistoryPage, { path });
			all.push(...rows);
			this.more = before !== null;
			if (before === null) break;
			next = `&before=${before}`;
		}
		return all;
	}

	/** Opens the sessions that these rows speak of; those that are not for this member stay closed. */
	async #open(
		rows: readonly HistoryRow[],
		roll: Awaited<ReturnType<typeof fetchRoll>>,
	): Promise<Map<string, KnownSession>> {
		const stored = new Map(roll.map((row) => [row.id, row]));
		const ids = [...new Set(rows.flatMap(({ session }) => session ?? []))];
		const known = new Map<string, KnownSession>();
		for (let at = 0; at < ids.length; at += openedAtOnce)
			await Promise.all(
				ids.slice(at, at + openedAtOnce).map(async (id) => {
					const row = stored.get(id) ?? (await fetchOne(id).catch(missing));
					const session = row && (await this.#opener.open(row));
					if (session) known.set(id, session);
				}),
			);
		return known;
	}
}

/** A session that is gone has rows still. Throws everything else. */
function missing(error: unknown): undefined {
	if (!isApiError(error, 'not-found')) throw error;
}
