import * as v from 'valibot';
import { type Bytes, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { type AccountKey, openUnderAccountKey, sealUnderAccountKey } from '#crypto/account/key.ts';
import { type Identity, openIdentity, toIdentitySecret } from '#crypto/identity/identity.ts';
import type { MemberKeys } from '#crypto/members/keys.ts';
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
	/** The same two as they were before: they open what is older, the newest first. */
	readonly oldRecords: readonly Identity[];
	readonly oldSchedule: readonly Identity[];
	/** OPAQUE key of the server. */
	readonly serverKey: string;
}

/** Secrets in place of opened keys. What an admin gave this member is not sealed here, but beside it. */
export interface PracticeSecrets extends MemberKeys {
	readonly id: string;
	readonly publicKey: Bytes;
	readonly serverKey: string;
	/** The newest member list that this account has seen, in whichever browser. */
	readonly list?: SeenList | undefined;
}

/** A member list that was seen. */
export interface SeenList {
	readonly version: number;
	/** SHA-256 of its text. */
	readonly hash: Bytes;
	/** The version up to which somebody has seen whose keys changed. */
	readonly noticed: number;
}

const context = 'practice keys';

const Version = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const Shape = v.strictObject({
	v: v.literal(1),
	id: Id,
	publicKey: bytesText(32),
	seed: v.optional(bytesText(32)),
	records: v.optional(bytesText(97)),
	schedule: v.optional(bytesText(97)),
	serverKey: v.string(),
	list: v.optional(v.strictObject({ version: Version, hash: bytesText(32), noticed: Version })),
});

export async function sealPracticeKeys(
	accountKey: AccountKey,
	{ id, publicKey, seed, records, schedule, serverKey, list }: PracticeSecrets,
): Promise<Bytes> {
	const value = {
		v: 1,
		id,
		publicKey: toBase64url(publicKey),
		...(seed && { seed: toBase64url(seed) }),
		...(records && { records: toBase64url(records) }),
		...(schedule && { schedule: toBase64url(schedule) }),
		serverKey,
		...(list && { list: { ...list, hash: toBase64url(list.hash) } }),
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
	const [[records], [schedule], oldRecords, oldSchedule] = await Promise.all([
		identitiesOf(secrets.records && [secrets.records]),
		identitiesOf(secrets.schedule && [secrets.schedule]),
		identitiesOf(secrets.oldRecords?.toReversed()),
		identitiesOf(secrets.oldSchedule?.toReversed()),
	]);
	return { id, publicKey, seed, serverKey, records, schedule, oldRecords, oldSchedule };
}

const identitiesOf = (secrets: readonly Bytes[] = []): Promise<Identity[]> =>
	Promise.all(secrets.map((secret) => openIdentity(toIdentitySecret(secret))));
