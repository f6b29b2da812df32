import { type Notice, type SignedNotice, verifyNotice } from '#crypto/consent/consent.ts';
import { fromBase64url, fromUtf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Identity, type PublicIdentity, fingerprint } from '#crypto/identity/identity.ts';
import { memberOf } from '#crypto/members/members.ts';
import { encodeLinkFragment } from '#crypto/proof/fragment.ts';
import { account } from '#lib/account/account.svelte.ts';
import { address } from '#lib/net/origin.ts';
import {
	type PlaceText,
	type SessionText,
	decodePlace,
	decodeSession,
	encodePlace,
	encodeSession,
} from '#lib/schedule/contents.ts';
import { isVouched } from '#lib/schedule/former.ts';
import { isBoxes, isSealedTo, openText, sealText } from '#lib/schedule/sealed.ts';
import {
	type About,
	type Author,
	type Opened,
	ifSigned,
	openContents,
	signContents,
} from '#lib/schedule/signed.ts';
import type { Session, SessionChange } from '#protocol/sessions.ts';

/** One invited person as the host knows her; `secret` is what her private link proves. */
export interface Place extends PlaceText {
	readonly id: string;
}

/** A session as its host reads it, or a member with the practice schedule key. */
export interface HostSession extends SessionText {
	readonly id: string;
	/** The member whose session it is. */
	readonly host: string;
	/** Whether the host can open it: not once she `left` the practice, nor with keys `renewed` since. */
	readonly hostIs: 'here' | 'left' | 'renewed';
	/** Who wrote title and note. */
	readonly author: Author;
	readonly startsAt: number;
	readonly minutes: number;
	readonly state: Session['state'];
	readonly endedAt: number | null;
	/** It ended without having begun. */
	readonly cancelled: boolean;
	/** What people are told before they are asked; null when the session cannot be recorded. */
	readonly notice: Notice | null;
	/** The same, as it was signed. */
	readonly signedNotice: Session['notice'];
	readonly places: readonly Place[];
}

const contextOf = ({ session, place }: About): string =>
	place === null ? `session ${session}` : `place ${session} ${place}`;

/** Keys of a member as the practice vouches for them. Undefined for whoever is not on the list. */
function keysOf(member: string): PublicIdentity | undefined {
	if (member === account.member.id) return account.identity.publicIdentity;
	return memberOf(account.members, member)?.publicIdentity;
}

/** Who reads what is personal about a session of this host: the host while she is a member, and who has the practice schedule key. */
function readersOf(host: string): PublicIdentity[] {
	const keys = keysOf(host);
	const { scheduleIdentity } = account.practice;
	return keys ? [keys, scheduleIdentity] : [scheduleIdentity];
}

// Anybody who knows the readers' public keys can seal to them, so who writes also signs.
async function sealContents(host: string, about: About, text: string): Promise<string> {
	const { member, identity } = account;
	const author = { author: member.id, key: identity.signing };
	const signed = await signContents({ ...author, about, text });
	return sealText({ to: readersOf(host), context: contextOf(about), text: signed });
}

/** Name, contacts and link secret of a place, for the host and the practice schedule key. */
export function sealPlace(options: {
	host: string;
	session: string;
	place: Place;
}): Promise<string> {
	const { host, session, place } = options;
	return sealContents(host, { session, place: place.id }, encodePlace(place));
}

/** Title, note and series of a session, for the same. */
export function sealSession(options: {
	host: string;
	session: string;
	text: SessionText;
}): Promise<string> {
	const { host, session, text } = options;
	return sealContents(host, { session, place: null }, encodeSession(text));
}

// Opening takes milliseconds each, and lists are read again with every change. Gone with the keys at the next lock.
const opened = new WeakMap<Identity, Map<string, Promise<string>>>();
const openedMax = 4000;

function openOnce(context: string, sealed: string): Promise<string> {
	const known = opened.get(account.identity) ?? new Map<string, Promise<string>>();
	opened.set(account.identity, known);
	const key = `${context} ${sealed}`;
	const text = known.get(key) ?? open(context, sealed);
	if (known.size > openedMax) known.clear();
	known.set(key, text);
	return text;
}

async function open(context: string, text: string): Promise<string> {
	const sealed = fromBase64url(text);
	if (!isBoxes(sealed)) return fromUtf8(await account.open(context, sealed));
	const { schedule, oldSchedule } = account.practice;
	const before = account.former.map(({ identity }) => identity);
	const openers = [account.identity, ...before, ...(schedule ? [schedule] : []), ...oldSchedule];
	return openText({ openers, context, sealed });
}

// The signature is checked each time: the list of members may have changed since.
async function openFrom(host: string, about: About, sealed: string): Promise<Opened> {
	const text = await openOnce(contextOf(about), sealed);
	// Under the account key only this member herself can have written.
	if (!isBoxes(fromBase64url(sealed))) return { author: { id: host, former: false }, text };
	const { identity, member, members } = account;
	const own = { id: member.id, key: identity.signing.publicKey };
	return openContents({ members, own, host, about, text, vouched: isVouched });
}

