import { beforeAll, expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import type { MemberList, Role } from '#crypto/members/members.ts';
import { openRetention, openRules, signRetention, signRules } from './statement.ts';

const id = () => toBase64url(random(16));
const practice = id();
const maya = id();
const recording = id();
let key: SigningKey;
let stranger: SigningKey;

beforeAll(async () => {
	[key, stranger] = await Promise.all([generateSigningKey(), generateSigningKey()]);
});

const members = (role: Role = 'admin'): MemberList => ({
	practice,
	version: 1,
	members: [
		{
			id: maya,
			role,
			publicIdentity: { ed25519: key.publicKey, x25519: random(32), xwing: random(1216) },
		},
	],
});
const rules = {
	record: {
		states: ['CA'],
		profession: 'psychologist' as const,
		facility: 'none' as const,
		managedCare: false,
		years: null,
	},
	supervision: { days: 30 },
	quality: { days: null },
	note: { minutes: 60 },
};
const policy = (version: number, { signing = key, of = practice } = {}) =>
	signRules({ admin: { id: maya, signing }, practice: of, version, at: 5, rules });
const open = (signed: Signed, known?: Signed, list = members()) =>
	openRules({ signed, members: list, known });

test('rules are believed when an admin signed them for this practice, and never go back', async () => {
	const [first, second, other] = await Promise.all([policy(1), policy(2), policy(2, { of: id() })]);
	expect(await open(first)).toMatchObject({ version: 1, rules });
	expect(await open(second, first)).toMatchObject({ version: 2 });
	await expect(open(first, second)).rejects.toThrow('stale');
	await expect(open(other)).rejects.toThrow('stale');
	await expect(open(first, undefined, members('supervisor'))).rejects.toThrow('bad-signature');
	await expect(open(await policy(1, { signing: stranger }))).rejects.toThrow('bad-signature');
	const altered = { ...first, text: first.text.replace('"days":30', '"days":1') };
	await expect(open(altered)).rejects.toThrow('bad-signature');
	// What was checked while she was an admin goes on.
	expect(await open(first, first, members('clinician'))).toMatchObject({ version: 1 });
});

test('how long a recording is kept is believed when a member signed it for this one', async () => {
	const said = {
		recording,
		version: 1,
		at: 5,
		purpose: 'quality',
		keptUntil: 1_900_000_000_000,
		hold: false,
		shortens: false,
	} as const;
	const signed = await signRetention({ id: maya, signing: key }, said);
	const read = (one: Signed, of = recording) =>
		openRetention({ signed: one, recording: of, members: members('clinician') });
	expect(await read(signed)).toEqual({ v: 1, author: maya, ...said });
	await expect(read(signed, id())).rejects.toThrow('bad-signature');
	const altered = { ...signed, text: signed.text.replace('"hold":false', '"hold":true') };
	await expect(read(altered)).rejects.toThrow('bad-signature');
	const forged = await signRetention({ id: maya, signing: stranger }, said);
	await expect(read(forged)).rejects.toThrow('bad-signature');
});
