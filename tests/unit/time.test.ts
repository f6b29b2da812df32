import { describe, expect, test } from 'vitest';
import {
	addDays,
	daysLater,
	firstDayOfWeek,
	isZone,
	localTime,
	momentOf,
	overlap,
	overlaps,
	seriesMax,
	weekOf,
	weekly,
	zoneLabel,
	zones,
} from '#lib/time.ts';

const angeles = 'America/Los_Angeles';
const berlin = 'Europe/Berlin';
const at = (iso: string): number => Date.parse(iso);

describe('a date and a time of the clock in a zone', () => {
	test.each([
		['2026-11-25', '15:00', angeles, '2026-11-25T23:00:00Z'],
		['2026-11-25', '15:00', berlin, '2026-11-25T14:00:00Z'],
		['2026-07-01', '15:00', angeles, '2026-07-01T22:00:00Z'],
		['2026-07-01', '15:00', berlin, '2026-07-01T13:00:00Z'],
		['2026-03-08', '02:30', angeles, '2026-03-08T10:30:00Z'],
		['2026-03-29', '02:30', berlin, '2026-03-29T01:30:00Z'],
		['2026-11-01', '01:30', angeles, '2026-11-01T08:30:00Z'],
		['2026-10-25', '02:30', berlin, '2026-10-25T00:30:00Z'],
		['2026-12-31', '23:59', 'Pacific/Kiritimati', '2026-12-31T09:59:00Z'],
		['2026-06-01', '09:15', 'Asia/Kathmandu', '2026-06-01T03:30:00Z'],
	])('%s %s in %s is %s', (date, time, zone, moment) => {
		expect(new Date(momentOf({ date, time }, zone)).toISOString()).toBe(
			new Date(moment).toISOString(),
		);
	});

	test.each([
		['2026-11-25T23:00:00Z', angeles, '2026-11-25', '15:00'],
		['2026-11-25T23:00:00Z', berlin, '2026-11-26', '00:00'],
		['2026-03-08T10:30:00Z', angeles, '2026-03-08', '03:30'],
	])('%s is in %s %s %s', (moment, zone, date, time) => {
		expect(localTime(at(moment), zone)).toEqual({ date, time });
	});

	test.each([
		['', '15:00', angeles],
		['2026-02-30', '15:00', angeles],
		['2026-11-25', '', angeles],
		['2026-11-25', '24:30', angeles],
		['2026-11-25', '15:00', 'Mars/Olympus'],
	])('"%s" "%s" in %s is refused', (date, time, zone) => {
		expect(() => momentOf({ date, time }, zone)).toThrow(RangeError);
	});
});

describe('a weekly series keeps the time of the host’s clock', () => {
	test.each([
		// Clocks go back on 1 November 2026 in Los Angeles, on 25 October in Berlin.
		[angeles, '2026-10-21', '15:00', ['22', '22', '23', '23']],
		[berlin, '2026-10-14', '15:00', ['13', '13', '14', '14']],
		// And forward on 14 March 2027 and on 28 March.
		[angeles, '2027-03-03', '15:00', ['23', '23', '22', '22']],
		[berlin, '2027-03-17', '15:00', ['14', '14', '13', '13']],
		// A session of the evening, whose day in UTC is the next.
		[angeles, '2026-10-21', '18:00', ['01', '01', '02', '02']],
	])('in %s from %s %s', (zone, date, time, hours) => {
		const series = weekly(momentOf({ date, time }, zone), { count: 4, zone });
		expect(series.map((one) => localTime(one, zone))).toEqual(
			[0, 7, 14, 21].map((days) => ({ date: addDays(date, days), time })),
		);
		expect(series.map((one) => new Date(one).toISOString().slice(11, 13))).toEqual(hours);
	});

	test('a time that one week’s clocks skip moves that week alone', () => {
		const first = momentOf({ date: '2026-03-01', time: '02:30' }, angeles);
		const times = weekly(first, { count: 3, zone: angeles }).map((one) => localTime(one, angeles));
		expect(times.map(({ time }) => time)).toEqual(['02:30', '03:30', '02:30']);
	});

	test.each([0, 1.5, seriesMax + 1, Number.NaN])('there is no series of %s', (count) => {
		expect(() => weekly(0, { count, zone: angeles })).toThrow(RangeError);
	});

	test('Schedule next is a week later by the clock, to the second', () => {
		const now = at('2026-10-28T17:12:34.567Z');
		expect(new Date(daysLater(now, 7, angeles)).toISOString()).toBe('2026-11-04T18:12:34.567Z');
		expect(new Date(daysLater(now, 7, 'UTC')).toISOString()).toBe('2026-11-04T17:12:34.567Z');
	});
});

describe('weeks', () => {
	test.each([
		['2026-11-25', 1, '2026-11-23', '2026-11-29'],
		['2026-11-25', 7, '2026-11-22', '2026-11-28'],
		['2026-11-22', 1, '2026-11-16', '2026-11-22'],
		['2026-11-22', 7, '2026-11-22', '2026-11-28'],
		['2027-01-01', 1, '2026-12-28', '2027-01-03'],
	])('the week of %s that begins with day %s', (date, first, from, to) => {
		const week = weekOf(date, first);
		expect([week[0], week.at(-1), week.length]).toEqual([from, to, 7]);
	});

	test.each([
		['en-US', 7],
		['en', 7],
		['en-GB', 1],
		['de', 1],
	])('where %s is spoken it begins with day %s', (locale, day) => {
		expect(firstDayOfWeek(locale)).toBe(day);
	});
});

describe('overlaps', () => {
	const span = (startsAt: number, minutes: number) => ({ startsAt: startsAt * 60_000, minutes });

	test.each([
		[span(0, 50), span(50, 50), false],
		[span(0, 51), span(50, 50), true],
		[span(0, 200), span(60, 10), true],
		[span(60, 10), span(0, 200), true],
		[span(60, 10), span(0, 60), false],
	])('%o and %o: %s', (a, b, expected) => {
		expect(overlap(a, b)).toBe(expected);
		expect(overlap(b, a)).toBe(expected);
	});

	test('a long one overlaps two that do not overlap each other', () => {
		const [long, first, second, alone] = [span(0, 100), span(10, 20), span(40, 20), span(200, 5)];
		const found = overlaps([second, alone, long, first]);
		expect(found.get(long)).toEqual([first, second]);
		expect(found.get(first)).toEqual([long]);
		expect(found.get(second)).toEqual([long]);
		expect(found.has(alone)).toBe(false);
	});
});

test('a zone is named in words', () => {
	expect(zoneLabel(angeles, 'en')).toBe('Pacific Time (Los Angeles)');
	expect(zoneLabel('UTC', 'en')).toBe('UTC');
	expect(isZone(berlin)).toBe(true);
	expect(isZone('Mars/Olympus')).toBe(false);
	expect(zones().near.every(isZone)).toBe(true);
	expect(zones().all).toContain(berlin);
});
