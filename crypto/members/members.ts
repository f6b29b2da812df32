import * as v from 'valibot';
import { type Bytes, toBase64url } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import {
	type PublicIdentity,
	PublicIdentitySchema,
	encodePublicIdentity,
} from '#crypto/identity/identity.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { Id, bytesText } from '#crypto/schema.ts';
import { type Former, FormerSchema, formerMax } from './former.ts';
import { type Role, roles } from './roles.ts';

export { type Role, roles };

/** One staff account and the keys that the practice vouches for. */
export interface Member {
	readonly id: string;
	readonly role: Role;
	readonly publicIdentity: PublicIdentity;
}

/** Public halves of the practice's own keys, which nobody can swap because the list is signed. */
export interface PracticePublicKeys {
	/** "Practice records key": a recipient of every recording. */
	readonly records: PublicIdentity;
	/** "Practice schedule key": a recipient of every session's contents. */
	readonly schedule: PublicIdentity;
}

/** An invitation that must not make a member (again), kept until it would have ended by itself. */
export interface Spent {
	readonly id: string;
	/** Milliseconds since 1970. */
	readonly expiresAt: number;
}

/** Fingerprints of keys that the practice had before: they open what is older, and nothing is sealed to them. */
export interface Retired {
	readonly records: readonly Bytes[];
	readonly schedule: readonly Bytes[];
}

/** A member whose keys were replaced, and the first version that has the new ones. */
export interface Changed {
	readonly id: string;
	readonly version: number;
}

/** Who belongs to the practice. Nobody else is ever wrapped to. */
export interface MemberList {
	/** Id. */
	readonly practice: string;
	/** Whole, from 1, one more with each change. */
	readonly version: number;
	readonly members: readonly Member[];
	/** A practice of an older version has none until an admin's client adds them. */
	readonly keys?: PracticePublicKeys | undefined;
	/** Confirmed and withdrawn invitations; a list of an older version has none. */
	readonly spent?: readonly Spent[] | undefined;
	/** What members were before; a list of an older version has none. */
	readonly former?: readonly Former[] | undefined;
	/** None until a key was replaced. */
	readonly retired?: Retired | undefined;
	/** How the practice key was handed on, the oldest first; see `signHandover`. */
	readonly handovers?: readonly Signed[] | undefined;
	/** None until somebody came back with new keys. */
	readonly changed?: readonly Changed[] | undefined;
}

/** The most members of one list. */
export const membersMax = 200;

/** The most spent invitations of one list. */
export const spentMax = 1000;

/** The most retired keys of one kind. */
export const retiredMax = 100;

/** The most handovers of the practice key. */
export const handoversMax = 100;

/** The most changes of keys; the oldest make room. */
export const changedMax = 400;

const context = 'sotto/member-list/v1';

const Fingerprints = v.pipe(v.array(bytesText(32)), v.maxLength(retiredMax));

const SignedSchema = v.strictObject({
	text: v.pipe(v.string(), v.maxLength(1000)),
	signature: v.pipe(v.string(), v.maxLength(86)),
});

const MemberSchema = v.strictObject({
	id: Id,
	role: v.picklist(roles),
	publicIdentity: PublicIdentitySchema,
});

const ListSchema = v.pipe(
	v.strictObject({
		v: v.literal(1),
		practice: Id,
		version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
		members: v.pipe(v.array(MemberSchema), v.maxLength(membersMax)),
		keys: v.optional(
			v.strictObject({ records: PublicIdentitySchema, schedule: PublicIdentitySchema }),
		),
		spent: v.optional(
			v.pipe(
				v.array(v.strictObject({ id: Id, expiresAt: v.pipe(v.number(), v.safeInteger()) })),
				v.maxLength(spentMax),
			),
		),
		former: v.optional(v.pipe(v.array(FormerSchema), v.maxLength(formerMax))),
		retired: v.optional(v.strictObject({ records: Fingerprints, schedule: Fingerprints })),
		handovers: v.optional(v.pipe(v.array(SignedSchema), v.maxLength(handoversMax))),
		changed: v.optional(
			v.pipe(
				v.array(v.strictObject({ id: Id, version: v.pipe(v.number(), v.safeInteger()) })),
				v.maxLength(changedMax),
			),
		),
	}),
	v.check(({ members }) => distinct(members)),
);

