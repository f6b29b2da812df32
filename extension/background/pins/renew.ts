import { type Limit, mayAgain } from '../often.ts';
import { latest } from '../turns.ts';
import { check, reload, tabsOf } from './check.ts';
import { readDocuments } from './documents.ts';
import { readPins } from './pin.ts';

/** Pages may make it ask their site so often. */
const asks: Limit = { of: 'release', times: 3, withinMs: 60_000 };

/** The tabs in which something was refused, of a release that is not the newest any more. */
async function outdated(origin: string): Promise<{ id: number }[]> {
	const issued = (await readPins())[origin]?.release.issued ?? 0;
	const [{ documents, shown }, tabs] = [await readDocuments(), await tabsOf(origin)];
	return tabs.filter(({ id }) => {
		const one = documents[shown[id] ?? ''];
		return one?.refused && one.origin === origin && one.release.issued < issued;
	});
}

async function look(origin: string): Promise<void> {
	if (await mayAgain(origin, asks)) await check(origin);
	await reload(await outdated(origin));
}

const looks = new Map<string, () => Promise<void>>();

/**
 * Something was refused in a page of a site. A release may have been published since: then the page is of it, and is
 * loaded again. A site may take its time to answer, so nothing waits for this.
 */
export function renew(origin: string): Promise<void> {
	const known = looks.get(origin) ?? latest(() => look(origin));
	looks.set(origin, known);
	return known();
}
