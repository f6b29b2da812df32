import { api } from '../chrome.ts';
import { listPairings } from '../pairing/store.ts';
import { want } from './begin.ts';
import { readRunning, takeAsked, writeAsked, writeRefused } from './state.ts';
import { isPermitted } from './tab.ts';

async function inFront(): Promise<chrome.tabs.Tab | undefined> {
	const [tab] = await api.tabs.query({ active: true, lastFocusedWindow: true });
	return tab;
}

/**
 * The user wants the tab in front, and was asked for the browser's leave at the same moment: the popup may be gone when
 * it is given.
 */
export async function askForTab(practice: string): Promise<object | undefined> {
	const tab = await inFront();
	if (!tab?.id) return undefined;
	if (await isPermitted()) return want(tab, practice);
	await writeAsked({ practice, tab: tab.id });
	// Leave that was given before is given again without a question, and may have been meanwhile.
	await permitted();
	return { asked: true };
}

/** The browser's leave was given. */
export async function permitted(): Promise<void> {
	const asked = (await isPermitted()) ? await takeAsked() : undefined;
	if (!asked) return;
	const tab = await api.tabs.get(asked.tab).catch(() => undefined);
	if (tab) await wantOrSay(tab, asked.practice);
}

/** Nobody waits for an answer: the popup says why not. */
async function wantOrSay(tab: chrome.tabs.Tab, practice: string): Promise<void> {
	const { refused } = await want(tab, practice);
	if (!refused) return;
	await writeRefused(practice, refused);
	await showPopup();
}

/** It may be open already, and no window may be in front. */
const showPopup = (): Promise<void> => api.action.openPopup().catch(() => undefined);

/** The command of the keyboard; the popup opens where there is something to ask or to say. */
export async function byCommand(tab: chrome.tabs.Tab | undefined): Promise<void> {
	const there = tab ?? (await inFront());
	const [only, ...others] = await listPairings();
	const clear = only && others.length === 0 && (await isPermitted()) && !(await readRunning());
	if (there && clear) await wantOrSay(there, only.practice);
	else await showPopup();
}
