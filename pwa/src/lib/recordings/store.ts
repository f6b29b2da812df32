import { account } from '#lib/account/account.svelte.ts';
import { signWish } from '#lib/deletion/wish.ts';
import { fetchWhole } from '#lib/history/whole.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { address } from '#lib/net/origin.ts';
import { signAct } from '#lib/proof/act.ts';
import { proof } from '#lib/proof/proof.svelte.ts';
import { RecordingsApi } from '#lib/record/api.ts';
import { BriefPage, WholeRows } from '#protocol/briefs.ts';
import { Recording, Tombstones } from '#protocol/recordings.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import { type Opener, type TrackKeys, openTrackKeys } from './keys.ts';
import { type Vouched, readManifest } from './manifest.ts';
import { dropRow } from './shown.ts';

/** A recording whose keys and words were opened on this device. */
export interface Opened extends Vouched {
	readonly recording: Recording;
	readonly keys: TrackKeys;
}

const pathOf = (id: string): string => `/api/recordings/${id}`;

/** One page of the recordings that began between two moments, newest first; `next` asks for the one behind it. Throws `ApiError`. */
export async function fetchBriefs(span: {
	from: number;
	to: number;
	after: string | null;
}): Promise<BriefPage> {
	const { from, to, after } = span;
	const behind = after === null ? '' : `&after=${after}`;
	return fetchJson(BriefPage, { path: `/api/recordings/briefs?from=${from}&to=${to}${behind}` });
}

/** Whole rows of these recordings and their notes, in no order, without those that are not there. Throws `ApiError`. */
export async function fetchRows(ids: readonly string[]): Promise<WholeRows> {
	return fetchJson(WholeRows, { method: 'POST', path: '/api/recordings/rows', body: { ids } });
}

/** Ids of what was deleted. Throws `ApiError`. */
export async function fetchTombstones(): Promise<string[]> {
	const { tombstones } = await fetchJson(Tombstones, { path: '/api/tombstones' });
	return tombstones.map(({ recording }) => recording);
}

/** One recording as the server knows it. Throws `ApiError`; `gone` when it was deleted. */
export async function fetchRecording(id: string): Promise<Recording> {
	return fetchJson(Recording, { path: pathOf(id) });
}

/** What this device opens grants with. Throws `locked`. */
export function opener(): Opener {
	const { practice, member, identity, former, members } = account;
	const { records, oldRecords } = practice;
	const identities = new Map([
		[member.id, [identity, ...former.map((before) => before.identity)]],
		[practice.id, [...(records ? [records] : []), ...oldRecords]],
	]);
	return { identities, members };
}

/** Opens keys and words of a recording. Throws as `openTrackKeys`, `readManifest` and `ApiError`. */
export async function openRecording(recording: Recording, signal?: AbortSignal): Promise<Opened> {
	const { id, grants } = recording;
	const mine = opener();
	const keys = await openTrackKeys({ recording: id, grants, opener: mine });
	// Whoever granted it was shown a history too: it has to be this one.
	for (const { head } of grants) if (head !== undefined) void proof.inCall.compare(head);
	const api = new RecordingsApi({
		origin: new URL(address('/')).origin,
		token: (stale) => account.token(stale !== undefined),
	});
	const vouched = await readManifest({
		recording,
		keys,
		members: mine.members,
		source: (object) => api.objectBytes({ recording: id, ...object }, signal),
	});
	return { ...vouched, recording, keys };
}

/** Tells the history that this member opened it. */
export async function tellOpened(id: string): Promise<void> {
	const signed = await signAct({ act: 'opened', recording: id });
	await request({ method: 'POST', path: `${pathOf(id)}/opened`, body: { signed } });
}

/** Tells the history that this member plays it. */
export async function tellPlayed(id: string): Promise<void> {
	const signed = await signAct({ act: 'played', recording: id });
	await request({ method: 'POST', path: `${pathOf(id)}/played`, body: { signed } });
}

/** Grants, then objects, then a tombstone; this member signs that she wants it. Throws `ApiError`. */
export async function deleteRecording(id: string): Promise<void> {
	const wish = await signWish(id);
	await request({ method: 'DELETE', path: pathOf(id), body: { wish } });
	dropRow(id);
}

/** What was done with a recording and in its session, oldest first, each once. */
export async function fetchHistory(recording: Recording): Promise<HistoryRow[]> {
	// What others did is not for a participant.
	if (account.member.role === 'participant-only') return [];
	const { id, session } = recording;
	const paths = [`${pathOf(id)}/history`];
	if (session !== null) paths.push(`/api/sessions/${session}/history`);
	const lists = await Promise.all(paths.map((path) => fetchWhole(path)));
	const rows = new Map(
		lists
			.flat()
			.filter((row) => row.recording === null || row.recording === id)
			.map((row) => [JSON.stringify(row), row]),
	);
	return [...rows.values()].toSorted((a, b) => a.at - b.at);
}
