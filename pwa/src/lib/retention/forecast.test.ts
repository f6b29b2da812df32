import { expect, test } from 'vitest';
import { addMonths, costOf, forecast, microsOf } from './forecast.ts';

const month = (name: string, bytes: number) => ({ month: name, bytes, recordings: 1 });

test('what is there, less what ends, and as much more as began in an average month', () => {
	const storage = {
		bytes: 1000,
		begun: [
			month('2025-01', 100),
			month('2026-08', 300),
			month('2026-10', 300),
			month('2026-11', 300),
		],
		ending: [month('2026-11', 50), month('2027-01', 400), month('2099-01', 1)],
	};
	const now = Date.parse('2026-11-22T12:00Z');
	const ends = forecast(storage, { now, backMost: 3, ahead: 3 });
	expect(ends.map((one) => [one.month, one.begun, one.ending, one.bytes, one.ahead])).toEqual([
		['2026-08', 300, 0, 400, false],
		['2026-09', 0, 0, 400, false],
		['2026-10', 300, 0, 700, false],
		['2026-11', 300, 0, 1000, false],
		['2026-12', 200, 50, 1150, true],
		['2027-01', 200, 400, 950, true],
		['2027-02', 200, 0, 1150, true],
	]);
});

test('before the first recording there is nothing to show', () => {
	const storage = { bytes: 300, begun: [month('2026-10', 300)], ending: [] };
	const now = Date.parse('2026-11-22T12:00Z');
	const ends = forecast(storage, { now, backMost: 11, ahead: 1 });
	expect(ends.map((one) => one.month)).toEqual(['2026-10', '2026-11', '2026-12']);
});

test('an empty practice stays empty', () => {
	const ends = forecast({ bytes: 0, begun: [], ending: [] }, { now: 0, backMost: 1, ahead: 2 });
	expect(ends.map(({ bytes }) => bytes)).toEqual([0, 0, 0]);
});

test('months, and prices', () => {
	expect([addMonths('2026-11', 2), addMonths('2026-01', -1)]).toEqual(['2027-01', '2025-12']);
	expect([microsOf('0.023'), microsOf('0,5'), microsOf(' 12 ')]).toEqual([23_000, 500_000, 12e6]);
	expect([microsOf(''), microsOf('-1'), microsOf('1e3'), microsOf('1.2.3')]).toEqual(
		Array.from({ length: 4 }),
	);
	expect(costOf(2_000_000_000, { micros: 23_000, currency: 'USD' })).toBeCloseTo(0.046);
});
