import { fetchJson } from '#lib/net/api.ts';
import { HistoryPage, type HistoryRow } from '#protocol/sessions.ts';

/** Pages that are read at most, of a thousand rows each. */
const pagesMax = 100;

/** All that was done in one session or with one recording, oldest first; `path` is where. Throws `ApiError`. */
export async function fetchWhole(path: string): Promise<HistoryRow[]> {
	const pages: HistoryRow[][] = [];
	let next = '';
	for (let page = 0; page < pagesMax; page++) {
		const { rows, before } = await fetchJson(HistoryPage, { path: `${path}${next}` });
		pages.unshift(rows);
		if (before === null) break;
		next = `?before=${before}`;
	}
	return pages.flat();
}
