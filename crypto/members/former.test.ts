import { expect, test } from 'vitest';
import { random, sha256, toBase64url, toHex } from '#crypto/bytes.ts';
import { digestPages, readDigestPage } from './former.ts';
import { openMemberList, signMemberList } from './members.ts';
import { createPracticeKey } from './practice.ts';

const id = () => toBase64url(random(16));

test('the list keeps what a member was, signed by the practice', async () => {
	const { key: practiceKey } = await createPracticeKey();
	const former = [
		{ id: id(), role: 'scheduler' as const, ed25519: random(32), pages: [random(32), random(32)] },
		{ id: id(), role: 'clinician' as const, ed25519: random(32), pages: [] },
	];
	const list = { practice: id(), version: 2, members: [], former };
	const signed = await signMemberList({ practiceKey, list });
	const open = (text = signed.text) =>
		openMemberList({ signed: { ...signed, text }, practiceKey: practiceKey.publicKey });
	expect(await open()).toMatchObject(list);
	await expect(open(signed.text.replace('scheduler', 'admin'))).rejects.toThrow('bad-signature');
});

test('digests come back from their pages, each once, and from no other page', async () => {
	const digests = Array.from({ length: 8200 }, () => random(32));
	const pages = digestPages([...digests, ...digests.slice(0, 5)]);
	expect(pages).toHaveLength(2);
	const read = await Promise.all(
		pages.map(async (page) => readDigestPage(page, await sha256(page))),
	);
	const found = read.flatMap((set) => [...set]);
	expect(found).toHaveLength(digests.length);
	expect(found.toSorted()).toEqual(digests.map(toHex).toSorted());
	const [first, second] = pages;
	if (!first || !second) throw new Error('no pages');
	await expect(readDigestPage(first, await sha256(second))).rejects.toThrow('bad-signature');
	const cut = first.slice(0, 40);
	await expect(readDigestPage(cut, await sha256(cut))).rejects.toThrow('truncated');
});

test('nothing is vouched for by no digest, and what is no digest is refused', () => {
	expect(digestPages([])).toEqual([]);
	expect(() => digestPages([random(31)])).toThrow(TypeError);
});
