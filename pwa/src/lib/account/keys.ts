import { equal, fromBase64url } from '#crypto/bytes.ts';
import { openAccount } from '#crypto/account/account.ts';
import type { AccountKey } from '#crypto/account/key.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type Identity,
	type PublicIdentity,
	decodePublicIdentity,
} from '#crypto/identity/identity.ts';
import { type MemberList, memberOf, openMemberList } from '#crypto/members/members.ts';
import type { Member, SignedIn } from '#protocol/account.ts';
import type { Signed } from '#protocol/text.ts';
import { type PracticeKeys, openPracticeKeys } from './practice.ts';

/** Everything that is open while a member is signed in and not locked. */
export interface Keys {
	readonly accountKey: AccountKey;
	readonly identity: Identity;
	readonly member: Member;
	readonly practice: Practice;
	/** Who belongs to the practice, signed by its key. */
	readonly members: MemberList;
}

/** The practice as this member's own sealed data vouch for it. */
export interface Practice extends PracticeKeys {
	readonly name: string;
	/** Public half of "Practice records key", the recipient of every recording. */
	readonly recordsIdentity: PublicIdentity;
}

/**
 * Opens what the server keeps for a member, and believes of it only what the account key and the practice
 * key vouch for. Throws `bad-key` when the server answers for another practice or person, `stale` for an
 * older member list than `known`, and as the opening does.
 */
export async function openKeys(options: {
	accountKey: AccountKey;
	signedIn: SignedIn;
	known: Signed | undefined;
}): Promise<Keys> {
	const { accountKey, signedIn, known } = options;
	const { member, account, practice: told } = signedIn;
	const { identity } = await openAccount({
		account: member.id,
		accountKey,
		sealedIdentity: fromBase64url(account.identity),
	});
	const pinned = await openPracticeKeys(accountKey, fromBase64url(account.practice));
	const members = await openMemberList({
		signed: told.memberList,
		practiceKey: pinned.publicKey,
		known,
	});
	const self = memberOf(members, member.id);
	if (
		!self ||
		members.practice !== pinned.id ||
		!equal(self.publicIdentity.ed25519, identity.publicIdentity.ed25519)
	)
		throw new CryptoError('bad-key');
	const recordsIdentity = pinned.records?.publicIdentity ?? decodePublicIdentity(told.records);
	const practice = { ...pinned, name: told.name, recordsIdentity };
	return { accountKey, identity, member: { ...member, role: self.role }, practice, members };
}
