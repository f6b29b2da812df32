import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => vi.unstubAllGlobals());

test('around midnight the names of both days are asked for', async () => {
	const asked: URLSearchParams[] = [];
	vi.stubGlobal('fetch', async (address: string) => {
		asked.push(new URL(address).searchParams);
		return Response.json({ now: 0, sessions: [], recordings: [], dismissed: [] });
	});
	const { fetchDay, today } = await import('../../../extension/background/presence/day.ts');
	const { from, to } = today(Date.now());
	const minuteMs = 60_000;
	const visits = [
		// At five past twelve for what began ten to; at five to twelve for what begins ten past.
		{ now: from + 5 * minuteMs, startsAt: from - 10 * minuteMs },
		{ now: to - 5 * minuteMs, startsAt: to + 10 * minuteMs },
	];
	for (const { now, startsAt } of visits) {
		await fetchDay('https://visit.example', 'token', now);
		const span = asked.at(-1);
		expect(Number(span?.get('from'))).toBeLessThan(startsAt);
		expect(Number(span?.get('to'))).toBeGreaterThan(startsAt);
		// The server gives no more than two days from now.
		expect(now - Number(span?.get('from'))).toBeLessThan(48 * 60 * minuteMs);
		expect(Number(span?.get('to')) - now).toBeLessThan(48 * 60 * minuteMs);
	}
});
