import { beforeAll, expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { type Signed, signJson } from '#crypto/identity/signed.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import {
	type Member,
	type MemberList,
	memberOf,
	membersMax,
	openMemberList,
	signMemberList,
	spentMax,
} from './members.ts';
import { createPracticeKey, openPracticeKey, practiceFingerprint } from './practice.ts';

const id = () => toBase64url(random(16));
const practice = id();
const member = (role: Member['role'] = 'clinician'): Member => ({
	id: id(),
	role,
	publicIdentity: { ed25519: random(32), x25519: random(32), xwing: random(1216) },
});
const maya = member('admin');
const list = (version: number, members: readonly Member[] = [maya]): MemberList => ({
	practice,
	version,
	members,
});

let practiceKey: SigningKey;
beforeAll(async () => {
	({ key: practiceKey } = await createPracticeKey());
});

const signed = (version: number, members?: readonly Member[]): Promise<Signed> =>
	signMemberList({ practiceKey, list: list(version, members) });
const open = (newest: Signed, known?: Signed) =>
	openMemberList({ signed: newest, practiceKey: practiceKey.publicKey, known });

test('a list says who belongs to the practice and with which keys', async () => {
	const colleague = member();
	const opened = await open(await signed(3, [maya, colleague]));
	expect(opened).toEqual(list(3, [maya, colleague]));
	expect(memberOf(opened, colleague.id)).toEqual(colleague);
	expect(memberOf(opened, id())).toBeUndefined();
});

test('another key than the pinned one signs nothing', async () => {
	const stranger = await generateSigningKey();
	const forged = await signMemberList({ practiceKey: stranger, list: list(9) });
	await expect(open(forged)).rejects.toThrow('bad-signature');
	const good = await signed(1);
	await expect(open({ ...good, text: good.text.replace('admin', 'clinician') })).rejects.toThrow(
		'bad-signature',
	);
});

test('a lower version than the newest seen is refused, and another of the same', async () => {
	const [first, second, otherSecond, third] = await Promise.all([
		signed(1),
		signed(2),
		signed(2, [maya, member()]),
		signed(3),
	]);
	expect((await open(third, second)).version).toBe(3);
	expect((await open(second, second)).version).toBe(2);
	await expect(open(first, second)).rejects.toThrow('stale');
	await expect(open(otherSecond, second)).rejects.toThrow('stale');
	const elsewhere = { ...list(9), practice: id() };
	const other = await signMemberList({ practiceKey, list: elsewhere });
	await expect(open(other, second)).rejects.toThrow('stale');
});

test('the practice vouches for its own keys in the same list', async () => {
	const [records, schedule] = [member().publicIdentity, member().publicIdentity];
	const keys = { records, schedule };
	const newest = await signMemberList({ practiceKey, list: { ...list(4), keys } });
	expect((await open(newest)).keys).toEqual(keys);
	const swapped = newest.text.replaceAll(
		toBase64url(schedule.x25519),
		toBase64url(member().publicIdentity.x25519),
	);
	expect(swapped).not.toBe(newest.text);
	await expect(open({ ...newest, text: swapped })).rejects.toThrow('bad-signature');
	expect((await open(await signed(1))).keys).toBeUndefined();
});

const row = (of: Member) => ({
	id: of.id,
	role: of.role,
	publicIdentity: { ed25519: toBase64url(of.publicIdentity.ed25519), x25519: 'A'.repeat(43) },
});
/** Signed by the practice, though its own client would never write it. */
const forge = (value: Record<string, unknown>) =>
	signJson({
		key: practiceKey,
		context: 'sotto/member-list/v1',
		value: JSON.parse(JSON.stringify({ v: 1, practice, version: 1, members: [], ...value })),
	});

test('nobody is twice in a list', async () => {
	const sameId = { ...member(), id: maya.id };
	const sameKey = { ...member(), publicIdentity: maya.publicIdentity };
	for (const twin of [sameId, sameKey])
		await expect(signed(1, [maya, twin])).rejects.toThrow(TypeError);
	expect((await open(await forge({ members: [row(maya)] }))).members.length).toBe(1);
	const many = Array.from({ length: membersMax + 1 }, () => row(member()));
	const bad = [
		{ members: [row(maya), row(sameId)] },
		{ members: [row(maya), row(sameKey)] },
		{ members: [{ ...row(maya), role: 'owner' }] },
		{ members: many },
		{ version: 0 },
		{ version: 1.5 },
		{ v: 2 },
		{ keys: { records: row(maya).publicIdentity } },
		{ more: true },
	];
	for (const value of bad) await expect(open(await forge(value))).rejects.toThrow('bad-encoding');
});

test('a list that nobody could open is not signed', async () => {
	const others = Array.from({ length: membersMax }, () => member());
	const full = await signed(2, [maya, ...others.slice(1)]);
	expect((await open(full)).members.length).toBe(membersMax);
	await expect(signed(3, [maya, ...others])).rejects.toThrow('too-large');
	const spent = Array.from({ length: spentMax + 1 }, () => ({ id: id(), expiresAt: 1 }));
	const long = signMemberList({ practiceKey, list: { ...list(3), spent } });
	await expect(long).rejects.toThrow('too-large');
	await expect(signed(1.5)).rejects.toThrow(TypeError);
});

test('a practice key comes back from its seed', async () => {
	const { seed, key } = await createPracticeKey();
	const again = await openPracticeKey(seed);
	expect(again.publicKey).toEqual(key.publicKey);
	expect(await practiceFingerprint(again.publicKey)).toEqual(
		await practiceFingerprint(key.publicKey),
	);
	expect((await practiceFingerprint(key.publicKey)).length).toBe(32);
	await expect(openPracticeKey(random(31))).rejects.toThrow('bad-key');
});
