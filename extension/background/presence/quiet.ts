import type { Choices } from '../../shared/state.ts';

/** Whether a minute of the day is within the quiet hours; `from` after `to` goes over midnight. */
export function isQuiet(quiet: Choices['quiet'], minute: number): boolean {
	if (!quiet) return false;
	const { from, to } = quiet;
	return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}
