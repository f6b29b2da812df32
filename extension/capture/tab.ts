import * as v from 'valibot';
import { api } from '../chrome.ts';
import { mayRecord } from './allowed.ts';
import banner from './banner.iife.ts?script';
import { permissions } from './permissions.ts';

/** The tab's, where a function of ours runs; the service worker has none. */
declare const document: { documentElement: { dataset: Partial<Record<string, string>> } };
const Shown = v.tuple([v.string(), v.string()]);

/** A page that shows a question of its own, or hangs, answers when that is over: nobody waits for it. */
const answerMs = 5_000;

export const isPermitted = (): Promise<boolean> => api.permissions.contains({ permissions });

/**
 * What a tab shows, or why it may not be captured: `page` where the browser lets nobody in, as in its own pages, `call`
 * where our own call is shown and its recorder is not among the people in it.
 */
export async function lookAt(
	tab: number,
): Promise<{ address: string } | { refused: 'page' | 'call' }> {
	try {
		const late = new Promise<never>((_resolve, reject) => {
			setTimeout(reject, answerMs, new Error('late'));
		});
		const asked = api.scripting.executeScript({
			target: { tabId: tab },
			// It runs in the tab: nothing from outside it can be used.
			func: () => [location.href, document.documentElement.dataset['sottoCall'] ?? ''],
		});
		const [answer] = await Promise.race([asked, late]);
		const [address, mark] = v.parse(Shown, answer?.result);
		if (!mayRecord({ address, mark: mark || undefined })) return { refused: 'call' };
		return { address };
	} catch {
		return { refused: 'page' };
	}
}

/** Puts the banner into a tab; false where the browser does not let us. */
export async function showBanner(tab: number): Promise<boolean> {
	try {
		await api.scripting.executeScript({ target: { tabId: tab }, files: [banner] });
		return true;
	} catch {
		// Another site, or a process that died: the recorder waits until it is back.
		return false;
	}
}

/** The red mark on the button, as long as anything is captured. */
export async function showMark(on: boolean): Promise<void> {
	await api.action.setBadgeText({ text: on ? 'REC' : '' });
	if (on) await api.action.setBadgeBackgroundColor({ color: '#b3261e' });
}
