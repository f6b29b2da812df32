import { type Bytes, random, toBase64url } from '#crypto/bytes.ts';
import { type Json, canonical } from '#crypto/canonical.ts';
import { CryptoError, assert } from '#crypto/errors.ts';

declare const brand: unique symbol;

/** The 128-bit secret in a link that the host sent herself: who can prove it came by that link. */
export type LinkSecret = Bytes & { readonly [brand]: 'LinkSecret' };

/** Length of a link secret. */
export const linkSecretBytes = 16;

function isLinkSecret(bytes: Bytes): bytes is LinkSecret {
	return bytes.length === linkSecretBytes;
}

/** The same bytes as a link secret. Throws `bad-key` unless they are 16. */
export function toLinkSecret(bytes: Bytes): LinkSecret {
	if (!isLinkSecret(bytes)) throw new CryptoError('bad-key');
	return bytes;
}

/** A fresh random link secret, for one place of one session. */
export function createLinkSecret(): LinkSecret {
	return toLinkSecret(random(linkSecretBytes));
}

/** What a participant proves: that this key package for this place came from who has the link. */
export interface LinkClaim {
	readonly secret: LinkSecret;
	/** Id. */
	readonly session: string;
	/** Id of the place that the link is for. */
	readonly place: string;
	/** The MLS key package as it is sent. */
	readonly keyPackage: Bytes;
}

/** What the host answers: that these two identity keys (Ed25519, 32 bytes) have met over the link. */
export interface HostClaim {
	readonly secret: LinkSecret;
	readonly hostKey: Bytes;
	readonly participantKey: Bytes;
}

/** HMAC-SHA-256 under the link secret over the claim, 32 bytes. */
export async function linkProof(claim: LinkClaim): Promise<Bytes> {
	return mac(claim.secret, linkMessage(claim));
}

/** Whether `proof` is the proof of this claim; compared in constant time. */
export async function verifyLinkProof(claim: LinkClaim, proof: Bytes): Promise<boolean> {
	return check(claim.secret, linkMessage(claim), proof);
}

/** HMAC-SHA-256 under the link secret over both identity keys, 32 bytes. Throws TypeError unless they are 32 bytes. */
export async function hostAnswer(claim: HostClaim): Promise<Bytes> {
	return mac(claim.secret, hostMessage(claim));
}

/** Whether `answer` is the host's answer for these keys; compared in constant time. */
export async function verifyHostAnswer(claim: HostClaim, answer: Bytes): Promise<boolean> {
	return check(claim.secret, hostMessage(claim), answer);
}

// The label keeps an answer from being taken for a proof: both use one secret.
function linkMessage({ session, place, keyPackage }: LinkClaim): Json {
	return ['sotto/link-proof/v1', session, place, toBase64url(keyPackage)];
}

function hostMessage({ hostKey, participantKey }: HostClaim): Json {
	assert(hostKey.length === 32 && participantKey.length === 32, 'identity keys are 32 bytes');
	return ['sotto/host-answer/v1', toBase64url(hostKey), toBase64url(participantKey)];
}

async function mac(secret: LinkSecret, message: Json): Promise<Bytes> {
	const key = await importKey(secret);
	return new Uint8Array(await crypto.subtle.sign('HMAC', key, canonical(message)));
}

async function check(secret: LinkSecret, message: Json, proof: Bytes): Promise<boolean> {
	return crypto.subtle.verify('HMAC', await importKey(secret), proof, canonical(message));
}

async function importKey(secret: LinkSecret): Promise<CryptoKey> {
	const algorithm = { name: 'HMAC', hash: 'SHA-256' };
	const key = toLinkSecret(secret);
	return crypto.subtle.importKey('raw', key, algorithm, false, ['sign', 'verify']);
}
