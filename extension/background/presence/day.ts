import { addDays, dateOf, momentOf, viewerZone } from '#lib/time.ts';
import { limits } from '#protocol/limits.ts';
import { PresenceDay } from '#protocol/presence.ts';
import { ask } from './server.ts';

/** This day on the clocks of this machine: its date, its first moment and its last. */
export function today(now: number): { date: string; from: number; to: number } {
	const zone = viewerZone();
	const date = dateOf(now, zone);
	return {
		date,
		from: momentOf({ date, time: '00:00' }, zone),
		to: momentOf({ date: addDays(date, 1), time: '00:00' }, zone) - 1,
	};
}

/** Whoever waits at midnight may be of the day before or of the next: their names are as far as pages seal them. */
const nightMs = 12 * 60 * 60_000;

/**
 * The member's sessions of today and of the nights around it, and her recordings that are not finished. Throws
 * RequestError.
 */
export async function fetchDay(origin: string, token: string, now: number): Promise<PresenceDay> {
	const { from, to } = today(now);
	const path = `/api/presence/day?from=${from - nightMs}&to=${to + nightMs}`;
	const day = await ask(PresenceDay, { origin, path, token });
	// As many as a server of ours gives.
	const sessions = day.sessions.slice(0, limits.pageRows);
	const recordings = day.recordings.slice(0, limits.pageRows);
	return { ...day, sessions, recordings };
}
