import { type Bytes, equal, fromBase64url, sha256, utf8 } from '#crypto/bytes.ts';
import type { Pins } from '#crypto/account/browser.ts';
import { type Account, openAccount } from '#crypto/account/account.ts';
import { openFormerAccounts } from '#crypto/account/former.ts';
import { type AccountKey, openUnderAccountKey } from '#crypto/account/key.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Identity, PublicIdentity } from '#crypto/identity/identity.ts';
import {
	type Followed,
	followMemberList,
	handedOnIn,
	openEarlier,
} from '#crypto/members/handover.ts';
import { heldKeys, keysFor, openMemberKeys } from '#crypto/members/keys.ts';
import { type MemberList, memberOf } from '#crypto/members/members.ts';
import { openPracticeKey } from '#crypto/members/practice.ts';
import type { Member, Role, SignedIn } from '#protocol/account.ts';
import type { Signed } from '#protocol/text.ts';
import {
	type PracticeKeys,
	type PracticeSecrets,
	type SeenList,
	openPracticeKeys,
	openPracticeSecrets,
} from './practice.ts';
import { addScheduleKey } from './schedule.ts';

/** Everything that is open while a member is signed in and not locked. */
export interface Keys {
	readonly accountKey: AccountKey;
	readonly identity: Identity;
	/** Keys that she replaced and that something is still sealed to, the newest first. */
	readonly former: readonly Account[];
	readonly member: Member;
	readonly practice: Practice;
	/** Who belongs to the practice, signed by its key. */
	readonly members: MemberList;
	/** What the account keeps sealed of the practice, as the server gave it. */
	readonly kept: { readonly secrets: PracticeSecrets; readonly sealed: string };
	/** What it shall keep from now on. */
	readonly seen: SeenList;
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
 * key vouch for, and another browser of this member where one has let this one in. Throws `bad-key` when the server
 * answers for another practice or person, `stale` for an older member list than `known`, and as the opening does.
 */
export async function openKeys(options: {
	accountKey: AccountKey;
	signedIn: SignedIn;
	known: Signed | undefined;
	pins?: Pins | undefined;
	/** A token of this device, for an admin of a practice that lacks a key. */
	token: () => Promise<string>;
}): Promise<Keys> {
	const { accountKey, signedIn, known, pins, token } = options;
	const { member, account, practice: told } = signedIn;
	const { identity } = await openAccount({
		account: member.id,
		accountKey,
		sealedIdentity: fromBase64url(account.identity),
	});
	const former =
		account.former === undefined
			? []
			: await openFormerAccounts({
					account: member.id,
					accountKey,
					sealed: fromBase64url(account.former),
				});
	const own = await openPracticeSecrets(accountKey, fromBase64url(account.practice));
	const followed = await followMemberList({
		signed: told.memberList,
		practiceKey: own.publicKey,
		known,
	});
	const seen = await seenNow(own.list, told.memberList, followed.list.version);
	if (pins) await checkPins(pins, { followed, signed: told.memberList });
	const self = memberOf(followed.list, member.id);
	if (
		!self ||
		followed.list.practice !== own.id ||
		!equal(self.publicIdentity.ed25519, identity.publicIdentity.ed25519)
	)
		throw new CryptoError('bad-key');
	let { list: members } = followed;
	let secrets = await heldSecrets({ own, identity, followed, signedIn, role: self.role });
	let kept = { secrets: own, sealed: account.practice };
	if (!members.keys) {
		const added = await addScheduleKey({ accountKey, secrets: own, members, account, token });
		({ members, secrets, kept } = added);
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
	const here = { ...member, role: self.role };
	return { accountKey, identity, former, member: here, practice, members, kept, seen };
}

/**
 * The list as this account has seen it in whichever browser, and now here. Throws `stale` for an older one, and
 * for another of the same version.
 */
async function seenNow(
	before: SeenList | undefined,
	{ text }: Signed,
	version: number,
): Promise<SeenList> {
	const hash = await sha256(utf8(text));
	const same = before?.version === version && equal(before.hash, hash);
	if (before && before.version >= version && !same) throw new CryptoError('stale');
	return { version, hash, noticed: before?.noticed ?? version };
}

/** Throws `bad-key` when another practice key is in force than the other browser knows, `stale` as `seenNow`. */
async function checkPins(
	{ practiceKey, list }: Pins,
	{ followed, signed }: { followed: Followed; signed: Signed },
): Promise<void> {
	const { version } = followed.list;
	await seenNow({ ...list, noticed: list.version }, signed, version);
	if (!equal(followed.practiceKey, practiceKey)) throw new CryptoError('bad-key');
}

/**
 * Whose keys are others than this member knows: members by their id, the practice's signing key by the
 * practice's. `known` is the list that this device had.
 */
export async function changedKeys(known: Signed, keys: Keys): Promise<string[]> {
	const { members, practice, seen, member } = keys;
	const before = await openEarlier(known, { list: members, practiceKey: practice.publicKey });
	const compared = members.members.filter(({ id, publicIdentity }) => {
		const old = memberOf(before, id);
		return old && !equal(old.publicIdentity.ed25519, publicIdentity.ed25519);
	});
	const told = (members.changed ?? []).filter(
		({ id, version }) => version > seen.noticed && memberOf(members, id),
	);
	const handedOn = (await handedOnIn(members)) > Math.min(seen.noticed, before.version);
	const ids = [...compared, ...told].map(({ id }) => id).filter((id) => id !== member.id);
	return [...new Set([...ids, ...(handedOn ? [practice.id] : [])])];
}

/** The practice's secret keys of this member: her own, or those that an admin gave her, as far as her role goes. */
async function heldSecrets(options: {
	own: PracticeSecrets;
	identity: Identity;
	followed: Followed;
	signedIn: SignedIn;
	role: Role;
}): Promise<PracticeSecrets> {
	const { own, identity, followed, signedIn, role } = options;
	const { list, practiceKey } = followed;
	const { id, serverKey, ...mine } = own;
	const given =
		signedIn.keys === null || !list.keys
			? {}
			: await openMemberKeys({
					opener: identity,
					member: signedIn.member.id,
					practiceKey,
					list,
					sealed: fromBase64url(signedIn.keys),
				});
	const known = { id, publicKey: practiceKey, serverKey };
	if (!list.keys) return { ...known, ...keysFor(role, mine) };
	const { seed, ...others } = await heldKeys({ list, keys: [given, mine] });
	const fits = seed && equal((await openPracticeKey(seed)).publicKey, practiceKey);
	return { ...known, ...keysFor(role, { ...others, ...(fits && { seed }) }) };
}

/** Opens what was sealed under her account key, or under one that she replaced. Throws as `openUnderAccountKey`. */
export async function openWithAny(
	{ accountKey, former }: Pick<Keys, 'accountKey' | 'former'>,
	context: string,
	sealed: Bytes,
): Promise<Bytes> {
	for (const before of former) {
		try {
			return await openUnderAccountKey(before.accountKey, context, sealed);
		} catch (error) {
			if (!(error instanceof CryptoError) || error.code !== 'open-failed') throw error;
		}
	}
	return openUnderAccountKey(accountKey, context, sealed);
}
