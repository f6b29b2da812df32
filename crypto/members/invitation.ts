import { type Bytes, concat, equal, fromBase64url, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { hkdf } from '#crypto/hkdf.ts';
import { type PublicIdentity, encodePublicIdentity } from '#crypto/identity/identity.ts';
import type { Role } from './members.ts';
import { practiceFingerprint } from './practice.ts';

/** What an admin decided about somebody who shall become a member. */
export interface Invitation {
	/** Id. */
	readonly id: string;
	readonly email: string;
	readonly role: Role;
	/** Milliseconds since 1970. */
	readonly expiresAt: number;
	/** Id of the member who comes back with new keys; null = somebody new. */
	readonly member: string | null;
	/** Whether that member is on the signed list, now as when she was invited. */
	readonly listed: boolean;
}

/** Who accepted an invitation, with the keys that she made. */
export interface NewMember {
	readonly id: string;
	readonly name: string;
	readonly email: string;
	readonly role: Role;
	readonly publicIdentity: PublicIdentity;
}

const secretBytes = 32;
const fingerprintBytes = 32;
const serverKeyBytes = 32;

function derive(ikm: Bytes, info: Bytes): Promise<Bytes> {
	return hkdf({ hash: 'SHA-256', ikm, salt: new Uint8Array(), info, lengthBytes: secretBytes });
}

/**
 * The secret of an invitation, 32 bytes. Every admin can make it again from the practice key's seed, so it is
 * kept nowhere; another address, role, end or member has another secret.
 */
export async function invitationSecret(options: {
	practiceSeed: Bytes;
	invitation: Invitation;
}): Promise<Bytes> {
	const { id, email, role, expiresAt, member, listed } = options.invitation;
	const about = canonical({ id, email, role, expiresAt, member, listed });
	return derive(options.practiceSeed, concat(utf8('sotto/invitation/v2\0'), about));
}

/** What shows the server that somebody has the link; it does not lead back to the secret. */
export async function invitationProof(secret: Bytes): Promise<Bytes> {
	return derive(secret, utf8('sotto/invitation/proof/v1'));
}

/** HMAC-SHA-256 with the invitation's secret over the new member and her keys, 32 bytes. */
export async function registrationMac(options: {
	secret: Bytes;
	practice: Bytes;
	member: NewMember;
}): Promise<Bytes> {
	const { secret, practice, member } = options;
	const { id, name, email, role, publicIdentity } = member;
	const identity = encodePublicIdentity(publicIdentity);
	const about = canonical({ practice: toBase64url(practice), id, name, email, role, identity });
	const hmac = { name: 'HMAC', hash: 'SHA-256' } as const;
	const raw = await derive(secret, utf8('sotto/invitation/registration/v1'));
	const key = await crypto.subtle.importKey('raw', raw, hmac, false, ['sign']);
	return new Uint8Array(await crypto.subtle.sign('HMAC', key, about));
}

/** Throws `bad-signature` unless `mac` is the one of `registrationMac`. */
export async function verifyRegistration(
	options: Parameters<typeof registrationMac>[0] & { mac: Bytes },
): Promise<void> {
	if (!equal(await registrationMac(options), options.mac)) throw new CryptoError('bad-signature');
}

/**
 * The fragment of the link: the secret, the fingerprint of the practice key and the server's OPAQUE key (32 bytes),
 * both of which the invited one pins. Throws TypeError for a server key of another length.
 */
export async function invitationFragment(options: {
	secret: Bytes;
	practiceKey: Bytes;
	serverKey: Bytes;
}): Promise<string> {
	const { secret, practiceKey, serverKey } = options;
	assert(serverKey.length === serverKeyBytes, 'a server key has 32 bytes');
	return toBase64url(concat(secret, await practiceFingerprint(practiceKey), serverKey));
}

/** What `invitationFragment` made. Throws `bad-encoding`, `truncated`. */
export function parseInvitationFragment(text: string): {
	secret: Bytes;
	fingerprint: Bytes;
	serverKey: Bytes;
} {
	const bytes = fromBase64url(text);
	const ends = [secretBytes, secretBytes + fingerprintBytes] as const;
	if (bytes.length !== ends[1] + serverKeyBytes) throw new CryptoError('truncated');
	return {
		secret: bytes.slice(0, ends[0]),
		fingerprint: bytes.slice(...ends),
		serverKey: bytes.slice(ends[1]),
	};
}
