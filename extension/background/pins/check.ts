import { api } from '../../chrome.ts';
import { turns } from '../turns.ts';
import { type Pin, changePin, readPins } from './pin.ts';
import { type Release, ReleaseError, fetchRelease, releaseKey } from './release.ts';
import { hasRule, removeRule, removeWorkers, setRule } from './rule.ts';

/** The site's tabs that are open. */
export async function tabsOf(origin: string): Promise<{ id: number; complete: boolean }[]> {
	const tabs = await api.tabs.query({});
	return tabs.flatMap(({ id, url, status }) =>
		id !== undefined && url !== undefined && URL.parse(url)?.origin === origin
			? [{ id, complete: status === 'complete' }]
			: [],
	);
}

export async function reload(tabs: readonly { id: number }[]): Promise<void> {
	// A tab that was closed meanwhile needs no loading.
	await Promise.allSettled(tabs.map(({ id }) => api.tabs.reload(id, { bypassCache: true })));
}

async function latest(origin: string, before: Release | undefined): Promise<Release> {
	const key = await releaseKey();
	if (!key) throw new ReleaseError('unsigned');
	return fetchRelease(origin, key, before);
}

/** The first number that no other site's rule has. */
function freeRule(taken: readonly number[]): number {
	let rule = 1;
	while (taken.includes(rule)) rule += 1;
	return rule;
}

/** A pin and the browser's rule for it are changed together, one change after another. */
const inTurn = turns();

/**
 * Lets nothing but the site's release run in its pages from now on, and loads those again that are open.
 * @throws ReleaseError when the site names no release that can be believed; nothing is changed then
 */
export async function pin(origin: string): Promise<void> {
	const release = await latest(origin, (await readPins())[origin]?.release);
	await inTurn(async () => {
		const known = (await readPins())[origin]?.release.issued ?? 0;
		if (release.issued < known) throw new ReleaseError('rollback');
		let rule = 0;
		await changePin(origin, (before, pins) => {
			rule = before?.rule ?? freeRule(Object.values(pins).map((one) => one.rule));
			const enabled = before?.enabled ?? false;
			return { enabled, rule, release, checkedAt: Date.now(), problem: null };
		});
		// Nothing is called pinned before the browser has the rule.
		await setRule(rule, origin, release.csp);
		await changePin(origin, (one) => one && { ...one, enabled: true });
	});
	await removeWorkers(origin);
	await reload(await tabsOf(origin));
}

/** Lets the site run what it serves again. What was seen of it stays known. */
export const unpin = (origin: string): Promise<void> =>
	inTurn(async () => {
		const before = (await readPins())[origin];
		if (before) await removeRule(before.rule);
		await changePin(origin, (one) => one && { ...one, enabled: false, problem: null });
	});

/** Looks for a newer release; a site that names none that can be believed stays with the one it had. True: there is one. */
export async function check(origin: string): Promise<boolean> {
	const before = (await readPins())[origin];
	if (!before?.enabled) return false;
	const checkedAt = Date.now();
	try {
		const release = await latest(origin, before.release);
		return await inTurn(() => take(origin, release, checkedAt));
	} catch (error) {
		if (!(error instanceof ReleaseError)) throw error;
		const problem = error.code;
		await changePin(origin, (one) => one && noted(one, problem, checkedAt));
		return false;
	}
}

/**
 * Holds a site that is pinned to this release from now on, unless it was taken off meanwhile, or is held to a newer one
 * already: of two checks at once the slower one may have the older answer. True: it is newer than the one before.
 */
async function take(origin: string, release: Release, checkedAt: number): Promise<boolean> {
	const before = (await readPins())[origin];
	if (!before?.enabled || release.issued < before.release.issued) return false;
	const newer = release.issued > before.release.issued;
	// A rule that is not there was lost: nothing but this puts it back.
	if (newer || !(await hasRule(before.rule, release.csp)))
		await setRule(before.rule, origin, release.csp);
	await changePin(origin, (one) => one && { ...one, release, checkedAt, problem: null });
	return newer;
}

/** A site that cannot be reached is no sign of anything: what was wrong before stays wrong. */
const noted = (one: Pin, problem: ReleaseError['code'], checkedAt: number): Pin =>
	problem === 'unreachable'
		? { ...one, problem: one.problem ?? problem }
		: { ...one, problem, checkedAt };
