import { fromBase64url, sha256, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { grantKeyOf } from '#crypto/grant/grant.ts';
import { signDropped } from '#crypto/members/rotation.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { endSpent } from '#lib/people/members.ts';
import { ifOpen, sendGrant, wrapFor } from '#lib/recordings/give.ts';
import { openOne } from '#lib/recordings/keys.ts';
import { type Lost, grantsByRecording } from '#lib/recordings/regrant.ts';
import { fetchRecording, opener } from '#lib/recordings/store.ts';
import { isBoxes, isSealedTo } from '#lib/schedule/sealed.ts';
import { fetchRoll } from '#lib/sessions/roll.ts';
import { oldVisits, sealedAgain } from '#lib/sessions/session.ts';
import { oldShares } from '#lib/share/unapproved.ts';
import { SignedIn } from '#protocol/account.ts';
import type { Grant } from '#protocol/recordings.ts';
import type { Session, SessionChange } from '#protocol/sessions.ts';

/** What only the old keys open by now. */
export interface Left {
	/** Recordings that are not finished yet. */
	readonly recordings: number;
	/** Planned sessions: their links name the old keys, so they have to be made anew. */
	readonly planned: number;
	/** Her open shares for a device that she has not approved: she signed with the old keys what it gets. */
	readonly shares: number;
	/**
	 * Appointments to come that she planned for other hosts: a participant believes her newest key alone, and opens them no
	 * more. The old keys do not help, so they are not kept for them.
	 */
	readonly visits: number;
	/** Recordings and ended sessions that did not open here, with old keys or new ones: only she says whether that is waited for. */
	readonly unreadable: number;
}

/** Whether nothing needs the old keys any more. */
export const isNothing = (left: Left): boolean =>
	Object.values({ ...left, visits: 0 }).every((count) => count === 0);

/** The last moment that a date can hold. */
const forever = 8_640_000_000_000_000;

const opens: ReadonlySet<string> = new Set(['admin', 'supervisor', 'clinician']);

/** Her own grants for keys of before, by recording. Throws `ApiError`. */
async function oldGrants(): Promise<Lost[]> {
	const { member, identity } = account;
	if (!opens.has(member.role)) return [];
	const current = await grantKeyOf(identity.publicIdentity);
	const byRecording = await grantsByRecording(member.id);
	return [...byRecording]
		.map(([id, grants]) => [id, grants.filter(({ recipient }) => recipient === member.id)] as const)
		.filter(([, grants]) => grants.length > 0)
		.filter(([, grants]) => grants.every(({ recipientKey }) => recipientKey !== current))
		.map(([recording, grants]) => ({ recording, grants }));
}

/** Whether her own grants of a recording open: with one that does not, keys that are in no other would go. */
async function allOpen(recording: string, grants: readonly Grant[]): Promise<boolean> {
	for (const grant of grants) {
		const keys = await ifOpen(openOne({ recording, grant, opener: opener() }));
		if (keys.length === 0) return false;
		for (const { key } of keys) key.fill(0);
	}
	return true;
}

/** Wraps the keys of a recording for the new keys; the old grants go in the same moment. */
async function give({ recording: id, grants }: Lost): Promise<'done' | 'later' | 'never'> {
	try {
		const recording = await fetchRecording(id);
		if (recording.state !== 'finished') return 'later';
		if (!(await allOpen(recording.id, grants))) return 'never';
		const ends = grants.flatMap(({ expiresAt }) => expiresAt ?? []);
		const expiresAt = ends.length < grants.length ? null : Math.max(...ends);
		const grant = await wrapFor(recording, { to: account.member.id, expiresAt, partly: true });
		await sendGrant(
			grant,
			grants.map((one) => one.id),
		);
		return 'done';
	} catch (error) {
		// It was deleted meanwhile.
		if (isApiError(error, 'gone', 'not-found')) return 'done';
		if (error instanceof CryptoError) return 'never';
		// Another page was first.
		if (isApiError(error, 'conflict')) return 'later';
		throw error;
	}
}

type Texts = Pick<SessionChange, 'sealed' | 'places'>;

/** Whether it is sealed for the keys that she has now. */
async function isForNow({ sealed = '', places = [] }: Texts): Promise<boolean> {
	const { publicIdentity } = account.identity;
	for (const text of [sealed, ...places.map((place) => place.sealed)]) {
		const bytes = fromBase64url(text);
		if (!isBoxes(bytes) || !(await isSealedTo(publicIdentity, bytes))) return false;
	}
	return true;
}

/** Seals the texts of a session for the keys that she has now; false when one of them did not open. */
async function seal(session: Session): Promise<boolean> {
	const body = await sealedAgain(session);
	if (!body) return false;
	await request({ method: 'PATCH', path: `/api/sessions/${session.id}`, body });
	return isForNow(body);
}

/**
 * Gives to the new keys all that the old ones open, one by one: what was done stays done, so it goes on where it was after a
 * reload. When nothing is left, and nothing is unreadable, the old keys are dropped, here and at the server. Gives what is left.
 * Throws `ApiError`.
 */
export async function regive(onprogress: (done: number, of: number) => void): Promise<Left> {
	const left = { recordings: 0, planned: 0, shares: 0, visits: 0, unreadable: 0 };
	if (account.former.length === 0) return left;
	// Who granted her something may have newer keys than the list here knows.
	await account.refresh();
	if (account.member.role === 'admin') await endSpent();
	const lost = await oldGrants();
	const old: Session[] = [];
	const { id } = account.member;
	for (const session of await fetchRoll(0, forever, { whole: true, everybody: true })) {
		const own = session.host === id;
		if (own && !(await isForNow(session))) old.push(session);
		if (!own && session.state !== 'ended') left.visits += await oldVisits(id, session);
	}
	const ended = old.filter(({ state }) => state === 'ended');
	left.planned = old.length - ended.length;
	if (opens.has(account.member.role)) left.shares = await oldShares();
	const all = lost.length + ended.length;
	let done = 0;
	onprogress(done, all);
	for (const one of lost) {
		const given = await give(one);
		if (given === 'later') left.recordings += 1;
		if (given === 'never') left.unreadable += 1;
		onprogress(++done, all);
	}
	for (const one of ended) {
		if (!(await seal(one))) left.unreadable += 1;
		onprogress(++done, all);
	}
	if (isNothing(left)) await dropFormer();
	return left;
}

/**
 * Drops the old keys, whatever only they open. Signed with the new key: a stolen token alone takes no key away. Throws
 * `ApiError`.
 */
export async function dropFormer(): Promise<void> {
	const { member, identity } = account;
	const { former } = (await fetchJson(SignedIn, { path: '/api/me' })).account;
	if (former !== undefined) {
		const signed = await signDropped({
			key: identity.signing,
			member: member.id,
			former: await sha256(utf8(former)),
		});
		await request({ method: 'DELETE', path: '/api/account/former', body: { signed } });
	}
	await account.refresh();
}
