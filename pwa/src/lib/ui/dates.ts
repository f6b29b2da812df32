/** Dates as this viewer writes them, in her own time zone. */
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const shortDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'longGeneric' });

/** "Wednesday, 18 November 2026" */
export const formatDay = (at: number): string => day.format(at);

/** "18 November 2026" */
export const formatDate = (at: number): string => shortDay.format(at);

/** "3:00 pm" */
export const formatTime = (at: number): string => time.format(at);

/** "Pacific Time (Los Angeles)" */
export function zoneName(): string {
	const name = zone.formatToParts().find(({ type }) => type === 'timeZoneName')?.value ?? '';
	const city = zone.resolvedOptions().timeZone.split('/').at(-1)?.replaceAll('_', ' ');
	// UTC and its like are not named after a city.
	return zone.resolvedOptions().timeZone.includes('/') ? `${name} (${city})` : (city ?? name);
}

/** The first moment of the viewer's day. */
export function startOfDay(at: number): number {
	return new Date(at).setHours(0, 0, 0, 0);
}
