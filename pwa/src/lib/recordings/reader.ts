import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import type { Brief } from '#protocol/briefs.ts';
import { wholeRowsMax } from '#protocol/briefs.ts';
import type { RecordingRow } from '#protocol/recordings.ts';
import { writeAnnotation } from './annotations.ts';
import { type TrackKeys, openTrackKeys } from './keys.ts';
import type { Shelved } from './shelf.ts';
import { fetchRecording, fetchRows, openRecording, opener } from './store.ts';
import { openSummary, summaryOf } from './summary.ts';

/** How many recordings are opened at once. */
const openAtOnce = 4;

/** What came of reading one recording. */
export type Read = { readonly shelved: Shelved } | { readonly failure: unknown };

/** Whether what was read of a recording is still what the server has of it. */
export function isCurrent(known: Shelved | undefined, brief: Brief): boolean {
	if (!known) return false;
	return known.version >= brief.summary && known.finished === (brief.state === 'finished');
}

/**
 * Reads what is new, newest first: the summary where there is one, else the recording's own text, of which a summary is
 * written then for the next time. Tells of each batch; ends early when `signal` is aborted. Throws `ApiError` when the
 * rows cannot be had.
 */
export async function readAll(
	briefs: readonly Brief[],
	options: { signal: AbortSignal; onRead: (read: ReadonlyMap<string, Read>) => void },
): Promise<void> {
	const { signal, onRead } = options;
	for (let at = 0; at < briefs.length && !signal.aborted; at += wholeRowsMax) {
		const asked = briefs.slice(at, at + wholeRowsMax).map(({ id }) => id);
		const rows = await fetchRows(asked);
		const read = new Map<string, Read>();
		const waiting = [...rows];
		const work = async (): Promise<void> => {
			for (let row = waiting.shift(); row && !signal.aborted; row = waiting.shift())
				read.set(row.id, await readOne(row, signal));
		};
		await Promise.all(Array.from({ length: openAtOnce }, work));
		onRead(read);
	}
}

async function readOne(row: RecordingRow, signal: AbortSignal): Promise<Read> {
	try {
		return { shelved: (await readSummary(row)) ?? (await readWhole(row, signal)) };
	} catch (failure) {
		return { failure };
	}
}

async function readSummary(row: RecordingRow): Promise<Shelved | undefined> {
	const { id: recording, grants, summary: shown } = row;
	if (!shown || row.state !== 'finished') return undefined;
	const { members } = account;
	try {
		const keys = await openTrackKeys({ recording, grants, opener: opener() });
		const summary = await openSummary({ recording, keys, members, shown });
		return summary && { version: shown.version, finished: true, summary };
	} catch (error) {
		if (error instanceof CryptoError && error.code !== 'not-a-recipient') return undefined;
		throw error;
	}
}

async function readWhole(row: RecordingRow, signal: AbortSignal): Promise<Shelved> {
	const finished = row.state === 'finished';
	const { manifest, keys } = await openRecording(await fetchRecording(row.id), signal);
	const summary = summaryOf(manifest, { finished });
	const before = row.summary?.version ?? 0;
	if (finished) await offer({ recording: row.id, keys, before, summary });
	return { version: finished ? before + 1 : 0, finished, summary };
}

/** Leaves the summary for others and for the next time; that it cannot be left hinders nobody. */
async function offer(options: {
	recording: string;
	keys: TrackKeys;
	before: number;
	summary: Shelved['summary'];
}): Promise<void> {
	if (account.member.role === 'participant-only') return;
	const { recording, keys, before, summary } = options;
	try {
		await writeAnnotation({ recording, kind: 'summary', keys, before, body: summary });
	} catch (error) {
		if (!isApiError(error) && !(error instanceof CryptoError)) throw error;
	}
}
