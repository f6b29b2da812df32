import { type Notice, verifyNotice } from '#crypto/consent/consent.ts';
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
import { isBoxes, openText, sealText } from '#lib/schedule/sealed.ts';
import { type About, openContents, signContents } from '#lib/schedule/signed.ts';
import type { Session } from '#protocol/sessions.ts';

/** One invited person as the host knows her; `secret` is what her private link proves. */
export interface Place extends PlaceText {
	readonly id: string;
}

/** A session as its host reads it, or a member with the practice schedule key. */
export interface HostSession extends SessionText {
	readonly id: string;
	/** The member whose session it is. */
	readonly host: string;
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

/** Keys of a member as the practice vouches for them. Throws `bad-key` for whoever is not on the list. */
function identityOf(host: string): PublicIdentity {
	if (host === account.member.id) return account.identity.publicIdentity;
	const member = memberOf(account.members, host);
	if (!member) throw new CryptoError('bad-key');
	return member.publicIdentity;
}

/** Who reads what is personal about a session of this host: the host, and who has the practice schedule key. */
const readersOf = (host: string): PublicIdentity[] => [
	identityOf(host),
	account.practice.scheduleIdentity,
];

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
	const { schedule } = account.practice;
	const openers = schedule ? [account.identity, schedule] : [account.identity];
	return openText({ openers, context, sealed });
}

// The signature is checked each time: the list of members may have changed since.
async function openFrom(host: string, about: About, sealed: string): Promise<string> {
	const text = await openOnce(contextOf(about), sealed);
	// Under the account key only this member herself can have written.
	if (!isBoxes(fromBase64url(sealed))) return text;
	const { identity, member, members } = account;
	const own = { id: member.id, key: identity.signing.publicKey };
	return openContents({ members, own, host, about, text });
}

async function openPlace({ id: session, host }: Session, place: Session['places'][number]) {
	const { id, sealed } = place;
	return { id, ...decodePlace(await openFrom(host, { session, place: id }, sealed)) };
}

/** Opens a session. Throws `open-failed`, `not-a-recipient`, `bad-signature`, `bad-encoding`, `bad-key`. */
export async function openSession(session: Session): Promise<HostSession> {
	const { id, host, startsAt, minutes, state, endedAt, cancelled } = session;
	const { notice: signedNotice } = session;
	const hostKey = identityOf(host).ed25519;
	const [notice, text, ...places] = await Promise.all([
		signedNotice && verifyNotice({ signed: signedNotice, hostKey, session: id }),
		openFrom(host, { session: id, place: null }, session.sealed).then(decodeSession),
		...session.places.map((place) => openPlace(session, place)),
	]);
	return {
		...text,
		id,
		host,
		startsAt,
		minutes,
		state,
		endedAt,
		cancelled,
		notice,
		signedNotice,
		places,
	};
}

/** The private link of a place at a session of this host. Its fragment never reaches the server. */
export async function placeLink(
	{ id, secret }: Place,
	host: string = account.member.id,
): Promise<string> {
	const hostFingerprint = await fingerprint(identityOf(host));
	return address(`/j/${id}`) + encodeLinkFragment({ secret, hostFingerprint });
}
