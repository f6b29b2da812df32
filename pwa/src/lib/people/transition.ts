import { type Bytes, equal, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { createStaffIdentity, fingerprint } from '#crypto/identity/identity.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { formerMax } from '#crypto/members/former.ts';
import { signHandover } from '#crypto/members/handover.ts';
import {
	type KeyKind,
	type MemberKeys,
	keysFor,
	kindsFor,
	sealMemberKeys,
} from '#crypto/members/keys.ts';
import {
	type Member,
	type MemberList,
	changedMax,
	handoversMax,
	retiredMax,
	signMemberList,
} from '#crypto/members/members.ts';
import { createPracticeKey, openPracticeKey } from '#crypto/members/practice.ts';

/** What an admin's client sends with a newer list. */
export interface Transition {
	readonly memberList: Signed;
	/** For the member whom it is about; null when she holds none. */
	readonly keys: string | null;
	/** For everybody else who holds keys of the practice, when one was replaced. */
	readonly others: readonly { readonly member: string; readonly keys: string }[];
}

/** Keys of the practice that somebody knows and must not know the next of: she is out, has another role, or other keys. */
export function lostKinds(before: Member | undefined, after: Member | undefined): KeyKind[] {
	if (!before) return [];
	const same = after && sameKeys(before, after);
	const kept = same ? kindsFor(after.role) : [];
	return kindsFor(before.role).filter((kind) => !kept.includes(kind));
}

const sameKeys = (a: Member, b: Member): boolean =>
	equal(a.publicIdentity.ed25519, b.publicIdentity.ed25519);

/**
 * The list after `list`, in which `before` has become `after`, signed, with new keys of the practice in the place
 * of those that `before` knows. `held` are all keys of the practice with their old ones. Throws TypeError as
 * `signMemberList`, and `no-key` for who is no admin.
 */
export async function makeTransition(options: {
	list: MemberList;
	held: MemberKeys;
	before?: Member | undefined;
	after?: Member | undefined;
}): Promise<Transition> {
	const { list, held, before, after } = options;
	if (!held.seed) throw new CryptoError('no-key');
	const ids = new Set([before?.id, after?.id]);
	const others = list.members.filter(({ id }) => !ids.has(id));
	const members = after ? [...others, after] : others;
	const version = list.version + 1;
	const changed = { ...remembered(list, before, after, version), members, version };
	const lost = lostKinds(before, after);
	const { keys, signer, list: newer } = await replaced(changed, { held, lost });
	const memberList = await signMemberList({ practiceKey: signer, list: newer });
	const boxes = await Promise.all(
		members
			.filter(({ id, role }) => kindsFor(role).length > 0 && (lost.length > 0 || id === after?.id))
			.map((member) => boxFor(member, { practice: list.practice, keys })),
	);
	return {
		memberList,
		keys: boxes.find(({ member }) => member === after?.id)?.keys ?? null,
		others: boxes.filter(({ member }) => member !== after?.id),
	};
}

async function boxFor(
	{ id, role, publicIdentity: to }: Member,
	{ practice, keys }: { practice: string; keys: MemberKeys },
): Promise<{ member: string; keys: string }> {
	const box = await sealMemberKeys({ to, practice, member: id, keys: keysFor(role, keys) });
	return { member: id, keys: toBase64url(box) };
}

/**
 * Keeps what somebody signed with until now, and that her keys are others from this version on. Who was an administrator is
 * kept as one also where only her role is another: what she signed as one, a handing over or an erasing, holds.
 */
function remembered(
	list: MemberList,
	before: Member | undefined,
	after: Member | undefined,
	version: number,
): MemberList {
	if (!before) return list;
	const same = after && sameKeys(before, after);
	if (same && (before.role !== 'admin' || after.role === 'admin')) return list;
	const { id, role, publicIdentity } = before;
	const { ed25519 } = publicIdentity;
	const former = list.former ?? [];
	const known = former.some(
		(one) => one.id === id && one.role === role && equal(one.ed25519, ed25519),
	);
	const was = { id, role, ed25519, pages: [] };
	const changed = [...(list.changed ?? []), { id, version }];
	return {
		...list,
		former: (known ? former : [...former, was]).slice(-formerMax),
		...(after && !same && { changed: changed.slice(-changedMax) }),
	};
}

interface Replaced {
	readonly list: MemberList;
	readonly keys: MemberKeys;
	/** Signs this list. */
	readonly signer: SigningKey;
}

async function replaced(
	list: MemberList,
	{ held, lost }: { held: MemberKeys; lost: readonly KeyKind[] },
): Promise<Replaced> {
	let made: Replaced = { list, keys: held, signer: await openPracticeKey(held.seed ?? none) };
	if (lost.includes('records')) made = await newRecords(made);
	if (lost.includes('schedule')) made = await newSchedule(made);
	return lost.includes('seed') ? handedOn(made) : made;
}

const none = new Uint8Array();

async function newRecords({ list, keys, signer }: Replaced): Promise<Replaced> {
	if (!list.keys) return { list, keys, signer };
	const { secret, identity } = await createStaffIdentity();
	const { records = [], schedule = [] } = list.retired ?? {};
	const old = [...records, await fingerprint(list.keys.records)];
	// An old recording would not open any more.
	if (old.length > retiredMax) throw new CryptoError('too-large');
	return {
		list: {
			...list,
			keys: { ...list.keys, records: identity.publicIdentity },
			retired: { records: old, schedule },
		},
		keys: { ...keys, records: secret, oldRecords: withOld(keys.oldRecords, keys.records) },
		signer,
	};
}

async function newSchedule({ list, keys, signer }: Replaced): Promise<Replaced> {
	if (!list.keys) return { list, keys, signer };
	const { secret, identity } = await createStaffIdentity();
	const { records = [], schedule = [] } = list.retired ?? {};
	const old = [...schedule, await fingerprint(list.keys.schedule)].slice(-retiredMax);
	return {
		list: {
			...list,
			keys: { ...list.keys, schedule: identity.publicIdentity },
			retired: { records, schedule: old },
		},
		keys: { ...keys, schedule: secret, oldSchedule: withOld(keys.oldSchedule, keys.schedule) },
		signer,
	};
}

const withOld = (old: readonly Bytes[] = [], last?: Bytes): Bytes[] =>
	(last ? [...old, last] : [...old]).slice(-retiredMax);

/** Another practice key signs from this list on; the old one says so. */
async function handedOn({ list, keys, signer }: Replaced): Promise<Replaced> {
	const { seed, key } = await createPracticeKey();
	const { practice, version } = list;
	const handover = await signHandover({ from: signer, to: key.publicKey, practice, version });
	const handovers = [...(list.handovers ?? []), handover];
	if (handovers.length > handoversMax) throw new CryptoError('too-large');
	return { list: { ...list, handovers }, keys: { ...keys, seed }, signer: key };
}
