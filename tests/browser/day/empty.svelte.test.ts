import { expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import Dashboard from '#lib/sessions/Dashboard.svelte';

const { member } = vi.hoisted(() => ({ member: { role: 'admin' } }));
vi.mock('#lib/account/account.svelte.ts', () => ({ account: { state: 'unlocked', member } }));
vi.mock('#lib/account/Staff.svelte', () => ({
	default: (anchor: Node, { children }: { children: (anchor: Node) => void }) => children(anchor),
}));
vi.mock('#lib/sessions/TellMe.svelte', () => ({ default: () => {} }));
vi.mock('#lib/sessions/watch.svelte.ts', () => ({
	watch: { here: [], waiting: [], inCall: new Set(), cutOff: false, posted: 0 },
}));
vi.mock('#lib/sessions/today.svelte.ts', () => ({
	Today: class {
		rows = [];
		loading = false;
		now = 0;
		earlier = 0;
		later = 0;
		start() {}
		stop() {}
	},
}));

const mains = () =>
	[...document.querySelectorAll('.btn.main')].map((one) => one.textContent.trim());

test('an empty day has one main action: what this member can do', async () => {
	const { unmount } = await render(Dashboard);
	await expect.element(page.getByText('No sessions are planned.')).toBeVisible();
	expect(mains()).toEqual(['New session now']);
	await unmount();
	member.role = 'scheduler';
	await render(Dashboard);
	await expect.element(page.getByText('No sessions are planned.')).toBeVisible();
	expect(mains()).toEqual(['Schedule a session']);
});
