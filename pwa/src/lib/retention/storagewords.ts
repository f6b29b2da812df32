import { getLocale } from '#lib/paraglide/runtime.js';

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** "1.2 GB": thousands, as storage is sold. */
export function bytesWords(bytes: number): string {
	const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
	return new Intl.NumberFormat(getLocale(), {
		style: 'unit',
		unit: units[at] ?? 'byte',
		// "0 bytes", and not "0 byte".
		unitDisplay: at === 0 ? 'long' : 'short',
		maximumFractionDigits: at === 0 ? 0 : 1,
	}).format(bytes / 1000 ** at);
}

/** "November 2026" or "Nov 26" */
export const monthWords = (month: string, style: 'long' | 'short'): string =>
	new Intl.DateTimeFormat(getLocale(), {
		month: style,
		year: style === 'long' ? 'numeric' : '2-digit',
		timeZone: 'UTC',
	}).format(Date.parse(`${month}-15T12:00Z`));

/** "$0.05" */
export const moneyWords = (amount: number, currency: string): string =>
	new Intl.NumberFormat(getLocale(), { style: 'currency', currency }).format(amount);

/** Whether this browser knows a currency of these letters. */
export const isCurrency = (code: string): boolean =>
	/^[A-Z]{3}$/.test(code) && Intl.supportedValuesOf('currency').includes(code);
