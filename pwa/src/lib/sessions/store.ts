import { signNotice } from '#crypto/consent/consent.ts';
import { random, toBase64url } from '#crypto/bytes.ts';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { m } from '#lib/paraglide/messages.js';
import { History, type HistoryRow, Session, SessionList } from '#protocol/sessions.ts';
import { type HostSession, openSession, sealPlace, sealSession } from './session.ts';

const newId = (): string => toBase64url(random(16));
const minutes = 50;

/** What the form asks. */
export interface SessionWish {
	readonly names: readonly string[];
	/** What a recording is for, in words; null = not recorded, for good. */
	readonly purpose: string | null;
}

/** Makes a session that starts now; gives its id. Throws `ApiError`. */
export async function createSession({ names, purpose }: SessionWish): Promise<string> {
	const id = newId();
	const places = await Promise.all(
		names.map(async (name) => {
			const place = { id: newId(), name: name.trim(), secret: createLinkSecret() };
			return { id: place.id, sealed: await sealPlace(id, place) };
		}),
	);
	const notice = purpose === null ? null : await noticeOf(id, purpose);
	const sealed = await sealSession(id);
	await request({
		method: 'POST',
		path: '/api/sessions',
		body: { id, startsAt: Date.now(), minutes, sealed, notice, places },
	});
	return id;
}

function noticeOf(session: string, purpose: string) {
	const { identity, member, practice } = account;
	return signNotice({
		host: identity.signing,
		notice: {
			session,
			practice: practice.name,
			host: member.name,
			purpose,
			recorder: 'device',
			openers: m.notice_openers({ host: member.name, practice: practice.name }),
			keptUntil: null,
		},
	});
}

/** One session of this member's. Throws `ApiError` and as `openSession`. */
export async function fetchSession(id: string): Promise<HostSession> {
	return openSession(await fetchJson(Session, { path: `/api/sessions/${id}` }));
}

/** This member's sessions between two moments, earliest first; what cannot be opened is given as its error. */
export async function fetchSessions(
	from: number,
	to: number,
): Promise<{ sessions: HostSession[]; failures: unknown[] }> {
	const path = `/api/sessions?from=${from}&to=${to}`;
	const list = await fetchJson(SessionList, { path });
	const own = list.sessions.filter(({ host }) => host === account.member.id);
	const opened = await Promise.allSettled(own.map(openSession));
	const sessions = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
	const failures = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
	return { sessions: sessions.toSorted((a, b) => a.startsAt - b.startsAt), failures };
}

export async function fetchHistory(session: string): Promise<readonly HistoryRow[]> {
	return (await fetchJson(History, { path: `/api/sessions/${session}/history` })).rows;
}
