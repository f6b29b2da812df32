import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { limits } from '#protocol/limits.ts';
import { Session, SessionList } from '#protocol/sessions.ts';
import { type HostSession, type Place, openPlace, openSession } from './session.ts';

/** A list longer than this is not read to its end. */
const pagesMax = 50;

/**
 * This member's sessions between two moments as the server stores them, earliest first; with `everybody`
 * all that she may see; with `whole` to the end. Throws `ApiError`, with `whole` also `too-large` when more
 * sessions start at one moment than the server gives at once.
 */
export async function fetchRoll(
	from: number,
	to: number,
	{ everybody = false, whole = false } = {},
): Promise<Session[]> {
	const found = new Map<string, Session>();
	const most = whole ? Infinity : pagesMax;
	// The server gives the latest first, so many at once.
	for (let until = to, page = 0; page < most; page++) {
		const path = `/api/sessions?from=${Math.max(0, from)}&to=${until}`;
		const { sessions } = await fetchJson(SessionList, { path });
		const before = found.size;
		for (const one of sessions) found.set(one.id, one);
		const [first] = sessions;
		if (!first || sessions.length < limits.pageRows) break;
		if (found.size === before) {
			if (whole) throw new CryptoError('too-large');
			break;
		}
		until = first.startsAt;
	}
	return [...found.values()]
		.filter(({ host }) => everybody || host === account.member.id)
		.toSorted((a, b) => a.startsAt - b.startsAt);
}

/** One session of this member's as the server stores it. Throws `ApiError`. */
export const fetchOne = (id: string): Promise<Session> =>
	fetchJson(Session, { path: `/api/sessions/${id}` });

/** What was opened of `stored`, or why it could not be. */
interface Opened<T> {
	readonly stored: string;
	readonly value?: T;
	readonly error?: unknown;
}

/** Opens sessions and single places, and remembers what it opened: it takes milliseconds each. */
export class Opener {
	readonly #sessions = new Map<string, Opened<HostSession>>();
	readonly #places = new Map<string, Opened<Place> & { readonly session: string }>();

	/** The first reason why one could not be opened. */
	get failure(): unknown {
		for (const map of [this.#sessions, this.#places])
			for (const { error } of map.values()) if (error !== undefined) return error;
		return undefined;
	}

	/** What was opened before. */
	peek(id: string): HostSession | undefined {
		return this.#sessions.get(id)?.value;
	}

	peekPlace(id: string): Place | undefined {
		return this.#places.get(id)?.value;
	}

	/** `undefined` when it cannot be opened; then `failure` says why. */
	async open(row: Session): Promise<HostSession | undefined> {
		const stored = JSON.stringify(row);
		const known = this.#sessions.get(row.id);
		const opened = known?.stored === stored ? known : await attempt(stored, () => openSession(row));
		this.#sessions.set(row.id, opened);
		return opened.value;
	}

	/** The same for one place, without the rest of its session. */
	async openPlace(row: Session, id: string): Promise<Place | undefined> {
		const place = row.places.find((one) => one.id === id);
		if (!place) return undefined;
		const known = this.#places.get(id);
		const opened =
			known?.stored === place.sealed
				? known
				: await attempt(place.sealed, () => openPlace(row, place));
		this.#places.set(id, { ...opened, session: row.id });
		return opened.value;
	}

	/** Forgets all but these sessions. */
	keep(ids: ReadonlySet<string>): void {
		for (const id of this.#sessions.keys()) if (!ids.has(id)) this.#sessions.delete(id);
		for (const [id, { session }] of this.#places) if (!ids.has(session)) this.#places.delete(id);
	}
}

async function attempt<T>(stored: string, open: () => Promise<T>): Promise<Opened<T>> {
	try {
		return { stored, value: await open() };
	} catch (error) {
		return { stored, error };
	}
}
