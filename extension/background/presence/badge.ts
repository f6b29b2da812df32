import { api } from '../../chrome.ts';
import type { State } from '../../shared/state.ts';

/** Of the button in the toolbar: how many wait. While a tab is recorded that is what it says. */
export async function showBadge({ practices, capture }: State): Promise<void> {
	if (capture?.state === 'recording' || capture?.state === 'gap') return;
	const count = practices.reduce((sum, { waiting }) => sum + waiting.length, 0);
	// A recording that stopped by itself has to be looked at.
	const text = capture?.state === 'failed' ? '!' : count > 0 ? String(count) : '';
	await api.action.setBadgeText({ text });
	await api.action.setBadgeBackgroundColor({ color: '#22564b' });
}
