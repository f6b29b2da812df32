import { CryptoError } from '#crypto/errors.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { type MemberList, memberOf, signingKeysOf } from '#crypto/members/members.ts';
import { parseJson } from '#crypto/schema.ts';
import { RetentionPolicy, type RetentionRules, RetentionText } from '#protocol/retention.ts';

/** Who signs. */
export interface Author {
	readonly id: string;
	readonly signing: SigningKey;
}

/** Signs how long one recording is kept, in context `sotto/retention/v1`. */
export function signRetention(
	author: Author,
	said: Omit<RetentionText, 'v' | 'author'>,
): Promise<Signed> {
	const { recording, version, at, purpose, keptUntil, hold, shortens } = said;
	const value = { v: 1, recording, version, author: author.id, at, purpose, keptUntil, hold };
	return signJson({
		key: author.signing,
		context: 'sotto/retention/v1',
		value: { ...value, shortens },
	});
}

/**
 * What a member signed about this recording. Throws `bad-signature` when it is not signed with a key that its author has or
 * had, or is about another recording; `bad-encoding`.
 */
export async function openRetention(options: {
	signed: Signed;
	recording: string;
	members: MemberList;
}): Promise<RetentionText> {
	const { signed, recording, members } = options;
	const { author } = parseJson(RetentionText, signed.text);
	for (const publicKey of signingKeysOf(members, author)) {
		try {
			const said = await openSigned({
				signed,
				publicKey,
				context: 'sotto/retention/v1',
				schema: RetentionText,
			});
			if (said.recording === recording) return said;
		} catch (error) {
			if (!(error instanceof CryptoError) || error.code !== 'bad-signature') throw error;
		}
	}
	throw new CryptoError('bad-signature');
}

/** Signs version `version` of how long the practice keeps recordings, as one of its admins. */
export function signRules(options: {
	admin: Author;
	practice: string;
	version: number;
	at: number;
	rules: RetentionRules;
}): Promise<Signed> {
	const { admin, practice, version, at, rules } = options;
	const { record, supervision, quality, note } = rules;
	const { states, profession, facility, managedCare, years } = record;
	const plain = {
		record: { states, profession, facility, managedCare, years },
		supervision: { days: supervision.days },
		quality: { days: quality.days },
		note: { minutes: note.minutes },
	};
	const value = { v: 1, practice, version, author: admin.id, at, rules: plain };
	return signJson({ key: admin.signing, context: 'sotto/retention-policy/v1', value });
}

/**
 * What an admin of `members` signed. `known` is the newest that this device has checked: it goes on holding when its
 * author is no admin any more. Throws `bad-signature`, `bad-encoding`, and `stale` for a lower version than `known`,
 * another text of the same version, or another practice's.
 */
export async function openRules(options: {
	signed: Signed;
	members: MemberList;
	known?: Signed | undefined;
}): Promise<RetentionPolicy> {
	const { signed, members, known } = options;
	const before = known && parseJson(RetentionPolicy, known.text);
	if (before && known.text === signed.text) return before;
	const { author } = parseJson(RetentionPolicy, signed.text);
	const member = memberOf(members, author);
	if (member?.role !== 'admin') throw new CryptoError('bad-signature');
	const policy = await openSigned({
		signed,
		publicKey: member.publicIdentity.ed25519,
		context: 'sotto/retention-policy/v1',
		schema: RetentionPolicy,
	});
	if (policy.practice !== members.practice) throw new CryptoError('stale');
	if (before && before.version >= policy.version) throw new CryptoError('stale');
	return policy;
}
