/** Times as people read and hear them. `locale` is a BCP 47 tag; without it the browser's own. */

function parts(ms: number): { hours: number; minutes: number; seconds: number } {
	const whole = Math.max(0, Math.floor(ms / 1000));
	return {
		hours: Math.floor(whole / 3600),
		minutes: Math.floor((whole % 3600) / 60),
		seconds: whole % 60,
	};
}

function two(value: number): string {
	return String(value).padStart(2, '0');
}

/** `13:56`, `1:02:03`: a place in a recording. */
export function clockText(ms: number): string {
	const { hours, minutes, seconds } = parts(ms);
	return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

type Unit = 'hour' | 'minute' | 'second';

/** Formats are kept: to make one takes longer than to draw the row that it is for. */
const numbers = new Map<string, Intl.NumberFormat>();
const days = new Map<string, Intl.DateTimeFormat>();

function unit(value: number, name: Unit, locale?: string): string {
	const key = `${locale} ${name}`;
	let format = numbers.get(key);
	if (!format) {
		format = new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long' });
		numbers.set(key, format);
	}
	return format.format(value);
}

/** `13 minutes 56 seconds`, `1 hour 2 minutes 3 seconds`: the same place, spoken. */
export function spokenText(ms: number, locale?: string): string {
	const { hours, minutes, seconds } = parts(ms);
	const said = [
		hours > 0 ? unit(hours, 'hour', locale) : '',
		minutes > 0 ? unit(minutes, 'minute', locale) : '',
		seconds > 0 || hours + minutes === 0 ? unit(seconds, 'second', locale) : '',
	];
	return said.filter(Boolean).join(' ');
}

/** `41 minutes`, `3 seconds`: how long something is, as roughly as it is said. */
export function lengthText(ms: number, locale?: string): string {
	if (ms < 59_500) return unit(Math.max(1, Math.round(ms / 1000)), 'second', locale);
	const minutes = Math.round(ms / 60_000);
	if (minutes < 120) return unit(minutes, 'minute', locale);
	const rest = minutes % 60;
	const hours = unit(Math.floor(minutes / 60), 'hour', locale);
	return rest > 0 ? `${hours} ${unit(rest, 'minute', locale)}` : hours;
}

/** `Wed 18 Nov`; with the year when it is not this one. */
export function shortDayText(at: number, now: number, locale?: string): string {
	const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
	const key = `${locale} ${sameYear}`;
	let format = days.get(key);
	if (!format) {
		format = new Intl.DateTimeFormat(locale, {
			weekday: 'short',
			day: 'numeric',
			month: 'short',
			...(!sameYear && { year: 'numeric' }),
		});
		days.set(key, format);
	}
	return format.format(at);
}

/** The value of `<input type="date">` for this moment, in the viewer's time zone. */
export function dateValue(at: number): string {
	const date = new Date(at);
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Midnight at the start of that day in the viewer's time zone; undefined while the field is empty. */
export function dayStart(value: string): number | undefined {
	const match = /^(\d{4,6})-(\d\d)-(\d\d)$/.exec(value);
	if (!match) return undefined;
	return new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3])).getTime();
}

/** Midnight at the end of that day, which may have 23 or 25 hours. */
export function dayEnd(value: string): number | undefined {
	const start = dayStart(value);
	if (start === undefined) return undefined;
	const date = new Date(start);
	return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}
