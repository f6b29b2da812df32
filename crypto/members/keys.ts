import * as v from 'valibot';
import { type Bytes, equal, fromUtf8, toBase64url, utf8 } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type Identity,
	type PublicIdentity,
	fingerprint,
	openIdentity,
	toIdentitySecret,
} from '#crypto/identity/identity.ts';
import { bytesText, parseJson } from '#crypto/schema.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import type { MemberList, Role } from './members.ts';
import { openPracticeKey } from './practice.ts';

/** Secret keys of the practice that a member may hold. */
export interface MemberKeys {
	/** Of the practice key; admins only. */
	readonly seed?: Bytes | undefined;
	/** Secret of "Practice records key"; admins only. */
	readonly records?: Bytes | undefined;
	/** Secret of "Practice schedule key"; admins and schedulers. */
	readonly schedule?: Bytes | undefined;
}

const info = 'sotto/practice-keys/v1';

const Shape = v.strictObject({
	seed: v.optional(bytesText(32)),
	records: v.optional(bytesText(97)),
	schedule: v.optional(bytesText(97)),
});

/** Of these keys those that a role may hold. */
export function keysFor(role: Role, { seed, records, schedule }: MemberKeys): MemberKeys {
	if (role === 'admin') return { seed, records, schedule };
	return role === 'scheduler' ? { schedule } : {};
}

const belonging = (options: { practice: string; member: string }): Bytes =>
	canonical({ practice: options.practice, member: options.member });

/** Seals keys of the practice to one member. Throws as `sealTo` does. */
export async function sealMemberKeys(options: {
	to: PublicIdentity;
	practice: string;
	member: string;
	keys: MemberKeys;
}): Promise<Bytes> {
	const { to, keys } = options;
	const text = Object.fromEntries(
		Object.entries(keys).flatMap(([name, bytes]) => (bytes ? [[name, toBase64url(bytes)]] : [])),
	);
	const plaintext = utf8(JSON.stringify(text));
	return sealTo({ to, info, aad: belonging(options), plaintext });
}

/**
 * Opens what `sealMemberKeys` made, and believes it only where it fits what the practice signed. Throws
 * `bad-key` when a key is not the one that the list vouches for, and as `openSealed` does.
 */
export async function openMemberKeys(options: {
	opener: Identity;
	member: string;
	practiceKey: Bytes;
	list: MemberList;
	sealed: Bytes;
}): Promise<MemberKeys> {
	const { opener, member, practiceKey, list, sealed } = options;
	const aad = belonging({ practice: list.practice, member });
	const keys = parseJson(Shape, fromUtf8(await openSealed({ opener, info, aad, sealed })));
	if (keys.seed && !equal((await openPracticeKey(keys.seed)).publicKey, practiceKey))
		throw new CryptoError('bad-key');
	await Promise.all([
		match(keys.records, list.keys?.records),
		match(keys.schedule, list.keys?.schedule),
	]);
	return keys;
}

async function match(secret: Bytes | undefined, known: PublicIdentity | undefined): Promise<void> {
	if (!secret) return;
	const { publicIdentity } = await openIdentity(toIdentitySecret(secret));
	const fits = known && equal(await fingerprint(publicIdentity), await fingerprint(known));
	if (!fits) throw new CryptoError('bad-key');
}
