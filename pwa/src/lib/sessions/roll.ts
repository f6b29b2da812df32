import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { limits } from '#protocol/limits.ts';
import { Session, SessionList } from '#protocol/sessions.ts';
import { type HostSession, openSession } from './session.ts';

/** A list longer than this is not read to its end. */
const pagesMax = 50;

/**
 * This member's sessions between two moments as the server stores them, earliest first; with `everybody`
 * all that she may see. Throws `ApiError`.
 */
export async function fetchRoll(
	from: number,
	to: number,
	{ everybody = false } = {},
): Promise<Session[]> {
	const found = new Map<string, Session>();
	// The server gives the latest first, so many at once.
	for (let until = to, page = 0; page < pagesMax; page++) {
		const path = `/api/sessions?from=${Math.max(0, from)}&to=${until}`;
		const { sessions } = await fetchJson(SessionList, { path });
		const before = found.size;
		for (const one of sessions) found.set(one.id, one);
		const [first] = sessions;
		if (!first || sessions.length < limits.pageRows || found.size === before) break;
		until = first.startsAt;
	}
	return [...found.values()]
		.filter(({ host }) => everybody || host === account.member.id)
		.toSorted((a, b) => a.startsAt - b.startsAt);
}

/** One session of this member's as the server stores it. Throws `ApiError`. */
export const fetchOne = (id: string): Promise<Session> =>
	fetchJson(Session, { path: `/api/sessions/${id}` });

/** Opens sessions, and remembers what it opened: it takes several milliseconds each. */
export class Opener {
	readonly #opened = new Map<string, { stored: string; session: HostSession }>();
	readonly #failed = new Map<string, { stored: string; error: unknown }>();

	/** The first reason why one could not be opened. */
	get failure(): unknown {
		return this.#failed.values().next().value?.error;
	}

	/** What was opened before. */
	peek(id: string): HostSession | undefined {
		return this.#opened.get(id)?.session;
	}

	/** `undefined` when it cannot be opened; then `failure` says why. */
	async open(row: Session): Promise<HostSession | undefined> {
		// Whose word counts is what the list of members says.
		const stored = `${account.members.version} ${JSON.stringify(row)}`;
		const known = this.#opened.get(row.id);
		if (known?.stored === stored) return known.session;
		if (this.#failed.get(row.id)?.stored === stored) return undefined;
		try {
			const session = await openSession(row);
			this.#opened.set(row.id, { stored, session });
			this.#failed.delete(row.id);
			return session;
		} catch (error) {
			this.#failed.set(row.id, { stored, error });
			return undefined;
		}
	}

	/** Forgets all but these. */
	keep(ids: ReadonlySet<string>): void {
		for (const map of [this.#opened, this.#failed])
			for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
	}
}
