/** Milliseconds of a place in a recording as people write it: `12:30`, `1:02:03`, `45`; undefined for anything else. */
export function placeOf(text: string): number | undefined {
	const found = /^(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,2}(?:[.,]\d{1,2})?)$/.exec(text.trim());
	if (!found) return undefined;
	const [, hours = '0', minutes = '0', seconds = '0'] = found;
	const whole = Number(seconds.replace(',', '.'));
	return Math.round((Number(hours) * 3600 + Number(minutes) * 60 + whole) * 1000);
}
