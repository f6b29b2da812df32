import { beforeAll, expect, test } from 'vitest';
import { createAccount } from '#crypto/account/account.ts';
import {
	formerKeysMax,
	openFormerAccounts,
	openFormerKeys,
	sealFormerKeys,
} from '#crypto/account/former.ts';
import { createAccountKey } from '#crypto/account/key.ts';
import { random, toBase64url } from '#crypto/bytes.ts';
import { type Identity, createStaffIdentity } from '#crypto/identity/identity.ts';
import { openRotation, signRotation } from './rotation.ts';

const id = () => toBase64url(random(16));
const rotation = {
	practice: id(),
	member: id(),
	account: random(32),
	record: random(32),
	expiresAt: 1_900_000_000_000,
};
let old: Identity;
let next: Identity;

beforeAll(async () => {
	old = (await createStaffIdentity()).identity;
	next = (await createStaffIdentity()).identity;
});

const made = (options: { from?: Identity; to?: Identity } = {}) => {
	const { from = old, to = next } = options;
	return signRotation({ from: from.signing, to, rotation });
};
const open = (signed: Awaited<ReturnType<typeof made>>, from = old) =>
	openRotation({ signed, from: from.publicIdentity.ed25519 });

test('new keys are believed when the old ones and they themselves signed it', async () => {
	const said = await open(await made());
	expect(said).toEqual({
		...rotation,
		from: old.publicIdentity.ed25519,
		to: next.publicIdentity,
	});
});

test('neither key alone is enough, and nothing of it can be another', async () => {
	const signed = await made();
	const stranger = (await createStaffIdentity()).identity;
	const byStranger = await made({ from: stranger });
	const toStranger = await made({ to: stranger });
	const forged = [
		// A server that made up keys has no signature of the old one.
		byStranger,
		{ ...byStranger, signature: signed.signature },
		// Who has the old keys cannot name somebody else's as her new ones.
		{ ...signed, countersignature: signed.signature },
		{ ...signed, countersignature: toStranger.countersignature },
		{ ...toStranger, countersignature: signed.countersignature },
		{ ...signed, text: signed.text.replace(String(rotation.expiresAt), '1900000000001') },
	];
	for (const one of forged) await expect(open(one)).rejects.toThrow('bad-signature');
	// It is of this key of hers: replayed after another change it says nothing.
	await expect(open(signed, next)).rejects.toThrow('bad-signature');
	await expect(open(await made({ to: old }))).rejects.toThrow('bad-signature');
	const { xwing: _, ...without } = stranger.publicIdentity;
	const bare = await made({ to: { ...stranger, publicIdentity: without } });
	await expect(open(bare)).rejects.toThrow('bad-key');
});

test('keys of before open under the account key of now, for this account, and several of them', async () => {
	const account = id();
	const exportKey = toBase64url(random(64));
	const now = await createAccount({ account, exportKey });
	const former = await Promise.all(
		[1, 2].map(async () => ({
			accountKey: createAccountKey(),
			secret: (await createStaffIdentity()).secret,
		})),
	);
	const { accountKey } = now;
	const sealed = await sealFormerKeys({ account, accountKey, former });
	expect(await openFormerKeys({ account, accountKey, sealed })).toEqual(former);
	const [first] = await openFormerAccounts({ account, accountKey, sealed });
	expect(first?.accountKey).toEqual(former[0]?.accountKey);
	await expect(openFormerKeys({ account: id(), accountKey, sealed })).rejects.toThrow(
		'open-failed',
	);
	await expect(openFormerKeys({ account, accountKey: createAccountKey(), sealed })).rejects.toThrow(
		'open-failed',
	);
	const many = Array.from({ length: formerKeysMax }, () => former).flat();
	await expect(sealFormerKeys({ account, accountKey, former: many })).rejects.toThrow('too-large');
});
