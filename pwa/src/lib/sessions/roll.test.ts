import { expect, test, vi } from 'vitest';
import { limits } from '#protocol/limits.ts';
import { fetchRoll } from './roll.ts';

const stored = vi.hoisted((): { id: string; startsAt: number }[] => []);

// As the server gives them: the latest that start by `to`, so many at once, earliest first.
vi.mock('#lib/net/api.ts', () => ({
	fetchJson: async (_: unknown, { path }: { path: string }) => {
		const to = Number(new URL(path, 'https://x.example').searchParams.get('to'));
		const sessions = stored.filter(({ startsAt }) => startsAt <= to).slice(-limits.pageRows);
		return { sessions };
	},
}));
vi.mock('#lib/account/account.svelte.ts', () => ({ account: {} }));
vi.mock('./session.ts', () => ({}));

const fill = (count: number, startOf: (at: number) => number) => {
	const rows = Array.from({ length: count }, (_, at) => ({ id: `${at}`, startsAt: startOf(at) }));
	stored.splice(0, stored.length, ...rows);
};
const all = { everybody: true, whole: true };

test('what is vouched for is read to its end, however much it is', async () => {
	fill(60 * limits.pageRows, (at) => at);
	expect(await fetchRoll(0, Number.MAX_SAFE_INTEGER, all)).toHaveLength(stored.length);
	const part = await fetchRoll(0, Number.MAX_SAFE_INTEGER, { everybody: true });
	expect(part.length).toBeLessThan(stored.length);
});

test('a part is never taken for the whole', async () => {
	fill(limits.pageRows + 1, () => 5);
	await expect(fetchRoll(0, Number.MAX_SAFE_INTEGER, all)).rejects.toThrow('too-large');
});
