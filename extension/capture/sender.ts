import { api } from '../chrome.ts';

/** Whether a page of ours, or the service worker, says it: a content script has our id too, and the page's address. */
export const isOurs = ({ id, tab, url }: chrome.runtime.MessageSender): boolean =>
	id === api.runtime.id && (tab === undefined || url?.startsWith(`${location.origin}/`) === true);
