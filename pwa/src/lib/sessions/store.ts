import { account } from '#lib/account/account.svelte.ts';
import { fetchWhole } from '#lib/history/whole.ts';
import { fetchJson } from '#lib/net/api.ts';
import { type HistoryRow, Session } from '#protocol/sessions.ts';
import { fetchRoll } from './roll.ts';
import { type HostSession, openSession } from './session.ts';

/** Sessions that could be opened, earliest first; what could not is given as it is stored, with its error. */
export interface OpenedSessions {
	readonly sessions: readonly HostSession[];
	readonly unopened: readonly Session[];
	readonly failures: readonly unknown[];
}

/** One session that this member may see. Throws `ApiError` and as `openSession`. */
export async function fetchSession(id: string): Promise<HostSession> {
	return openSession(await fetchJson(Session, { path: `/api/sessions/${id}` }));
}

/** This member's sessions between two moments. Throws `ApiError`. */
export function fetchSessions(from: number, to: number): Promise<OpenedSessions> {
	return fetchList({ from, to, ownOnly: true });
}

/** The same, and for who has the practice schedule key those of the colleagues too. Throws `ApiError`. */
export function fetchSchedule(from: number, to: number): Promise<OpenedSessions> {
	return fetchList({ from, to, ownOnly: account.practice.schedule === undefined });
}

async function fetchList(options: {
	from: number;
	to: number;
	ownOnly: boolean;
}): Promise<OpenedSessions> {
	const { from, to, ownOnly } = options;
	const roll = await fetchRoll(from, to, { everybody: !ownOnly });
	const opened = await Promise.allSettled(roll.map(openSession));
	const sessions = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
	const failures = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
	const unopened = roll.filter((_, at) => opened[at]?.status === 'rejected');
	return { sessions: sessions.toSorted((a, b) => a.startsAt - b.startsAt), unopened, failures };
}

export async function fetchHistory(session: string): Promise<readonly HistoryRow[]> {
	return fetchWhole(`/api/sessions/${session}/history`);
}
