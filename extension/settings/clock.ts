const two = (part: number): string => String(part).padStart(2, '0');

/** "18:00" of minutes since midnight, as a field for a time holds it. */
export function clock(minutes: number): string {
	return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Minutes since midnight of "18:00"; `null` where that is no time. */
export function minutesOf(text: string): number | null {
	const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)/.exec(text) ?? [];
	return hours && minutes ? Number(hours) * 60 + Number(minutes) : null;
}
