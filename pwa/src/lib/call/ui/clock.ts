import { getLocale } from '#lib/paraglide/runtime.js';

/** A time of day in the reader's zone, such as 3:05 pm. */
export function timeOfDay(at: number): string {
	return new Intl.DateTimeFormat(getLocale(), { timeStyle: 'short' }).format(at);
}

/** The reader's time zone in words. */
export function zoneName(at: number): string {
	const parts = new Intl.DateTimeFormat(getLocale(), { timeZoneName: 'long' }).formatToParts(at);
	return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A length as m:ss or h:mm:ss. */
export function elapsed(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
	return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** Up to two letters that stand for a name. */
export function initials(name: string): string {
	const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word) && !word.endsWith('.'));
	const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
	return ends.map((word) => word?.[0]?.toUpperCase() ?? '').join('');
}
