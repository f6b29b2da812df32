import type { HistoryRow } from '#protocol/sessions.ts';
import { csvOf } from './csv.ts';

/** A session as far as the reader of a history knows it. */
export interface KnownSession {
	readonly id: string;
	readonly startsAt: number;
	readonly places: readonly { readonly id: string; readonly name: string }[];
}

/** One row of the history with the names put in. */
export interface Entry extends HistoryRow {
	/** Who did it, or to whom it was done; `undefined` where the reader does not know. */
	readonly name: string | undefined;
	/** Names of all that were invited to the session. */
	readonly people: readonly string[];
	/** Their places: two may have one name. */
	readonly places: KnownSession['places'];
	readonly startsAt: number | undefined;
}

export function entriesOf(
	rows: readonly HistoryRow[],
	sessions: ReadonlyMap<string, KnownSession>,
	memberName: (id: string) => string | undefined,
): Entry[] {
	return rows.map((row) => {
		const session = row.session === null ? undefined : sessions.get(row.session);
		const place = session?.places.find(({ id }) => id === row.who);
		const name = place?.name ?? (row.who === null ? undefined : memberName(row.who));
		const places = session?.places ?? [];
		const people = places.map((one) => one.name);
		return { ...row, name, people, places, startsAt: session?.startsAt };
	});
}

/** Everybody that was invited, each name once, as a list to choose from. */
export function peopleIn(entries: readonly Entry[]): string[] {
	const names = new Set(entries.flatMap(({ people }) => people));
	return [...names].toSorted((a, b) => a.localeCompare(b));
}

/** What one person did and what was done to her, and what concerned the whole of her sessions. */
export function about(entries: readonly Entry[], person: string): Entry[] {
	return entries.filter(
		({ name, people }) =>
			people.includes(person) && (name === person || name === undefined || !people.includes(name)),
	);
}

/** Which share a row tells of, by id; undefined for every other act. */
export function whichShare(row: Pick<HistoryRow, 'act' | 'about'>): string | undefined {
	const tells = row.act === 'shared' || row.act.startsWith('share-');
	return tells ? (row.about ?? undefined) : undefined;
}

const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "2026-11-22 15:04:05", as clocks in the viewer's time zone showed it. */
function localText(at: number): string {
	// Swedish dates are written as ISO 8601 writes them.
	return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' }).format(at);
}

export interface Words {
	/** Names of the columns: local time, UTC, name, what happened, session, recording. */
	readonly columns: (zone: string) => readonly string[];
	readonly sentence: (entry: Entry) => string;
}

/** For a spreadsheet: one line a row, times in the viewer's zone and in UTC. */
export function historyCsv(entries: readonly Entry[], words: Words): string {
	const lines = entries.map((entry) => [
		localText(entry.at),
		new Date(entry.at).toISOString(),
		entry.name ?? '',
		words.sentence(entry),
		entry.session ?? '',
		entry.recording ?? '',
	]);
	return csvOf([words.columns(zone()), ...lines]);
}

/** For a program: the acts by their fixed names, times in UTC. */
export function historyJson(entries: readonly Entry[], words: Words): string {
	const rows = entries.map((entry) => ({
		at: new Date(entry.at).toISOString(),
		local: localText(entry.at),
		act: entry.act,
		sentence: words.sentence(entry),
		name: entry.name ?? null,
		who: entry.who,
		session: entry.session,
		recording: entry.recording,
		about: entry.about,
	}));
	return `${JSON.stringify({ zone: zone(), rows }, null, '\t')}\n`;
}
