import * as v from 'valibot';
import { type Bytes, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
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
	/** "Practice schedule key": opens every session's contents; admins and schedulers only. */
	readonly schedule: Identity | undefined;
	/** OPAQUE key of the server. */
	readonly serverKey: string;
}

/** What is sealed: secrets in place of opened keys. */
export interface PracticeSecrets {
	readonly id: string;
	readonly publicKey: Bytes;
	readonly seed?: Bytes | undefined;
	readonly records?: Bytes | undefined;
	readonly schedule?: Bytes | undefined;
	readonly serverKey: string;
}

const context = 'practice keys';

const Shape = v.strictObject({
	v: v.literal(1),
	id: Id,
	publicKey: bytesText(32),
	seed: v.optional(bytesText(32)),
	records: v.optional(bytesText(97)),
	schedule: v.optional(bytesText(97)),
	serverKey: v.string(),
});

export async function sealPracticeKeys(
	accountKey: AccountKey,
	{ id, publicKey, seed, records, schedule, serverKey }: PracticeSecrets,
): Promise<Bytes> {
	const value = {
		v: 1,
		id,
		publicKey: toBase64url(publicKey),
		...(seed && { seed: toBase64url(seed) }),
		...(records && { records: toBase64url(records) }),
		...(schedule && { schedule: toBase64url(schedule) }),
		serverKey,
	};
	return sealUnderAccountKey(accountKey, context, utf8(JSON.stringify(value)));
}

/** What `sealPracticeKeys` sealed. Throws `open-failed` when it is another account's, `bad-encoding`. */
export async function openPracticeSecrets(
	accountKey: AccountKey,
	sealed: Bytes,
): Promise<PracticeSecrets> {
	const text = fromUtf8(await openUnderAccountKey(accountKey, context, sealed));
	const { v: _, ...secrets } = parseJson(Shape, text);
	return secrets;
}

/** The keys of their secrets. Throws `bad-key`. */
export async function openPracticeKeys(secrets: PracticeSecrets): Promise<PracticeKeys> {
	const { id, publicKey, seed, serverKey } = secrets;
	const [records, schedule] = await Promise.all([
		identityOf(secrets.records),
		identityOf(secrets.schedule),
	]);
	return { id, publicKey, seed, serverKey, records, schedule };
}

async function identityOf(secret: Bytes | undefined): Promise<Identity | undefined> {
	return secret && openIdentity(toIdentitySecret(secret));
}
