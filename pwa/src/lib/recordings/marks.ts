import type { Mark } from '#lib/play/aids.svelte.ts';
import type { HistoryRow } from '#protocol/sessions.ts';

/** What of a row is needed. */
export type Said = Pick<HistoryRow, 'at' | 'act' | 'who'>;

/** Acts by which somebody changes whether she may be recorded. */
const acts: ReadonlySet<string> = new Set(['consented', 'withdrew', 'declined']);

/** What people said about being recorded while it ran, where the server noted the time. `words` gives the sentence. */
export function consentMarks(
	recording: { history: readonly Said[]; startedAt: number; durationMs: number },
	words: (row: Said) => string,
): Mark[] {
	const { history, startedAt, durationMs } = recording;
	return history.flatMap((row): Mark[] => {
		const atMs = row.at - startedAt;
		if (!acts.has(row.act) || atMs < 0 || atMs > durationMs) return [];
		const id = `${row.act} ${row.who ?? ''} ${row.at}`;
		return [{ id, atMs, kind: 'consent', text: words(row) }];
	});
}
