import { type Part2, signNotice } from '#crypto/consent/consent.ts';
import { random, toBase64url } from '#crypto/bytes.ts';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import { m } from '#lib/paraglide/messages.js';
import { settings } from '#lib/people/settings.svelte.ts';
import { noticeBasis } from '#lib/retention/basis.ts';
import { type KeepWish, keepAfter, keptIn } from '#lib/retention/notice.ts';
import { plannedFacts } from '#lib/retention/facts.ts';
import { daysLater, weekly } from '#lib/time.ts';
import { visitFor } from '#lib/visits/link.ts';
import { type HostSession, type Place, sealPlace, sealSession } from '#lib/sessions/session.ts';
import type { NewSession } from '#protocol/sessions.ts';
import type { Person, Series } from './contents.ts';

const newId = (): string => toBase64url(random(16));

/** What the form asks. */
export interface SessionWish {
	/** Whose session it is. */
	readonly host: string;
	readonly people: readonly Person[];
	/** What a recording is for, in words; null = not recorded, for good. */
	readonly purpose: string | null;
	/** How long it is kept; nothing said = the notice names no date. */
	readonly keep?: KeepWish | undefined;
	/** What a consent under 42 CFR Part 2 says, where it holds. */
	readonly part2?: Part2 | undefined;
	readonly startsAt: number;
	readonly minutes: number;
	readonly title?: string | undefined;
	readonly note?: string | undefined;
	/** So many sessions, one a week, by the clock of a zone. */
	readonly repeat?: { readonly count: number; readonly zone: string } | undefined;
}

/** A session that is ready to be sent: sending it twice makes it once. */
export interface Prepared {
	readonly id: string;
	readonly body: NewSession;
	readonly places: readonly Place[];
}

/** Seals and signs the session of a wish, or all of its series. */
export async function prepareSessions(wish: SessionWish): Promise<Prepared[]> {
	const { startsAt, repeat } = wish;
	if (!repeat || repeat.count === 1) return [await prepare(wish)];
	const id = newId();
	const { count, zone } = repeat;
	return Promise.all(
		weekly(startsAt, repeat).map((at, index) =>
			prepare({ ...wish, startsAt: at }, { id, zone, number: index + 1, count }),
		),
	);
}

/** A new person at a session: a place and the secret of its link. */
export const newPlace = (person: Person): Place => ({
	...person,
	name: person.name.trim(),
	id: newId(),
	secret: createLinkSecret(),
});

async function prepare(wish: SessionWish, series?: Series): Promise<Prepared> {
	const { host, purpose, startsAt, minutes, title, note } = wish;
	const id = newId();
	const places = wish.people.map(newPlace);
	const body = {
		id,
		host,
		startsAt,
		minutes,
		sealed: await sealSession({
			host,
			session: id,
			text: { title, note, series, kept: purpose === null ? undefined : keptBy(wish) },
		}),
		notice:
			purpose === null
				? null
				: await noticeOf({ session: id, purpose, kept: await keptOf(wish), part2: wish.part2 }),
		places: await Promise.all(
			places.map(async (place) => ({
				id: place.id,
				sealed: await sealPlace({ host, session: id, place }),
				visit: await visitFor({ host, session: id, place }),
			})),
		),
	};
	return { id, body, places };
}

type Kept = Partial<ReturnType<typeof keptIn>> & { keptUntil: number | null };

/** Where these people are, as far as it is known. */
export const statesOf = (people: readonly Person[]): string[] => [
	...new Set(people.flatMap(({ state }) => state ?? [])),
];

const keptBy = ({ keep, people }: SessionWish) => plannedFacts(keep, statesOf(people));

async function keptOf({ keep, startsAt, people }: SessionWish): Promise<Kept> {
	if (!keep) return { keptUntil: null };
	return keptIn(await noticeBasis(), { keep, startsAt, states: statesOf(people) });
}

// Only ever for oneself: nobody signs for another host.
function noticeOf(of: { session: string; purpose: string; kept: Kept; part2: Part2 | undefined }) {
	const { session, purpose, kept, part2 } = of;
	const { identity, member, practice } = account;
	const names = { host: member.name, practice: practice.name };
	return signNotice({
		host: identity.signing,
		notice: {
			session,
			practice: practice.name,
			host: member.name,
			purpose,
			recorder: 'device',
			// Under 42 CFR Part 2 nobody gets keys whom the consent does not name.
			...(settings.supervisorsOpen && !part2
				? { openers: m.notice_openers_supervisors(names), supervisors: true }
				: { openers: m.notice_openers(names) }),
			...kept,
			part2,
		},
	});
}

/** Gives a prepared session to the server; after a failure the same one can be sent again. Throws `ApiError`. */
export async function sendSession({ body }: Prepared): Promise<void> {
	await request({ method: 'POST', path: '/api/sessions', body });
}

/**
 * Whether a session of this host may be made here: where every session is recorded only the host can, whose
 * keys sign the notice.
 */
export const mayMakeFor = (host: string): boolean =>
	host === account.member.id || !settings.recordAll;

/**
 * Whether `prepareNext` can make another one like it: a notice is signed by its own host, and where every
 * session is recorded somebody has to say what for.
 */
export function mayPrepareNext({ host, notice }: HostSession): boolean {
	if (notice && settings.recording) return host === account.member.id;
	return !settings.recordAll;
}

/**
 * The same people at the same time of the clock in `zone` a week later, with links of their own. Nothing
 * is asked of the server for it. Throws RangeError for an unknown zone.
 */
export function prepareNext(session: HostSession, zone: string): Promise<Prepared[]> {
	const { host, places, notice, startsAt, minutes, title, note } = session;
	return prepareSessions({
		host,
		people: places,
		purpose: settings.recording ? (notice?.purpose ?? null) : null,
		keep: keepAfter(session),
		part2: notice?.part2,
		startsAt: daysLater(startsAt, 7, zone),
		minutes,
		title,
		note,
	});
}

/** Whether `prepareMove` can give it to this host: as above. */
export const mayMoveTo = ({ notice }: HostSession, host: string): boolean =>
	mayMakeFor(host) && (notice !== null || !settings.recordAll);

/** Whether the session that `prepareMove` makes is recorded: only its own host signs a notice. */
export const movesRecorded = ({ notice }: HostSession, host: string): boolean =>
	notice !== null && settings.recording && host === account.member.id;

/** The same session for another host, or for the same one with other keys: with links that fit these keys. */
export function prepareMove(session: HostSession, host: string): Promise<Prepared> {
	const { places, notice, startsAt, minutes, title, note, series } = session;
	const purpose = movesRecorded(session, host) ? (notice?.purpose ?? null) : null;
	const keep = keepAfter(session);
	const part2 = notice?.part2;
	const about = { purpose, keep, part2, startsAt, minutes, title, note };
	return prepare({ host, people: places, ...about }, series);
}
