import * as v from 'valibot';
import { type Bytes, fromBase64url, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { type AccountKey, openUnderAccountKey, sealUnderAccountKey } from '#crypto/account/key.ts';
import { type Identity, openIdentity, toIdentitySecret } from '#crypto/identity/identity.ts';
import { parseJson, bytesText, Id } from '#crypto/schema.ts';

/** The keys of the practice that a member keeps sealed in her account: also what pins the practice on her next device. */
export interface PracticeKeys {
	readonly id: string;
	/** Ed25519; signs the member list. */
	readonly publicKey: Bytes;
	/** Its seed; admins only. */
	readonly seed: Bytes | undefined;
	/** "Practice records key": opens every grant that was made for the practice; admins only. */
	readonly records: Identity | undefined;
	/** OPAQUE key of the server. */
	readonly serverKey: string;
}

/** What is sealed: secrets in place of opened keys. */
export interface PracticeSecrets {
	readonly id: string;
	readonly publicKey: Bytes;
	readonly seed: Bytes;
	readonly records: Bytes;
	readonly serverKey: string;
}

const context = 'practice keys';

const Shape = v.strictObject({
	v: v.literal(1),
	id: Id,
	publicKey: bytesText(32),
	seed: v.optional(bytesText(32)),
	records: v.optional(v.string()),
	serverKey: v.string(),
});

export async function sealPracticeKeys(
	accountKey: AccountKey,
	{ id, publicKey, seed, records, serverKey }: PracticeSecrets,
): Promise<Bytes> {
	const value = {
		v: 1,
		id,
		publicKey: toBase64url(publicKey),
		seed: toBase64url(seed),
		records: toBase64url(records),
		serverKey,
	};
	return sealUnderAccountKey(accountKey, context, utf8(JSON.stringify(value)));
}

/** Throws `open-failed` when it is another account's, `bad-encoding`. */
export async function openPracticeKeys(
	accountKey: AccountKey,
	sealed: Bytes,
): Promise<PracticeKeys> {
	const text = fromUtf8(await openUnderAccountKey(accountKey, context, sealed));
	const { id, publicKey, seed, records, serverKey } = parseJson(Shape, text);
	const secret = records === undefined ? undefined : toIdentitySecret(fromBase64url(records));
	return { id, publicKey, seed, serverKey, records: secret && (await openIdentity(secret)) };
}
