import { api, can } from '../chrome.ts';

const path = 'offscreen/offscreen.html';
let opening: Promise<void> | undefined;

async function open(): Promise<void> {
	const there = await api.runtime.getContexts({ contextTypes: ['OFFSCREEN_DOCUMENT'] });
	if (there.length > 0) return;
	await api.offscreen.createDocument({
		url: path,
		// There may be one such page only, so it has the reasons of all that is done in it.
		reasons: ['AUDIO_PLAYBACK', 'USER_MEDIA'],
		justification: 'Plays the sound of an arrival, and records the tab that was asked for.',
	});
}

/** The page without a window, for what a service worker cannot do; false where the browser has none. */
export async function ensureOffscreen(): Promise<boolean> {
	if (!can.offscreen) return false;
	opening ??= open().finally(() => (opening = undefined));
	await opening;
	return true;
}
