import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { type Brief, type WholeRows, wholeRowsMax } from '#protocol/briefs.ts';
import type { RecordingRow } from '#protocol/recordings.ts';
import { openShown, writeAnnotation } from './annotations.ts';
import { Notes } from './beside.ts';
import { type TrackKeys, openTrackKeys } from './keys.ts';
import { type Shelf, type Shelved, notesCharsMax } from './shelf.ts';
import { fetchRecording, fetchRows, openRecording, opener } from './store.ts';
import { Summary, summaryOf } from './summary.ts';

/** How many recordings are opened at once. */
const openAtOnce = 4;

/** What came of reading one recording. */
export type Read = { readonly shelved: Shelved } | { readonly failure: unknown };

/** Whether what was read of a recording is what the server has of it. */
export function isCurrent(known: Shelved | undefined, brief: Brief): boolean {
	if (!known) return false;
	const same = known.version === brief.summary && known.notes.version === brief.notes;
	return same && known.finished === (brief.state === 'finished');
}

/**
 * Reads what is new, newest first: the summary where there is one, else the recording's own text, of which a summary is
 * written then for the next time; and the notes. `known` = what was read before: nothing that is older than it is
 * believed. Tells of each batch; ends early when `signal` is aborted. Throws `ApiError` when the rows cannot be had.
 */
export async function readAll(
	briefs: readonly Brief[],
	options: {
		known: Shelf;
		signal: AbortSignal;
		onRead: (read: ReadonlyMap<string, Read>) => Promise<void>;
	},
): Promise<void> {
	const { known, signal, onRead } = options;
	for (let at = 0; at < briefs.length && !signal.aborted; at += wholeRowsMax) {
		const asked = briefs.slice(at, at + wholeRowsMax).map(({ id }) => id);
		const { recordings, notes } = await fetchRows(asked);
		const notesOf = new Map(notes.map((one) => [one.recording, one]));
		const read = new Map<string, Read>();
		const waiting = [...recordings];
		const work = async (): Promise<void> => {
			for (let row = waiting.shift(); row && !signal.aborted; row = waiting.shift()) {
				const beside = { notes: notesOf.get(row.id), known: known.get(row.id), signal };
				read.set(row.id, await readOne(row, beside));
			}
		};
		await Promise.all(Array.from({ length: openAtOnce }, work));
		await onRead(read);
	}
}

/** What is known of a recording besides its row. */
interface Known {
	readonly notes: Shown | undefined;
	readonly known: Shelved | undefined;
	readonly signal: AbortSignal;
}
type Shown = Pick<WholeRows['notes'][number], 'version' | 'sealed'>;

/** A summary, and which version of it the server has. */
interface ReadSummary {
	readonly version: number;
	readonly summary: Summary;
}

async function readOne(row: RecordingRow, beside: Known): Promise<Read> {
	try {
		const { id: recording, grants } = row;
		const { known, signal } = beside;
		const keys = await openTrackKeys({ recording, grants, opener: opener() });
		const { version, summary } =
			(await readSummary(row, { keys, known })) ?? (await readWhole(row, signal));
		const { text, ...notes } = await readNotes(row, { ...beside, keys });
		const shelved: Shelved = {
			version,
			seen: Math.max(version, known?.seen ?? 0),
			notes,
			finished: row.state === 'finished',
			summary: { ...summary, notes: text },
		};
		return { shelved };
	} catch (failure) {
		return { failure };
	}
}

/** The summary as the server shows it; undefined where it shows none that can be believed. */
async function readSummary(
	row: RecordingRow,
	{ keys, known }: { keys: TrackKeys; known: Shelved | undefined },
): Promise<ReadSummary | undefined> {
	const { id: recording, summary: shown } = row;
	if (!shown || row.state !== 'finished' || shown.version < (known?.seen ?? 0)) return undefined;
	const place = { recording, kind: 'summary', keys, schema: Summary } as const;
	try {
		const { body } = await openShown({ ...place, shown, members: account.members });
		return { version: shown.version, summary: body };
	} catch (error) {
		if (error instanceof CryptoError) return undefined;
		throw error;
	}
}

async function readWhole(row: RecordingRow, signal: AbortSignal): Promise<ReadSummary> {
	const finished = row.state === 'finished';
	const { manifest, keys } = await openRecording(await fetchRecording(row.id), signal);
	const summary = summaryOf(manifest, { finished });
	const before = row.summary?.version ?? 0;
	const left = finished && (await offer({ recording: row.id, keys, before, summary }));
	return { version: left ? before + 1 : before, summary };
}

/** The notes as a search reads them. Older ones than were read here before are not believed: those of before stay. */
async function readNotes(
	{ id: recording }: RecordingRow,
	{ notes: shown, known, keys }: Known & { keys: TrackKeys },
): Promise<{ version: number; seen: number; text: string }> {
	const seen = known?.notes.seen ?? 0;
	if (!shown) return { version: 0, seen, text: '' };
	const { version } = shown;
	const before = { version, seen, text: known?.summary.notes ?? '' };
	if (version < seen) return before;
	const place = { recording, kind: 'notes', keys, schema: Notes } as const;
	try {
		const { body } = await openShown({ ...place, shown, members: account.members });
		const text = body.items.map((note) => note.text).join('\n');
		return { version, seen: version, text: text.slice(0, notesCharsMax) };
	} catch (error) {
		if (error instanceof CryptoError) return before;
		throw error;
	}
}

/** Leaves the summary for others and for the next time. False where it cannot be left, which hinders nobody. */
async function offer(options: {
	recording: string;
	keys: TrackKeys;
	before: number;
	summary: Summary;
}): Promise<boolean> {
	if (account.member.role === 'participant-only') return false;
	const { recording, keys, before, summary } = options;
	try {
		await writeAnnotation({ recording, kind: 'summary', keys, before, body: summary });
		return true;
	} catch (error) {
		if (!isApiError(error) && !(error instanceof CryptoError)) throw error;
		return false;
	}
}
