import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { createStaffIdentity } from '#crypto/identity/identity.ts';
import {
	type Invitation,
	invitationFragment,
	invitationProof,
	invitationSecret,
	parseInvitationFragment,
	registrationMac,
	verifyRegistration,
} from './invitation.ts';
import { keysFor, openMemberKeys, sealMemberKeys } from './keys.ts';
import { createPracticeKey, practiceFingerprint } from './practice.ts';

const id = () => toBase64url(random(16));
const invitation: Invitation = {
	id: id(),
	email: 'tom@example.org',
	role: 'clinician',
	expiresAt: 1,
	member: null,
	listed: false,
};

test('every admin makes the same secret again, and a server that changes anything another', async () => {
	const { seed, key } = await createPracticeKey();
	const secret = await invitationSecret({ practiceSeed: seed, invitation });
	expect(await invitationSecret({ practiceSeed: seed, invitation: { ...invitation } })).toEqual(
		secret,
	);
	const changes: Partial<Invitation>[] = [
		{ id: id() },
		{ email: 'eve@example.org' },
		{ role: 'admin' },
		{ expiresAt: 2 },
		{ member: id() },
		{ listed: true },
	];
	for (const change of changes)
		expect(
			await invitationSecret({ practiceSeed: seed, invitation: { ...invitation, ...change } }),
		).not.toEqual(secret);
	expect(await invitationProof(secret)).not.toEqual(secret);
	const serverKey = random(32);
	const text = await invitationFragment({ secret, practiceKey: key.publicKey, serverKey });
	const fingerprint = await practiceFingerprint(key.publicKey);
	expect(parseInvitationFragment(text)).toEqual({ secret, fingerprint, serverKey });
	expect(() => parseInvitationFragment(text.slice(0, -4))).toThrow('truncated');
});

test('a registration is believed only with the keys that the invited one made', async () => {
	const secret = random(32);
	const practice = random(32);
	const { identity } = await createStaffIdentity();
	const other = (await createStaffIdentity()).identity;
	const { publicIdentity } = identity;
	const member = { id: id(), name: 'Tom', email: 'tom@example.org', role: 'clinician' as const };
	const whole = { ...member, publicIdentity };
	const mac = await registrationMac({ secret, practice, member: whole });
	await verifyRegistration({ secret, practice, member: whole, mac });
	const bad = [
		{ member: { ...whole, publicIdentity: other.publicIdentity } },
		{ member: { ...whole, role: 'admin' as const } },
		{ member: { ...whole, id: id() } },
		{ practice: random(32) },
		{ secret: random(32) },
		{ mac: random(32) },
		{ mac: mac.slice(1) },
	];
	for (const change of bad)
		await expect(
			verifyRegistration({ secret, practice, member: whole, mac, ...change }),
		).rejects.toThrow('bad-signature');
});

test('a member gets the keys of her role, and none that the practice does not vouch for', async () => {
	const { seed, key } = await createPracticeKey();
	const [records, schedule, tom] = await Promise.all([
		createStaffIdentity(),
		createStaffIdentity(),
		createStaffIdentity(),
	]);
	const keys = { seed, records: records.secret, schedule: schedule.secret };
	expect(keysFor('admin', keys)).toEqual(keys);
	expect(keysFor('scheduler', keys)).toEqual({ schedule: schedule.secret });
	for (const role of ['supervisor', 'clinician', 'participant-only', 'station'] as const)
		expect(keysFor(role, keys)).toEqual({});
	const [practice, member] = [id(), id()];
	const list = {
		practice,
		version: 1,
		members: [],
		keys: {
			records: records.identity.publicIdentity,
			schedule: schedule.identity.publicIdentity,
		},
	};
	const to = tom.identity.publicIdentity;
	const sealed = await sealMemberKeys({ to, practice, member, keys });
	const right = { opener: tom.identity, member, practiceKey: key.publicKey, list, sealed };
	expect(await openMemberKeys(right)).toEqual(keys);
	const stranger = await createPracticeKey();
	const swapped = { records: list.keys.schedule, schedule: list.keys.schedule };
	const bad = [
		[{ practiceKey: stranger.key.publicKey }, 'bad-key'],
		[{ list: { ...list, keys: swapped } }, 'bad-key'],
		[{ list: { ...list, keys: undefined } }, 'bad-key'],
		[{ member: id() }, 'open-failed'],
		[{ opener: records.identity }, 'open-failed'],
	] as const;
	for (const [change, code] of bad)
		await expect(openMemberKeys({ ...right, ...change })).rejects.toThrow(code);
});
