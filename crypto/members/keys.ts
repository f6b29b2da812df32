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
import { type MemberList, type Role, retiredMax } from './members.ts';
import { openPracticeKey } from './practice.ts';

/** Secret keys of the practice that a member may hold. */
export interface MemberKeys {
	/** Of the practice key; admins only. */
	readonly seed?: Bytes | undefined;
	/** Secret of "Practice records key"; admins only. */
	readonly records?: Bytes | undefined;
	/** Secret of "Practice schedule key"; admins and schedulers. */
	readonly schedule?: Bytes | undefined;
	/** Secrets of the records keys before, the oldest first: they open what was sealed to them. */
	readonly oldRecords?: readonly Bytes[] | undefined;
	/** The same of the schedule key. */
	readonly oldSchedule?: readonly Bytes[] | undefined;
}

/** A key of the practice that can be replaced. */
export type KeyKind = 'seed' | 'records' | 'schedule';

const info = 'sotto/practice-keys/v1';

const Old = v.optional(v.pipe(v.array(bytesText(97)), v.maxLength(retiredMax)));

const Shape = v.strictObject({
	seed: v.optional(bytesText(32)),
	records: v.optional(bytesText(97)),
	schedule: v.optional(bytesText(97)),
	oldRecords: Old,
	oldSchedule: Old,
});

/** The keys that a role holds. */
export function kindsFor(role: Role): readonly KeyKind[] {
	if (role === 'admin') return ['seed', 'records', 'schedule'];
	return role === 'scheduler' ? ['schedule'] : [];
}

/** Of these keys those that a role may hold. */
export function keysFor(role: Role, keys: MemberKeys): MemberKeys {
	const { seed, records, schedule, oldRecords, oldSchedule } = keys;
	if (role === 'admin') return { seed, records, schedule, oldRecords, oldSchedule };
	return role === 'scheduler' ? { schedule, oldSchedule } : {};
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
		Object.entries(keys).flatMap(([name, value]) => (value ? [[name, textOf(value)]] : [])),
	);
	const plaintext = utf8(JSON.stringify(text));
	return sealTo({ to, info, aad: belonging(options), plaintext });
}

const textOf = (value: Bytes | readonly Bytes[]): string | string[] =>
	value instanceof Uint8Array ? toBase64url(value) : value.map(toBase64url);

/**
 * Opens what `sealMemberKeys` made, and believes it only where it fits what the practice signed. Throws
 * `bad-key` when a key is not one that the list vouches for, and as `openSealed` does.
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
	const held = await heldKeys({ list, keys: [keys] });
	if (secretsIn(held) !== secretsIn(keys)) throw new CryptoError('bad-key');
	return held;
}

const secretsIn = ({ records, schedule, oldRecords = [], oldSchedule = [] }: MemberKeys): number =>
	oldRecords.length + oldSchedule.length + (records ? 1 : 0) + (schedule ? 1 : 0);

/**
 * Of the keys that somebody has from several places: the first seed, the keys that the list names now, and the
 * old ones in the order in which they were replaced. What the list names nowhere is left out. Throws `bad-key`.
 */
export async function heldKeys(options: {
	list: MemberList;
	keys: readonly MemberKeys[];
}): Promise<MemberKeys> {
	const { list, keys } = options;
	const seed = keys.find((one) => one.seed)?.seed;
	const all = (kind: 'records' | 'schedule', old: 'oldRecords' | 'oldSchedule') =>
		sorted({
			secrets: keys.flatMap((one) => [...(one[kind] ? [one[kind]] : []), ...(one[old] ?? [])]),
			now: list.keys?.[kind],
			retired: list.retired?.[kind] ?? [],
		});
	const records = await all('records', 'oldRecords');
	const schedule = await all('schedule', 'oldSchedule');
	return {
		...(seed && { seed }),
		...(records.now && { records: records.now }),
		...(schedule.now && { schedule: schedule.now }),
		...(records.old.length > 0 && { oldRecords: records.old }),
		...(schedule.old.length > 0 && { oldSchedule: schedule.old }),
	};
}

async function sorted(options: {
	secrets: readonly Bytes[];
	now: PublicIdentity | undefined;
	retired: readonly Bytes[];
}): Promise<{ now: Bytes | undefined; old: Bytes[] }> {
	const named = new Map<string, Bytes>();
	for (const secret of options.secrets) {
		const { publicIdentity } = await openIdentity(toIdentitySecret(secret));
		named.set(toBase64url(await fingerprint(publicIdentity)), secret);
	}
	const current = options.now && toBase64url(await fingerprint(options.now));
	const now = current === undefined ? undefined : named.get(current);
	const old = options.retired.flatMap((name) => named.get(toBase64url(name)) ?? []);
	return { now, old };
}
