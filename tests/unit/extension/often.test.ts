import { afterAll, beforeEach, expect, test, vi } from 'vitest';

const kept = new Map<string, unknown>();
vi.stubGlobal('chrome', {
	storage: {
		session: {
			get: async (key: string) => ({ [key]: kept.get(key) }),
			set: async (part: object) => {
				for (const [key, value] of Object.entries(part)) kept.set(key, value);
			},
		},
	},
});
const { mayAgain, startAgain } = await import('../../../extension/background/often.ts');

const limit = { of: 'window', times: 2, withinMs: 60_000 };
const first = 'https://visit.example.org';
const second = 'https://other.example.org';

beforeEach(() => {
	kept.clear();
	vi.useFakeTimers({ now: 1_000_000 });
});
afterAll(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

test('the pages of a server do it so often within a time, also when they ask all at once', async () => {
	const asked = [1, 2, 3].map(() => mayAgain(first, limit));
	expect(await Promise.all(asked)).toEqual([true, true, false]);
	expect(await mayAgain(second, limit)).toBe(true);
	expect(await mayAgain(first, { ...limit, of: 'tab' })).toBe(true);
	vi.setSystemTime(1_060_000);
	expect(await mayAgain(first, limit)).toBe(true);
});

test('what was refused does not count, nor what came before the user wanted it', async () => {
	for (let asked = 0; asked < 9; asked += 1) await mayAgain(first, limit);
	await startAgain(first, limit);
	expect(await mayAgain(first, limit)).toBe(true);
	expect(await mayAgain(first, limit)).toBe(true);
	expect(await mayAgain(first, limit)).toBe(false);
	// The clock was set back by an hour.
	vi.setSystemTime(1_000_000 - 3_600_000);
	expect(await mayAgain(first, limit)).toBe(true);
});
