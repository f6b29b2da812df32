import { random, toBase64url, utf8 } from '#crypto/bytes.ts';
import { type Identity, decodePublicIdentity, fingerprint } from '#crypto/identity/identity.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { sign } from '#crypto/identity/signing.ts';
import { StoredIdentity, kept } from '#lib/call/shelf.ts';
import { fetchJson } from '#lib/net/api.ts';
import { ApiError } from '#lib/net/errors.ts';
import { Challenge } from '#protocol/account.ts';
import { OwnRequests, type RequestKind, type TakenBackText, lookText } from '#protocol/requests.ts';
import type { Place } from '#protocol/sessions.ts';
import { type ReadRequest, readAll } from './answer.ts';
import type { Asking } from './mine.svelte.ts';

/** The keys with which this browser was in the visit; undefined in any other, and after it was told to forget. */
export async function visitIdentity(place: Place): Promise<Identity | undefined> {
	const mark = await fingerprint(decodePublicIdentity(place.host.publicIdentity));
	return kept(`identity ${toBase64url(mark)}`, StoredIdentity);
}

/** What was asked from a place with these keys. Throws `ApiError`: `not-found` when they were not in the visit. */
export async function lookUp(place: string, identity: Identity): Promise<ReadRequest[]> {
	const { signing } = identity;
	const path = `/api/places/${place}/requests`;
	const asked = { method: 'POST', open: true } as const;
	// What is signed is good for this one look.
	const { nonce } = await fetchJson(Challenge, { ...asked, path: `${path}/challenge` });
	const message = utf8(lookText(place, nonce));
	const signature = toBase64url(await sign(signing, 'sotto/request-look/v1', message));
	const body = { publicKey: toBase64url(signing.publicKey), nonce, signature };
	const { requests } = await fetchJson(OwnRequests, { ...asked, path: `${path}/look`, body });
	return readAll(requests, identity);
}

/** Asks, signed with the keys of the visit. Throws `ApiError`: `conflict` when the same is asked already. */
export async function ask(options: {
	place: Pick<Place, 'place' | 'session'>;
	identity: Identity;
	kind: RequestKind;
	at: number;
}): Promise<ReadRequest[]> {
	const { identity, kind, at } = options;
	const { place, session } = options.place;
	const keys = {
		subject: toBase64url(identity.signing.publicKey),
		box: toBase64url(identity.publicIdentity.x25519),
	};
	const value = { v: 1, id: toBase64url(random(16)), place, session, kind, at, ...keys };
	const request = await signJson({ key: identity.signing, context: 'sotto/request/v1', value });
	const path = `/api/places/${place}/requests`;
	const sent = { method: 'POST', path, body: { request }, open: true } as const;
	const { requests } = await fetchJson(OwnRequests, sent);
	return readAll(requests, identity);
}

/** Takes a request back, signed with the keys of the visit. Throws `ApiError`: `conflict` when it was answered meanwhile. */
export async function takeBack(options: {
	place: Pick<Place, 'place'>;
	identity: Identity;
	id: string;
	at: number;
}): Promise<ReadRequest[]> {
	const { identity, id, at } = options;
	const { place } = options.place;
	const { signing } = identity;
	const subject = toBase64url(signing.publicKey);
	const value: TakenBackText = { v: 1, request: id, place, subject, at };
	const signed = await signJson({ key: signing, context: 'sotto/request-back/v1', value });
	const path = `/api/places/${place}/requests/${id}/withdraw`;
	const sent = { method: 'POST', path, body: { signed }, open: true } as const;
	const { requests } = await fetchJson(OwnRequests, sent);
	return readAll(requests, identity);
}

/** Asking with the keys that this browser had in a visit. */
export function visitAsking(place: Place): Asking {
	let known: Identity | undefined;
	const identity = async () => (known ??= await visitIdentity(place));
	return {
		practice: place.practice,
		async look() {
			if (place.notice === null) throw new ApiError('not-found');
			const own = await identity();
			return own && lookUp(place.place, own);
		},
		async ask(kind) {
			const own = await identity();
			if (!own) throw new ApiError('not-found');
			return ask({ place, identity: own, kind, at: Date.now() });
		},
		async takeBack(id) {
			const own = await identity();
			if (!own) throw new ApiError('not-found');
			return takeBack({ place, identity: own, id, at: Date.now() });
		},
	};
}
