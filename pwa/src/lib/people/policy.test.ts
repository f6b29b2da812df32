import { beforeAll, expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import type { MemberList, Role } from '#crypto/members/members.ts';
import { firstPolicy, openPolicy, signPolicy } from './policy.ts';

const id = () => toBase64url(random(16));
const practice = id();
const maya = id();
let key: SigningKey;

beforeAll(async () => {
	key = await generateSigningKey();
});

const members = (role: Role = 'admin', of = key): MemberList => ({
	practice,
	version: 1,
	members: [
		{
			id: maya,
			role,
			publicIdentity: { ed25519: of.publicKey, x25519: random(32), xwing: random(1216) },
		},
	],
});
const sign = (version: number, change: Partial<typeof firstPolicy> = {}, of = practice) =>
	signPolicy({
		admin: { id: maya, key },
		practice: of,
		version,
		choice: { ...firstPolicy, ...change },
	});
const open = (signed: Signed, known?: Signed, list = members()) =>
	openPolicy({ signed, members: list, known });

test('settings are believed when an admin of the list signed them', async () => {
	const signed = await sign(1, { recordAll: true, idleMs: 60_000 });
	const { policy, standing } = await open(signed);
	expect(policy).toMatchObject({ ...firstPolicy, recordAll: true, idleMs: 60_000, version: 1 });
	expect(standing).toBe(true);
	const changed = { ...signed, text: signed.text.replace('"recordAll":true', '"recordAll":false') };
	expect(changed.text).not.toBe(signed.text);
	await expect(open(changed)).rejects.toThrow('bad-signature');
	for (const role of ['supervisor', 'clinician', 'scheduler'] as const)
		await expect(open(signed, undefined, members(role))).rejects.toThrow('bad-signature');
	const other = members('admin', await generateSigningKey());
	await expect(open(signed, undefined, other)).rejects.toThrow('bad-signature');
	await expect(open(signed, undefined, { ...members(), members: [] })).rejects.toThrow(
		'bad-signature',
	);
	await expect(open({ ...signed, text: '{}' })).rejects.toThrow('bad-encoding');
});

test('a version that was seen never goes back', async () => {
	const [first, second, otherSecond] = await Promise.all([
		sign(1),
		sign(2, { recording: false }),
		sign(2),
	]);
	expect((await open(second, first)).policy.recording).toBe(false);
	await expect(open(first, second)).rejects.toThrow('stale');
	await expect(open(otherSecond, second)).rejects.toThrow('stale');
	await expect(open(await sign(3, {}, id()), second)).rejects.toThrow('stale');
});

test('settings that were checked hold when their author is no admin any more, and say so', async () => {
	const signed = await sign(4);
	const demoted = members('clinician');
	expect(await open(signed, signed, demoted)).toMatchObject({ standing: false });
	expect(await open(signed, signed)).toMatchObject({ standing: true });
	await expect(open(await sign(5), signed, demoted)).rejects.toThrow('bad-signature');
});
