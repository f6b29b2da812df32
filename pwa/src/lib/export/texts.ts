import type { Signed } from '#crypto/identity/signed.ts';
import { m } from '#lib/paraglide/messages.js';
import { account } from '#lib/account/account.svelte.ts';
import { RecordingsApi } from '#lib/record/api.ts';
import type { Opened } from '#lib/recordings/store.ts';
import { address } from '#lib/net/origin.ts';
import type { Act, HistoryRow } from '#protocol/sessions.ts';
import { type CopyText, signedText } from './copy.ts';
import { receiptsOf, signedManifest } from './evidence.ts';
import { provenHistory } from './logged.ts';

const mediatype = 'application/json';
const json = (value: unknown): string => `${JSON.stringify(value, null, '\t')}\n`;

/** The store as this member may read it. */
export function copyApi(): RecordingsApi {
	return new RecordingsApi({
		origin: new URL(address('/')).origin,
		token: (stale) => account.token(stale !== undefined),
	});
}

const text = (file: string, purpose: string, what: string, content: string): CopyText => ({
	file,
	purpose,
	what,
	mediatype,
	text: content,
});

/** What members did to a recording as a whole: such rows have the id of nobody who was recorded. */
const ofThePractice: ReadonlySet<Act> = new Set([
	'recording-started',
	'recording-ended',
	'recording-finished',
	'recording-recovered',
	'relocked',
	'exported',
	'retention-set',
	'hold-placed',
	'hold-released',
]);
const namesNobody = ({ act, about }: HistoryRow): boolean =>
	ofThePractice.has(act) && about === null;

/**
 * The signed texts of a copy. Of the whole: what the recorder signed, everybody's consent, what was done with it and the proofs that the log has it. Of one
 * person's part her own consent, the notice that she was shown and what the practice did with the whole: the manifest and the rest
 * of the history name everybody, so they stay away.
 */
export async function copyTexts(options: {
	opened: Opened;
	people: ReadonlySet<string>;
	whole: boolean;
	history: readonly HistoryRow[];
	api: RecordingsApi;
	signal: AbortSignal;
}): Promise<CopyText[]> {
	const { opened, people, whole, history, api, signal } = options;
	const { manifest, recording, keys } = opened;
	const chosen = manifest.people.filter(({ id }) => people.has(String(id)));
	const receipts: Signed[] = await receiptsOf(manifest, chosen);
	const { notice } = manifest.evidence;
	const source = (object: { track: string; part: number; bytes: number }) =>
		api.objectBytes({ recording: recording.id, ...object }, signal);
	const texts = [
		text('consents.json', 'consent', m.requests_copy_consents(), json(receipts)),
		...(notice
			? [text('notice.json', 'notice', m.requests_copy_notice(), signedText(notice))]
			: []),
	];
	if (!whole) {
		const own = await provenHistory(history.filter(namesNobody), signal);
		return [...texts, text('history.json', 'history', m.requests_copy_history(), json(own))];
	}
	const signed = await signedManifest({ recording, manifest, keys, source });
	const logged = await provenHistory(history, signal);
	return [
		text('manifest.json', 'manifest', m.requests_copy_manifest(), signedText(signed)),
		...texts,
		text('history.json', 'history', m.requests_copy_history(), json(logged)),
	];
}
