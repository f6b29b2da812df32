import { account } from '#lib/account/account.svelte.ts';
import type { Brief } from '#protocol/briefs.ts';

/** First and last moment of the days that a list shows, in milliseconds since 1970. */
export interface Span {
	readonly from: number;
	readonly to: number;
}

/** The list that was read last, so that one that is opened again stands there at once; it goes with the keys. */
const last = new WeakMap<object, { readonly span: Span; readonly rows: readonly Brief[] }>();

/** Keeps a whole list, in this page's memory alone. */
export function keepRows(span: Span, rows: readonly Brief[]): void {
	last.set(account.identity, { span, rows });
}

/** The rows of these days as they were when they were read last; undefined where other days were, or none. */
export function keptRows({ from, to }: Span): readonly Brief[] | undefined {
	const kept = last.get(account.identity);
	return kept && kept.span.from === from && kept.span.to === to ? kept.rows : undefined;
}

/** What was deleted here is not shown again for a moment. */
export function dropRow(recording: string): void {
	const kept = last.get(account.identity);
	if (kept)
		keepRows(
			kept.span,
			kept.rows.filter(({ id }) => id !== recording),
		);
}
