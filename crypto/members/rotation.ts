import * as v from 'valibot';
import { type Bytes, equal, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type Identity,
	type PublicIdentity,
	PublicIdentitySchema,
	encodePublicIdentity,
} from '#crypto/identity/identity.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import { type SigningKey, sign } from '#crypto/identity/signing.ts';
import { Id, Moment, bytesText } from '#crypto/schema.ts';

/** What a member says who replaces her own keys. */
export interface Rotation {
	readonly practice: string;
	readonly member: string;
	/** The Ed25519 key that she has until then, 32 bytes. */
	readonly from: Bytes;
	/** The keys that she has from then on; one for years (X-Wing) among them. */
	readonly to: PublicIdentity;
	/** SHA-256 of what the server shall keep of her account, as the text that it gets. */
	readonly account: Bytes;
	/** SHA-256 of the text of her OPAQUE record. */
	readonly record: Bytes;
	/** Milliseconds since 1970; judged by whoever puts her on the list. */
	readonly expiresAt: number;
}

/** The statement as it travels: `signature` is by the old key, `countersignature` by the new one, over the same text. */
export interface SignedRotation extends Signed {
	readonly countersignature: string;
}

const context = 'sotto/key-rotation/v1';

const RotationSchema = v.strictObject({
	v: v.literal(1),
	practice: Id,
	member: Id,
	from: bytesText(32),
	to: PublicIdentitySchema,
	account: bytesText(32),
	record: bytesText(32),
	expiresAt: Moment,
});

/** Signs it with the keys that go and with those that come. */
export async function signRotation(options: {
	from: SigningKey;
	to: Identity;
	rotation: Omit<Rotation, 'from' | 'to'>;
}): Promise<SignedRotation> {
	const { from, to, rotation } = options;
	const { practice, member, account, record, expiresAt } = rotation;
	const value = {
		v: 1,
		practice,
		member,
		from: toBase64url(from.publicKey),
		to: encodePublicIdentity(to.publicIdentity),
		account: toBase64url(account),
		record: toBase64url(record),
		expiresAt,
	};
	const signed = await signJson({ key: from, context, value });
	const countersignature = await sign(to.signing, context, utf8(signed.text));
	return { ...signed, countersignature: toBase64url(countersignature) };
}

/**
 * What was signed by `from`, the key that the member list has of her, and by the keys that it names. Throws `bad-signature`
 * when either is missing or it is about another key, `bad-key` when there is no key for years, `bad-encoding`.
 */
export async function openRotation(options: {
	signed: SignedRotation;
	from: Bytes;
}): Promise<Rotation> {
	const { from } = options;
	const { text, signature, countersignature } = options.signed;
	const schema = RotationSchema;
	const { v: _, ...said } = await openSigned({
		signed: { text, signature },
		publicKey: from,
		context,
		schema,
	});
	if (!equal(said.from, from) || equal(said.to.ed25519, from))
		throw new CryptoError('bad-signature');
	// Whoever holds the old keys alone names no keys of somebody else.
	await openSigned({
		signed: { text, signature: countersignature },
		publicKey: said.to.ed25519,
		context,
		schema,
	});
	if (!('xwing' in said.to)) throw new CryptoError('bad-key');
	return said;
}

/** What she signs with her new key when nothing is left that the old ones open: they are dropped. `former` is SHA-256 of them as they are kept. */
export function signDropped(options: {
	key: SigningKey;
	member: string;
	former: Bytes;
}): Promise<Signed> {
	const { key, member, former } = options;
	return signJson({ key, context, value: { v: 1, member, dropped: toBase64url(former) } });
}
