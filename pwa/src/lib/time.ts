import { Temporal } from 'temporal-polyfill';

/** Dates and times in any time zone. The one place that knows of Temporal; moments are milliseconds since 1970. */

/** What a form holds: "2026-11-25" and "15:00". */
export interface LocalTime {
	readonly date: string;
	readonly time: string;
}

/** Something that lasts. */
export interface Span {
	readonly startsAt: number;
	readonly minutes: number;
}

const minuteMs = 60_000;
/** A series is at most half a year. */
export const seriesMax = 26;

const zoned = (at: number, zone: string): Temporal.ZonedDateTime =>
	Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);

/** The time zone of this device. */
export const viewerZone = (): string => Temporal.Now.timeZoneId();

/** Whether this browser knows a time zone of that name. */
export function isZone(zone: string): boolean {
	try {
		zoned(0, zone);
		return true;
	} catch (error) {
		if (error instanceof RangeError) return false;
		throw error;
	}
}

/**
 * The moment that clocks in `zone` show as this date and time. A time that a change of clocks skips is
 * moved on by the gap; of one that comes twice it is the first (RFC 5545 §3.3.5). Throws RangeError.
 */
export function momentOf({ date, time }: LocalTime, zone: string): number {
	const day = Temporal.PlainDate.from(date);
	return day.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(time) })
		.epochMilliseconds;
}

/** What clocks in `zone` show. Throws RangeError for an unknown zone. */
export function localTime(at: number, zone: string): LocalTime {
	const there = zoned(at, zone);
	return {
		date: there.toPlainDate().toString(),
		time: there.toPlainTime().toString({ smallestUnit: 'minute' }),
	};
}

/** The same time of the clock in `zone`, so many days later or earlier. */
export function daysLater(at: number, days: number, zone: string): number {
	const there = zoned(at, zone);
	const { date, time } = localTime(at, zone);
	const seconds = there.second * 1000 + there.millisecond;
	return momentOf({ date: addDays(date, days), time }, zone) + seconds;
}

/**
 * The beginnings of a weekly series, the first included, always at the same time of the clock in `zone`.
 * Throws RangeError unless `count` is 1 to `seriesMax`.
 */
export function weekly(startsAt: number, options: { count: number; zone: string }): number[] {
	const { count, zone } = options;
	if (!Number.isInteger(count) || count < 1 || count > seriesMax)
		throw new RangeError('no such count');
	// Each from the first: a gap that moved one session does not move those after it.
	return Array.from({ length: count }, (_, week) => daysLater(startsAt, 7 * week, zone));
}

/** "2026-11-25" and so many days. */
export const addDays = (date: string, days: number): string =>
	Temporal.PlainDate.from(date).add({ days }).toString();

/** The date on the clocks of `zone`. */
export const dateOf = (at: number, zone: string): string => localTime(at, zone).date;

/** The seven dates of the week that a date is in. `firstDay`: 1 = Monday to 7 = Sunday. */
export function weekOf(date: string, firstDay = firstDayOfWeek()): string[] {
	const day = Temporal.PlainDate.from(date);
	const back = (day.dayOfWeek - firstDay + 7) % 7;
	return Array.from({ length: 7 }, (_, at) => addDays(date, at - back));
}

/** With which day a week begins where `locale` is spoken: 7 = Sunday, otherwise 1 = Monday. */
export function firstDayOfWeek(
	locale = new Intl.DateTimeFormat().resolvedOptions().locale,
): number {
	return sundayFirst.has(new Intl.Locale(locale).maximize().region ?? '') ? 7 : 1;
}

/** Regions of CLDR whose week begins on a Sunday: not every browser says it. */
const sundayFirst = new Set('US CA MX BR CO PE IL IN JP KR PH ZA'.split(' '));

/** "Pacific Time (Los Angeles)" */
export function zoneLabel(zone: string, locale?: string): string {
	const parts = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'longGeneric' });
	const name = parts.formatToParts(0).find(({ type }) => type === 'timeZoneName')?.value ?? zone;
	const city = zone.split('/').at(-1)?.replaceAll('_', ' ');
	// UTC and its like are not named after a city.
	return zone.includes('/') ? `${name} (${city})` : (city ?? name);
}

const formats = new Map<string, Intl.DateTimeFormat>();

// A week of sessions formats a hundred dates: making a formatter is what costs.
function formatter(zone: string, style: 'day' | 'date' | 'time' | 'short'): Intl.DateTimeFormat {
	const options = {
		day: { dateStyle: 'full' },
		date: { dateStyle: 'long' },
		time: { timeStyle: 'short' },
		short: { weekday: 'short', day: 'numeric', month: 'short' },
	} as const;
	const key = `${style} ${zone}`;
	const made =
		formats.get(key) ?? new Intl.DateTimeFormat(undefined, { ...options[style], timeZone: zone });
	formats.set(key, made);
	return made;
}

/** "Wednesday, 25 November 2026" on the clocks of `zone`. */
export const formatDayIn = (at: number, zone: string): string => formatter(zone, 'day').format(at);

/** "3:00 pm" on the clocks of `zone`. */
export const formatTimeIn = (at: number, zone: string): string =>
	formatter(zone, 'time').format(at);

/** "3:00 – 3:50 pm" on the clocks of `zone`. */
export const formatSpan = (span: Span, zone: string): string =>
	formatter(zone, 'time').formatRange(span.startsAt, endOf(span));

/** "Wednesday, 25 November 2026, 3:00 pm, Pacific Time (Los Angeles)" */
export const formatMoment = (at: number, zone: string): string =>
	[formatDayIn(at, zone), formatTimeIn(at, zone), zoneLabel(zone)].join(', ');

/** A date by itself: "Wednesday, 25 November 2026", or "Wed, 25 Nov". */
export function formatDate(date: string, style: 'day' | 'date' | 'short' = 'day'): string {
	return formatter('UTC', style).format(momentOf({ date, time: '12:00' }, 'UTC'));
}

/** Time zones to choose from: those of the United States, and all that this browser knows. */
export function zones(): { readonly near: readonly string[]; readonly all: readonly string[] } {
	return { near: unitedStates, all: Intl.supportedValuesOf('timeZone') };
}

const unitedStates = [
	'America/New_York',
	'America/Chicago',
	'America/Denver',
	'America/Phoenix',
	'America/Los_Angeles',
	'America/Anchorage',
	'Pacific/Honolulu',
];

const endOf = ({ startsAt, minutes }: Span): number => startsAt + minutes * minuteMs;

/** Whether two last at the same time; one that begins when the other ends does not. */
export const overlap = (a: Span, b: Span): boolean =>
	a.startsAt < endOf(b) && b.startsAt < endOf(a);

/** For each of the spans those of the others that it overlaps, in their order. */
export function overlaps<S extends Span>(spans: readonly S[]): Map<S, readonly S[]> {
	const found = new Map<S, S[]>();
	const sorted = spans.toSorted((a, b) => a.startsAt - b.startsAt);
	for (const [at, one] of sorted.entries()) {
		for (const other of sorted.slice(at + 1)) {
			// The rest begins later still.
			if (other.startsAt >= endOf(one)) break;
			if (!overlap(one, other)) continue;
			found.set(one, [...(found.get(one) ?? []), other]);
			found.set(other, [...(found.get(other) ?? []), one]);
		}
	}
	return found;
}
