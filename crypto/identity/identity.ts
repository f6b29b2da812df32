import * as v from 'valibot';
import { type Bytes, concat, random, sha256, toBase64url } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import { bytesText, parse } from '#crypto/schema.ts';
import type { XWingSeed } from '#crypto/seal/xwing.ts';
import { type SigningKey, generateSigningKey, signingKeyOf } from './signing.ts';
import { generateX25519, importX25519 } from './x25519.ts';

declare const brand: unique symbol;

/** The public keys of a person or a recorder. */
export interface PublicIdentity {
	/** 32 bytes: who it is; signs, and is the leaf key in calls. */
	readonly ed25519: Bytes;
	/** 32 bytes: sealed to while a session lasts. */
	readonly x25519: Bytes;
	/** 1,216 bytes, X-Wing (MLKEM768-X25519): sealed to where a box is kept for years. Staff have one. */
	readonly xwing?: Bytes;
}

/** The keys of a person or a recorder in use. Survives structured cloning, so IndexedDB and workers can hold it. */
export interface Identity {
	readonly publicIdentity: PublicIdentity;
	readonly signing: SigningKey;
	/** Private half, non-extractable. */
	readonly x25519: CryptoKey;
	readonly xwing?: XWingSeed;
}

/** A staff identity at rest, 97 bytes: version 1, Ed25519 seed, X25519 secret, X-Wing seed. Kept only sealed under the account key. */
export type IdentitySecret = Bytes & { readonly [brand]: 'IdentitySecret' };

const secretVersion = 1;
const secretBytes = 1 + 3 * 32;

/** A fresh identity for a visit: Ed25519 and X25519, whose private halves never leave WebCrypto. */
export async function generateParticipantIdentity(): Promise<Identity> {
	const [signing, sealing] = await Promise.all([generateSigningKey(), generateX25519()]);
	const publicIdentity = { ed25519: signing.publicKey, x25519: sealing.publicKey };
	return { publicIdentity, signing, x25519: sealing.privateKey };
}

/** A fresh staff identity with X-Wing. `secret` is for the account to keep sealed; `identity` is `openIdentity(secret)`. */
export async function createStaffIdentity(): Promise<{
	secret: IdentitySecret;
	identity: Identity;
}> {
	const secret = toIdentitySecret(concat(Uint8Array.of(secretVersion), random(secretBytes - 1)));
	return { secret, identity: await openIdentity(secret) };
}

/** The same bytes as an identity secret. Throws `bad-key` on another length, `unknown-version`. */
export function toIdentitySecret(bytes: Bytes): IdentitySecret {
	if (!isSecret(bytes)) throw new CryptoError('bad-key');
	if (bytes[0] !== secretVersion) throw new CryptoError('unknown-version');
	return bytes;
}

function isSecret(bytes: Bytes): bytes is IdentitySecret {
	return bytes.length === secretBytes;
}

/** The identity of a secret; the same secret gives the same public keys. Throws as `toIdentitySecret` does. */
export async function openIdentity(secret: IdentitySecret): Promise<Identity> {
	const seeds = toIdentitySecret(secret);
	// Only staff come here: a participant's page never loads X-Wing.
	const { openXWingKey, toXWingSeed } = await import('#crypto/seal/xwing.ts');
	const [signing, sealing, xwing] = await Promise.all([
		signingKeyOf(seeds.slice(1, 33)),
		importX25519(seeds.slice(33, 65)),
		openXWingKey(toXWingSeed(seeds.slice(65, 97))),
	]);
	return {
		publicIdentity: {
			ed25519: signing.publicKey,
			x25519: sealing.publicKey,
			xwing: xwing.publicKey,
		},
		signing,
		x25519: sealing.privateKey,
		xwing: xwing.seed,
	};
}

/** JSON form of a public identity, base64url. */
export interface PublicIdentityJson {
	readonly [key: string]: string;
	readonly ed25519: string;
	readonly x25519: string;
}

const WithoutXWing = v.strictObject({ ed25519: bytesText(32), x25519: bytesText(32) });

/** The shape of a public identity in JSON; gives the `PublicIdentity`. */
export const PublicIdentitySchema = v.union([
	WithoutXWing,
	v.strictObject({ ...WithoutXWing.entries, xwing: bytesText(1216) }),
]);

/** The JSON form: {ed25519, x25519, xwing?}, each base64url. */
export function encodePublicIdentity(identity: PublicIdentity): PublicIdentityJson {
	const { ed25519, x25519, xwing } = identity;
	const json = { ed25519: toBase64url(ed25519), x25519: toBase64url(x25519) };
	return xwing ? { ...json, xwing: toBase64url(xwing) } : json;
}

/** The public identity of its JSON form. Throws `bad-encoding` on anything else, unknown fields too. */
export function decodePublicIdentity(json: unknown): PublicIdentity {
	return parse(PublicIdentitySchema, json);
}

/**
 * SHA-256 of the canonical JSON form, 32 bytes: what a link and a printed sheet name a person by. It
 * covers every key, so who knows it can take the whole public identity from anybody.
 */
export async function fingerprint(identity: PublicIdentity): Promise<Bytes> {
	return sha256(canonical(encodePublicIdentity(identity)));
}