/**
 * Signs a list with the practice key, if everybody can open it. Throws `too-large` for more of anything than a list
 * holds, TypeError when an id or an Ed25519 key is in it twice.
 */
export async function signMemberList(options: {
	practiceKey: SigningKey;
	list: MemberList;
}): Promise<Signed> {
	const { practice, version, members, keys } = options.list;
	const { spent, former, retired, handovers, changed } = options.list;
	assert(distinct(members), 'each member is once in the list');
	const people = members.map(({ id, role, publicIdentity }) => ({
		id,
		role,
		publicIdentity: encodePublicIdentity(publicIdentity),
	}));
	const value = {
		v: 1,
		practice,
		version,
		members: people,
		...(keys && {
			keys: {
				records: encodePublicIdentity(keys.records),
				schedule: encodePublicIdentity(keys.schedule),
			},
		}),
		...(spent && { spent: spent.map(({ id, expiresAt }) => ({ id, expiresAt })) }),
		...(former && { former: former.map(formerJson) }),
		...(retired && { retired: retiredJson(retired) }),
		...(handovers && { handovers: handovers.map(({ text, signature }) => ({ text, signature })) }),
		...(changed && { changed: changed.map(({ id, version: at }) => ({ id, version: at })) }),
	};
	checkOpens(value);
	return signJson({ key: options.practiceKey, context, value });
}

/**
 * The list, signed by the pinned practice key (Ed25519, 32 bytes). `known` is the newest that this
 * device has seen. Throws `bad-signature`, `bad-encoding`, and `stale` for a lower version than
 * `known`, for another list of the same version, and for another practice's.
 */
export async function openMemberList(options: {
	signed: Signed;
	practiceKey: Bytes;
	known?: Signed | undefined;
}): Promise<MemberList> {
	const { signed, practiceKey: publicKey, known } = options;
	const { v: _, ...list } = await openSigned({ signed, publicKey, context, schema: ListSchema });
	const { practice, version } = list;
	if (known !== undefined && known.text !== signed.text) {
		const before = await openSigned({ signed: known, publicKey, context, schema: ListSchema });
		if (before.practice !== practice || before.version >= version) throw new CryptoError('stale');
	}
	return list;
}

/** The member with this id, if the list has it. */
export function memberOf(list: MemberList, id: string): Member | undefined {
	return list.members.find((member) => member.id === id);
}

/** The Ed25519 keys of a member, now and before: what was signed while she had one is still hers. */
export function signingKeysOf({ members, former = [] }: MemberList, id: string): Bytes[] {
	const now = members.find((member) => member.id === id);
	const before = former.filter((one) => one.id === id);
	return [...(now ? [now.publicIdentity.ed25519] : []), ...before.map(({ ed25519 }) => ed25519)];
}

/** Whether a member is an administrator, or was one. */
export const wasAdmin = ({ members, former = [] }: MemberList, id: string): boolean =>
	[...members, ...former].some((one) => one.id === id && one.role === 'admin');

/** A list that nobody could open would lock everybody out, and its version could not be taken back. */
function checkOpens(value: unknown): void {
	const { success, issues = [] } = v.safeParse(ListSchema, value);
	if (issues.some(({ type }) => type === 'max_length')) throw new CryptoError('too-large');
	assert(success, 'a list is one that can be opened');
}

const formerJson = ({ id, role, ed25519, pages }: Former) => ({
	id,
	role,
	ed25519: toBase64url(ed25519),
	pages: pages.map(toBase64url),
});

const retiredJson = ({ records, schedule }: Retired) => ({
	records: records.map(toBase64url),
	schedule: schedule.map(toBase64url),
});

function distinct(members: readonly Member[]): boolean {
	const ids = new Set(members.map(({ id }) => id));
	const keys = new Set(members.map(({ publicIdentity }) => toBase64url(publicIdentity.ed25519)));
	return ids.size === members.length && keys.size === members.length;
}
