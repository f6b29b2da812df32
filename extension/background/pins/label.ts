import type { CodeView } from '../../shared/state.ts';
import type { PageDocument } from './documents.ts';
import type { Pin } from './pin.ts';

const unknown: CodeView = { mode: 'not-verified', version: null, files: 0, checkedAt: null };

/**
 * What may be said of a site's code.
 * @param open what is known of the site's tab, one for each tab that is open; `undefined` where nothing is
 */
export function label(pin: Pin | undefined, open: readonly (PageDocument | undefined)[]): CodeView {
	if (!pin?.enabled) return unknown;
	const { version, files } = pin.release;
	const proven = open.every((one) => one?.exact && one.started);
	const refused = open.some((one) => one?.refused);
	// A release that is no release was an attempt to publish other code: what was pinned before still holds it off.
	const foreign = pin.problem === 'unsigned' || pin.problem === 'rollback';
	const mode = refused || foreign ? 'blocked' : proven ? 'pinned' : 'not-verified';
	return { mode, version, files, checkedAt: pin.checkedAt };
}