/** Opens one place of a session alone. Throws as `openSession`. */
export async function openPlace(
	{ id: session, host }: Session,
	place: Session['places'][number],
): Promise<Place> {
	const { id, sealed } = place;
	const { text } = await openFrom(host, { session, place: id }, sealed);
	return { id, ...decodePlace(text) };
}

/** The text that the practice vouches for when the host's keys are others by now. */
export const noticeText = ({ signature, text }: SignedNotice): string => signature + text;

async function openNotice({ id: session, host, notice: signed }: Session): Promise<Notice | null> {
	if (!signed) return null;
	const keys = keysOf(host);
	const now = keys && (await ifSigned(verifyNotice({ signed, hostKey: keys.ed25519, session })));
	if (now) return now;
	for (const former of account.members.former ?? []) {
		if (former.id !== host) continue;
		const then = await ifSigned(verifyNotice({ signed, hostKey: former.ed25519, session }));
		if (then && (await isVouched(former, noticeText(signed)))) return then;
	}
	throw new CryptoError('bad-signature');
}

async function readHost({ host, sealed }: Session): Promise<HostSession['hostIs']> {
	const keys = keysOf(host);
	if (!keys) return 'left';
	const bytes = fromBase64url(sealed);
	return !isBoxes(bytes) || (await isSealedTo(keys, bytes)) ? 'here' : 'renewed';
}

/** Opens a session. Throws `open-failed`, `not-a-recipient`, `bad-signature`, `bad-encoding`. */
export async function openSession(session: Session): Promise<HostSession> {
	const { id, host, startsAt, minutes, state, endedAt, cancelled } = session;
	const [notice, hostIs, { author, text }, ...places] = await Promise.all([
		openNotice(session),
		readHost(session),
		openFrom(host, { session: id, place: null }, session.sealed),
		...session.places.map((place) => openPlace(session, place)),
	]);
	return {
		...decodeSession(text),
		id,
		host,
		hostIs,
		author,
		startsAt,
		minutes,
		state,
		endedAt,
		cancelled,
		notice,
		signedNotice: session.notice,
		places,
	};
}

/**
 * The texts of her own session, as they were signed, sealed for the keys that its readers have now; undefined when they are
 * for these already.
 */
export async function sealedAgain(session: Session): Promise<SessionChange | undefined> {
	const { id, host, sealed, places } = session;
	const keys = keysOf(host) ?? account.identity.publicIdentity;
	const again = async (about: About, before: string): Promise<string> => {
		const bytes = fromBase64url(before);
		if (isBoxes(bytes) && (await isSealedTo(keys, bytes))) return before;
		const text = await readable(openOnce(contextOf(about), before));
		// What no key of hers opens stays as it is.
		if (text === undefined) return before;
		if (!isBoxes(bytes)) return sealContents(host, about, text);
		return sealText({ to: readersOf(host), context: contextOf(about), text });
	};
	const change = {
		sealed: await again({ session: id, place: null }, sealed),
		places: await Promise.all(
			places.map(async (place) => ({
				id: place.id,
				sealed: await again({ session: id, place: place.id }, place.sealed),
			})),
		),
	};
	const same =
		change.sealed === sealed && change.places.every((one, at) => one.sealed === places[at]?.sealed);
	return same ? undefined : change;
}

/** What one member signed of a session, as she signed it; what cannot be opened is left out. Throws `ApiError`. */
export async function signedBy(member: string, session: Session): Promise<string[]> {
	const { id, host, notice } = session;
	const parts: [string | null, string][] = [
		[null, session.sealed],
		...session.places.map(({ id: place, sealed }): [string, string] => [place, sealed]),
	];
	const texts: string[] = [];
	if (notice && host === member && (await readable(openNotice(session))))
		texts.push(noticeText(notice));
	for (const [place, sealed] of parts) {
		const about = { session: id, place };
		const one = await readable(openFrom(host, about, sealed));
		// As she is now: what she signed with older keys is vouched for already.
		if (one?.author.id !== member || one.author.former || !isBoxes(fromBase64url(sealed))) continue;
		texts.push(await openOnce(contextOf(about), sealed));
	}
	return texts;
}

/** How many people with an account are told of their appointment by a text that this member signed with keys of before. */
export async function oldVisits(member: string, session: Session): Promise<number> {
	const { id, host, places } = session;
	let old = 0;
	for (const { id: place, sealed } of places) {
		const one = await readable(openFrom(host, { session: id, place }, sealed));
		const hers = one?.author.id === member && one.author.former;
		if (hers && decodePlace(one.text).account !== undefined) old += 1;
	}
	return old;
}

async function readable<T>(opening: Promise<T>): Promise<T | undefined> {
	try {
		return await opening;
	} catch (error) {
		if (error instanceof CryptoError) return undefined;
		throw error;
	}
}

/**
 * The private link of a place at a session of this host. Its fragment never reaches the server. Throws
 * `bad-key` for a host who is no member.
 */
export async function placeLink(
	{ id, secret }: Place,
	host: string = account.member.id,
): Promise<string> {
	const keys = keysOf(host);
	if (!keys) throw new CryptoError('bad-key');
	const hostFingerprint = await fingerprint(keys);
	return address(`/j/${id}`) + encodeLinkFragment({ secret, hostFingerprint });
}
