/** `310 MB`: about how much, as people read it. `locale` is a BCP 47 tag; without it the browser's own. */
export function sizeText(bytes: number, locale?: string): string {
	const megabytes = bytes / 1_000_000;
	const [value, unit] =
		megabytes >= 1000 ? [megabytes / 1000, 'gigabyte'] : [megabytes, 'megabyte'];
	return new Intl.NumberFormat(locale, {
		style: 'unit',
		unit,
		unitDisplay: 'short',
		maximumFractionDigits: value < 10 ? 1 : 0,
	}).format(Math.max(0.1, value));
}
