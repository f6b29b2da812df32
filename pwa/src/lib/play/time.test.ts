import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
	clockText,
	dateValue,
	dayEnd,
	lengthText,
	shortDayText,
	spokenText,
	dayStart,
} from './time.ts';

test('a place is written and spoken', () => {
	expect([0, 999, 836_000, 3_723_000, -5].map(clockText)).toEqual([
		'0:00',
		'0:00',
		'13:56',
		'1:02:03',
		'0:00',
	]);
	expect(spokenText(836_000, 'en')).toBe('13 minutes 56 seconds');
	expect(spokenText(60_000, 'en')).toBe('1 minute');
	expect(spokenText(0, 'en')).toBe('0 seconds');
	expect(spokenText(3_601_000, 'en')).toBe('1 hour 1 second');
	expect(spokenText(836_000, 'es')).toBe('13 minutos 56 segundos');
});

test('a length is said as roughly as people say it, and never as nothing', () => {
	expect(lengthText(0, 'en')).toBe('1 second');
	expect(lengthText(2_100, 'en')).toBe('2 seconds');
	expect(lengthText(59_600, 'en')).toBe('1 minute');
	expect(lengthText(2_460_000, 'en')).toBe('41 minutes');
	expect(lengthText(7_200_000, 'en')).toBe('2 hours');
	expect(lengthText(7_500_000, 'en')).toBe('2 hours 5 minutes');
});

test('a day field holds every moment of its day and no other', () => {
	const range = { min: new Date(2000, 0, 1), max: new Date(2100, 0, 1), noInvalidDate: true };
	fc.assert(
		fc.property(fc.date(range), (date) => {
			const value = dateValue(date.getTime());
			expect(dayStart(value)).toBeLessThanOrEqual(date.getTime());
			expect(dayEnd(value)).toBeGreaterThan(date.getTime());
		}),
	);
	expect(dayStart('')).toBeUndefined();
	expect(dayEnd('2026-13')).toBeUndefined();
});

test('a day of another year says so', () => {
	const now = new Date(2026, 10, 18, 12).getTime();
	expect(shortDayText(now, now, 'en')).not.toContain('2026');
	expect(shortDayText(new Date(2025, 10, 18).getTime(), now, 'en')).toContain('2025');
});
