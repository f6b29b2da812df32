import { api } from '../../chrome.ts';
import type { Chime } from '../../shared/chime.ts';
import { ensureOffscreen } from '../offscreen.ts';

/** Sounds that somebody came. Where the browser has no page for it, the notification does without. */
export async function chime(loud: boolean): Promise<void> {
	if (!(await ensureOffscreen())) return;
	const message: Chime = { type: 'chime', loud };
	await api.runtime.sendMessage(message);
}
