import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Link, type LinkState } from '../../../extension/background/presence/link.ts';
import { RequestError } from '../../../extension/background/presence/server.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
	vi.restoreAllMocks();
	vi.useRealTimers();
});

/** A connection to a server that does not answer, and when it was tried. */
function tried() {
	const at: number[] = [];
	const states: LinkState[] = [];
	const link = new Link({
		origin: 'https://visit.example.org',
		tokens: {
			get: () => {
				at.push(Date.now());
				return Promise.reject(new RequestError('offline'));
			},
			drop: () => {},
		},
		onstate: (state) => states.push(state),
		onmessage: () => {},
	});
	const waits = () => at.slice(1).map((time, n) => time - (at[n] ?? 0));
	return { link, waits, states };
}

test('a server that is away is asked less and less often, and never less than every half minute', async () => {
	for (const [chance, expected] of [
		[0, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]],
		[1, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
	] as const) {
		vi.spyOn(Math, 'random').mockReturnValue(chance);
		const { link, waits, states } = tried();
		link.check();
		await vi.advanceTimersByTimeAsync(expected.reduce((sum, ms) => sum + ms, 0));
		expect(waits()).toEqual(expected);
		expect(states).toEqual(['offline']);
		link.close();
		await vi.advanceTimersByTimeAsync(60_000);
		expect(waits()).toEqual(expected);
	}
});

test('many that lost the same server do not come back at the same moment', async () => {
	const links = Array.from({ length: 20 }, tried);
	for (const { link } of links) link.check();
	await vi.advanceTimersByTimeAsync(1000);
	const first = links.map(({ waits }) => waits()[0] ?? 0);
	expect(new Set(first).size).toBeGreaterThan(10);
	expect(Math.min(...first)).toBeGreaterThanOrEqual(500);
	for (const { link } of links) link.close();
});

test('when the network is back nothing is waited for, and it begins anew', async () => {
	vi.spyOn(Math, 'random').mockReturnValue(1);
	const { link, waits } = tried();
	link.check();
	await vi.advanceTimersByTimeAsync(1000 + 2000 + 4000 + 100);
	link.hurry();
	await vi.advanceTimersByTimeAsync(1000);
	expect(waits()).toEqual([1000, 2000, 4000, 100, 1000]);
	link.close();
});
