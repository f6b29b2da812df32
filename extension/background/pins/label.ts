import type { CodeView } from '../../shared/state.ts';
import type { PageDocument } from './documents.ts';
import type { Pin } from './pin.ts';

const unknown: CodeView = { mode: 'not-verified', version: null, files: 0, checkedAt: null };

/** What is known of a site besides its pin. */
export interface Circumstances {
	/** What is known of the site's pages, one for each tab that is open; `undefined` where nothing is. */
	readonly open: readonly (PageDocument | undefined)[];
	/** The browser has the rule of the pin, and the extension may see the site's pages. */
	readonly holds: boolean;
	/** The version of the package, where its user chose to work in the packaged app. */
	readonly packaged: string | undefined;
}

/** What may be said of a site's code: no more than what was seen of every page that is open. */
export function label(pin: Pin | undefined, { open, holds, packaged }: Circumstances): CodeView {
	// A release that is no release was an attempt to publish other code: what was pinned before still holds it off.
	const foreign = pin?.problem === 'unsigned' || pin?.problem === 'rollback';
	if (packaged !== undefined && open.length === 0 && !foreign)
		return { ...unknown, mode: 'packaged', version: packaged };
	if (!pin?.enabled) return unknown;
	const proven = holds && open.every((one) => one?.exact && one.started);
	// A page that was there before the newest release runs an older one: no more than that is said.
	const [oldest = pin.release] = open
		.flatMap((one) => (proven && one ? [one.release] : []))
		.toSorted((a, b) => a.issued - b.issued);
	const { version, files } = oldest;
	const refused = foreign || open.some((one) => one?.refused);
	const mode = refused ? 'blocked' : proven ? 'pinned' : 'not-verified';
	return { mode, version, files, checkedAt: pin.checkedAt };
}
