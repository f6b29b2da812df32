import { expect, test, vi } from 'vitest';
import type { State } from '../../../extension/shared/state.ts';
import { practice, stateOf, waiting } from '../../extension/states.ts';

let text = 'REC';
vi.mock('../../../extension/chrome.ts', () => ({
	api: {
		action: {
			setBadgeText: async (shown: { text: string }) => void (text = shown.text),
			setBadgeBackgroundColor: async () => {},
		},
	},
}));

const captured = (state: NonNullable<State['capture']>['state']): State => ({
	...stateOf(practice({ waiting: [waiting()] })),
	capture: { recording: 'r', title: 'Ultrasound', startedAt: 1, behind: 0, state },
});

test('the button says REC while something is recorded, and who waits while the rest is uploaded', async () => {
	const { showBadge } = await import('../../../extension/background/presence/badge.ts');
	for (const state of ['recording', 'gap'] as const) {
		await showBadge(captured(state));
		expect(text).toBe('REC');
	}
	await showBadge(captured('uploading'));
	expect(text).toBe('1');
	await showBadge(captured('failed'));
	expect(text).toBe('!');
});
