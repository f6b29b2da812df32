import { api } from '../chrome.ts';

const path = 'pairing/pair.html';

/** Our own page that asks; beside the page of the practice, so that the codes can be compared. */
export async function openPairPage(offer: string): Promise<void> {
	const url = api.runtime.getURL(`${path}?offer=${offer}`);
	await api.windows.create({ url, type: 'popup', width: 460, height: 640 });
}

/** The windows that ask, whichever offer they ask about. */
async function pairPages(): Promise<chrome.runtime.ExtensionContext[]> {
	const contexts = await api.runtime.getContexts({ contextTypes: ['TAB'] });
	const start = api.runtime.getURL(path);
	return contexts.filter(({ documentUrl }) => documentUrl?.startsWith(start));
}

/** Whether the user still has the window of this offer. */
export async function isAsked(offer: string): Promise<boolean> {
	const pages = await pairPages();
	return pages.some(({ documentUrl }) => documentUrl?.endsWith(`?offer=${offer}`));
}

/** A page that offers again and again has one window, not many. */
export async function closePairPages(): Promise<void> {
	const open = await pairPages();
	await api.tabs.remove(open.map(({ tabId }) => tabId));
}
