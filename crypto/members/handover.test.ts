import { beforeAll, expect, test } from 'vitest';
import { type Bytes, random, toBase64url } from '#crypto/bytes.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import { followMemberList, handedOnIn, openEarlier, signHandover } from './handover.ts';
import { signMemberList } from './members.ts';

const practice = toBase64url(random(16));
let keys: readonly [SigningKey, SigningKey, SigningKey];
beforeAll(async () => {
	keys = [await generateSigningKey(), await generateSigningKey(), await generateSigningKey()];
});

const list = (practiceKey: SigningKey, version: number, handovers?: readonly Signed[]) =>
	signMemberList({ practiceKey, list: { practice, version, members: [], handovers } });
const step = (from: SigningKey, to: SigningKey, version: number) =>
	signHandover({ from, to: to.publicKey, practice, version });
const follow = (signed: Signed, practiceKey: Bytes, known?: Signed) =>
	followMemberList({ signed, practiceKey, known });

test('who pinned any of the keys follows to the newest, and refuses what an older one signs from then on', async () => {
	const [a, b, c] = keys;
	const handovers = [await step(a, b, 2), await step(b, c, 5)];
	const newest = await list(c, 6, handovers);
	const known = [await list(a, 1), await list(b, 4, handovers.slice(0, 1))];
	for (const pinned of [a, b, c])
		for (const before of [undefined, ...known]) {
			const { practiceKey, list: opened } = await follow(newest, pinned.publicKey, before);
			expect(practiceKey).toEqual(c.publicKey);
			expect(opened.version).toBe(6);
			expect(await handedOnIn(opened)).toBe(5);
		}
	await expect(follow(await list(a, 9), c.publicKey)).rejects.toThrow('bad-signature');
	await expect(follow(await list(b, 9, handovers), c.publicKey)).rejects.toThrow('bad-signature');
	const followed = await follow(newest, a.publicKey);
	for (const one of known)
		expect((await openEarlier(one, followed)).version).toBeLessThan(followed.list.version);
	const stranger = await generateSigningKey();
	await expect(openEarlier(await list(stranger, 3), followed)).rejects.toThrow('bad-signature');
});

test('a key hands itself on only by its own signature, in order, and not before what it signed itself', async () => {
	const [a, b, c] = keys;
	const stranger = await generateSigningKey();
	const good = await step(a, b, 4);
	const bad: [Signed, Signed | undefined, string][] = [
		// By nobody, by somebody else, cut from its list.
		[await list(b, 4), undefined, 'bad-signature'],
		[await list(b, 4, [await step(stranger, b, 4)]), undefined, 'bad-signature'],
		[await list(c, 4, [good]), undefined, 'bad-signature'],
		// Out of order, from the future, and beside a list that the old key signed later.
		[await list(b, 4, [await step(b, c, 3), good]), undefined, 'bad-signature'],
		[await list(b, 3, [good]), undefined, 'bad-signature'],
		[await list(b, 9, [good]), await list(a, 4), 'stale'],
		[await list(b, 9, [good]), await list(a, 5), 'stale'],
		[await list(b, 4, [good]), await list(a, 4), 'stale'],
	];
	for (const [signed, known, code] of bad)
		await expect(follow(signed, a.publicKey, known)).rejects.toThrow(code);
	const elsewhere = await signHandover({
		from: a,
		to: b.publicKey,
		practice: toBase64url(random(16)),
		version: 4,
	});
	await expect(follow(await list(b, 4, [elsewhere]), a.publicKey)).rejects.toThrow('bad-signature');
	const { list: opened } = await follow(await list(b, 9, [good]), a.publicKey, await list(a, 3));
	expect(opened.version).toBe(9);
});
