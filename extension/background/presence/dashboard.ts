import * as v from 'valibot';
import { api } from '../../chrome.ts';
import { readHome } from '../../shared/home.ts';
import type { Tell } from '../../shared/messages.ts';
import { showInPackage } from '../app.ts';

/** A page that does not answer within this time is left alone; another one is opened. */
const answerMs = 1500;

const Answer = v.picklist(['here', 'going', 'busy']);
type Answer = v.InferOutput<typeof Answer>;

/** What a tab says to a path; one that cannot say is busy. */
async function tell(tab: number, path: string): Promise<Answer> {
	const message: Tell = { type: 'goto', path };
	const late = new Promise<'busy'>((resolve) => setTimeout(() => resolve('busy'), answerMs));
	const said = api.tabs.sendMessage(tab, message, { frameId: 0 }).then(
		(answer: unknown) => (v.is(Answer, answer) ? answer : 'busy'),
		// It was open before the extension was there.
		() => 'busy' as const,
	);
	return Promise.race([said, late]);
}

/** The one with the call of that session first, then the dashboard, then what was looked at last. */
function byUse(path: string) {
	const rank = ({ url = '' }: chrome.tabs.Tab): number => {
		const { pathname } = new URL(url);
		if (pathname === path.split('?')[0]) return 0;
		return pathname === '/' ? 1 : 2;
	};
	return (a: chrome.tabs.Tab, b: chrome.tabs.Tab): number =>
		rank(a) - rank(b) || (b.lastAccessed ?? 0) - (a.lastAccessed ?? 0);
}

async function focus({ id, windowId }: chrome.tabs.Tab): Promise<void> {
	if (id !== undefined) await api.tabs.update(id, { active: true });
	await api.windows.update(windowId, { focused: true });
}

/**
 * Shows a path of the practice: in the tab where that very call runs, in one that is free to go there without
 * being loaded again, or in a new one. A call that runs is not disturbed.
 */
export async function showPath(origin: string, path: string): Promise<void> {
	if ((await readHome(origin)) === 'packaged') return showInPackage(origin, path);
	const tabs = await api.tabs.query({ url: `${origin}/*` });
	for (const tab of tabs.toSorted(byUse(path))) {
		if (tab.id === undefined || (await tell(tab.id, path)) === 'busy') continue;
		return focus(tab);
	}
	const { windowId } = await api.tabs.create({ url: origin + path, active: true });
	await api.windows.update(windowId, { focused: true });
}
