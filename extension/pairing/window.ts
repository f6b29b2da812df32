import { api } from '../chrome.ts';

const path = 'pairing/pair.html';

/** Our own page that asks; beside the page of the practice, so that the codes can be compared. */
export async function openPairPage(offer: string): Promise<void> {
	const url = api.runtime.getURL(`${path}?offer=${offer}`);
	await api.windows.create({ url, type: 'popup', width: 460, height: 640 });
}

/** A page that offers again and again has one window, not many. */
export async function closePairPages(): Promise<void> {
	const contexts = await api.runtime.getContexts({ contextTypes: ['TAB'] });
	const start = api.runtime.getURL(path);
	const open = contexts.filter(({ documentUrl }) => documentUrl?.startsWith(start));
	await api.tabs.remove(open.map(({ tabId }) => tabId));
}
