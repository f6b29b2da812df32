import * as v from 'valibot';
import { type Notice, verifyNotice } from '#crypto/consent/consent.ts';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { fingerprint } from '#crypto/identity/identity.ts';
import { encodeLinkFragment } from '#crypto/proof/fragment.ts';
import { type LinkSecret, toLinkSecret } from '#crypto/proof/proof.ts';
import { bytesText, parseJson } from '#crypto/schema.ts';
import { account } from '#lib/account/account.svelte.ts';
import { address } from '#lib/net/origin.ts';
import type { Session } from '#protocol/sessions.ts';

/** One invited person as the host knows her. */
export interface Place {
	readonly id: string;
	readonly name: string;
	/** What her private link proves. */
	readonly secret: LinkSecret;
}

/** A session as its host reads it. */
export interface HostSession {
	readonly id: string;
	readonly startsAt: number;
	readonly minutes: number;
	readonly state: Session['state'];
	readonly endedAt: number | null;
	/** What people are told before they are asked; null when the session cannot be recorded. */
	readonly notice: Notice | null;
	/** The same, as it was signed. */
	readonly signedNotice: Session['notice'];
	readonly places: readonly Place[];
}

/** Sealed texts are padded to a multiple of this, so that a length tells no name. */
const quantum = 128;

const PlaceShape = v.strictObject({
	v: v.literal(1),
	name: v.pipe(v.string(), v.minLength(1), v.maxLength(120)),
	secret: bytesText(16),
});

const placeContext = (session: string, place: string): string => `place ${session} ${place}`;

async function sealText(context: string, text: string): Promise<string> {
	const bytes = utf8(text);
	const padded = new Uint8Array(Math.ceil(bytes.length / quantum) * quantum).fill(0x20);
	padded.set(bytes);
	return toBase64url(await account.seal(context, padded));
}

/** Name and link secret of a place, for this member's devices alone. */
export function sealPlace(session: string, { id, name, secret }: Place): Promise<string> {
	const text = JSON.stringify({ v: 1, name, secret: toBase64url(secret) });
	return sealText(placeContext(session, id), text);
}

/** What belongs to the whole session; so far only that this client made it. */
export function sealSession(session: string): Promise<string> {
	return sealText(`session ${session}`, JSON.stringify({ v: 1 }));
}

async function openPlace(session: string, place: Session['places'][number]): Promise<Place> {
	const context = placeContext(session, place.id);
	const text = fromUtf8(await account.open(context, fromBase64url(place.sealed)));
	const { name, secret } = parseJson(PlaceShape, text);
	return { id: place.id, name, secret: toLinkSecret(secret) };
}

/** Opens a session of this member's own. Throws `open-failed`, `bad-signature`, `bad-encoding`. */
export async function openSession(session: Session): Promise<HostSession> {
	const { id, startsAt, minutes, state, endedAt, notice: signedNotice } = session;
	const hostKey = account.identity.publicIdentity.ed25519;
	const notice =
		signedNotice && (await verifyNotice({ signed: signedNotice, hostKey, session: id }));
	const places = await Promise.all(session.places.map((place) => openPlace(id, place)));
	return { id, startsAt, minutes, state, endedAt, notice, signedNotice, places };
}

/** The private link of a place. Its fragment never reaches the server. */
export async function placeLink({ id, secret }: Place): Promise<string> {
	const hostFingerprint = await fingerprint(account.identity.publicIdentity);
	return address(`/j/${id}`) + encodeLinkFragment({ secret, hostFingerprint });
}
