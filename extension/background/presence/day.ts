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

/** The member's sessions of today, and her recordings that are not finished. Throws RequestError. */
export async function fetchDay(origin: string, token: string, now: number): Promise<PresenceDay> {
	const { from, to } = today(now);
	const path = `/api/presence/day?from=${from}&to=${to}`;
	const day = await ask(PresenceDay, { origin, path, token });
	// As many as a server of ours gives.
	const sessions = day.sessions.slice(0, limits.pageRows);
	const recordings = day.recordings.slice(0, limits.pageRows);
	return { ...day, sessions, recordings };
}
