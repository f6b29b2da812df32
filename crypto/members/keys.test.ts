import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { createStaffIdentity, fingerprint } from '#crypto/identity/identity.ts';
import { type MemberKeys, heldKeys, openMemberKeys, sealMemberKeys } from './keys.ts';
import { createPracticeKey } from './practice.ts';

const id = () => toBase64url(random(16));

test('old keys of the practice are believed when the list names them, and a key that was replaced is an old one', async () => {
	const { seed, key } = await createPracticeKey();
	const [first, second, now, records, tom, stranger] = await Promise.all(
		Array.from({ length: 6 }, createStaffIdentity),
	);
	if (!first || !second || !now || !records || !tom || !stranger) throw new Error('six keys');
	const nameOf = (one: typeof first) => fingerprint(one.identity.publicIdentity);
	const [practice, member] = [id(), id()];
	const list = {
		practice,
		version: 3,
		members: [],
		keys: {
			records: records.identity.publicIdentity,
			schedule: now.identity.publicIdentity,
		},
		retired: { records: [], schedule: [await nameOf(first), await nameOf(second)] },
	};
	const open = async (keys: MemberKeys) => {
		const to = tom.identity.publicIdentity;
		const sealed = await sealMemberKeys({ to, practice, member, keys });
		return openMemberKeys({
			opener: tom.identity,
			member,
			practiceKey: key.publicKey,
			list,
			sealed,
		});
	};
	const all = {
		seed,
		records: records.secret,
		schedule: now.secret,
		oldSchedule: [first.secret, second.secret],
	};
	expect(await open(all)).toEqual(all);
	// What was sealed before the list became this: the key of then is an old one now.
	expect(await open({ schedule: second.secret, oldSchedule: [first.secret] })).toEqual({
		oldSchedule: [first.secret, second.secret],
	});
	for (const bad of [
		{ schedule: stranger.secret },
		{ schedule: now.secret, oldSchedule: [stranger.secret] },
		{ oldRecords: [first.secret] },
	])
		await expect(open(bad)).rejects.toThrow('bad-key');
	const merged = await heldKeys({
		list,
		keys: [{ schedule: now.secret }, { schedule: first.secret, records: stranger.secret }],
	});
	expect(merged).toEqual({ schedule: now.secret, oldSchedule: [first.secret] });
});
