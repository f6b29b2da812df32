import { type Bytes, equal, fromBase64url } from '#crypto/bytes.ts';
import { openAccount } from '#crypto/account/account.ts';
import type { AccountKey } from '#crypto/account/key.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Identity, PublicIdentity } from '#crypto/identity/identity.ts';
import { keysFor, openMemberKeys } from '#crypto/members/keys.ts';
import { type MemberList, memberOf, openMemberList } from '#crypto/members/members.ts';
import type { Member, Role, SignedIn } from '#protocol/account.ts';
import type { Signed } from '#protocol/text.ts';
import {
	type PracticeKeys,
	type PracticeSecrets,
	openPracticeKeys,
	openPracticeSecrets,
} from './practice.ts';
import { addScheduleKey } from './schedule.ts';

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
	/** The same keys as they are sealed. */
	readonly secrets: PracticeSecrets;
	/** Public half of "Practice records key", the recipient of every recording. */
	readonly recordsIdentity: PublicIdentity;
	/** Public half of "Practice schedule key", a recipient of every session's contents. */
	readonly scheduleIdentity: PublicIdentity;
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
	/** A token of this device, for an admin of a practice that lacks a key. */
	token: () => Promise<string>;
}): Promise<Keys> {
	const { accountKey, signedIn, known, token } = options;
	const { member, account, practice: told } = signedIn;
	const { identity } = await openAccount({
		account: member.id,
		accountKey,
		sealedIdentity: fromBase64url(account.identity),
	});
	const own = await openPracticeSecrets(accountKey, fromBase64url(account.practice));
	let members = await openMemberList({
		signed: told.memberList,
		practiceKey: own.publicKey,
		known,
	});
	const self = memberOf(members, member.id);
	if (
		!self ||
		members.practice !== own.id ||
		!equal(self.publicIdentity.ed25519, identity.publicIdentity.ed25519)
	)
		throw new CryptoError('bad-key');
	let secrets = await heldSecrets({ own, identity, members, signedIn, role: self.role });
	if (!members.keys) {
		const added = await addScheduleKey({ accountKey, secrets: own, members, account, token });
		({ members, secrets } = added);
	}
	const { keys } = members;
	if (!keys) throw new CryptoError('bad-key');
	const practice = {
		...(await openPracticeKeys(secrets)),
		secrets,
		name: told.name,
		recordsIdentity: keys.records,
		scheduleIdentity: keys.schedule,
	};
	return { accountKey, identity, member: { ...member, role: self.role }, practice, members };
}

/** Members of the newest list whose keys are others than in the list that this device knew. */
export async function changedKeys(options: {
	known: Signed;
	practiceKey: Bytes;
	members: MemberList;
}): Promise<string[]> {
	const { known, practiceKey, members } = options;
	const before = await openMemberList({ signed: known, practiceKey });
	return members.members.flatMap(({ id, publicIdentity }) => {
		const old = memberOf(before, id);
		return !old || equal(old.publicIdentity.ed25519, publicIdentity.ed25519) ? [] : [id];
	});
}

/** The practice's secret keys of this member: her own, or those that an admin gave her, as far as her role goes. */
async function heldSecrets(options: {
	own: PracticeSecrets;
	identity: Identity;
	members: MemberList;
	signedIn: SignedIn;
	role: Role;
}): Promise<PracticeSecrets> {
	const { own, identity, members, signedIn, role } = options;
	const { id, publicKey, serverKey, ...mine } = own;
	const given =
		signedIn.keys === null
			? {}
			: await openMemberKeys({
					opener: identity,
					member: signedIn.member.id,
					practiceKey: publicKey,
					list: members,
					sealed: fromBase64url(signedIn.keys),
				});
	return { id, publicKey, serverKey, ...keysFor(role, { ...mine, ...given }) };
}
