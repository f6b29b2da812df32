import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, fromHex, random, toHex } from '#crypto/bytes.ts';
// Made by a Python program of its own from the definitions of RFC 6962 §2.1; its roots are those of Certificate Transparency's own tests.
import vectors from './log/tree.json' with { type: 'json' };
import { openCheckpoint, openNote, parseNoteKey } from '#crypto/log/note.ts';
import {
	leafHash,
	nodeHash,
	treeHash,
	verifyConsistency,
	verifyInclusion,
} from '#crypto/log/tree.ts';

const leaves = vectors.leaves.map((text) => leafHash(fromHex(text)));
const rootOf = (size: number): Bytes => fromHex(vectors.roots[size] ?? '');
const bytesOf = (path: readonly string[]): Bytes[] => path.map((one) => fromHex(one));

test('tree hashes are those of RFC 6962', () => {
	for (let size = 0; size <= leaves.length; size++)
		expect(toHex(treeHash(leaves.slice(0, size)))).toBe(vectors.roots[size]);
});

test('every inclusion proof holds for its leaf and for no other leaf, place or size', () => {
	for (const { leaf: index, size, path } of vectors.inclusion) {
		const proof = { index, size, path: bytesOf(path), root: rootOf(size) };
		leaves.forEach((leaf, at) => {
			expect(verifyInclusion({ ...proof, leaf })).toBe(at === index);
		});
		const leaf = leaves[index] ?? random(32);
		for (const change of [
			{ index: index + 1 },
			{ root: random(32) },
			{ path: [...proof.path, random(32)] },
			{ path: proof.path.slice(1), root: proof.path.length > 0 ? proof.root : random(32) },
			{ index: -1 },
			{ index: 0.5 },
		])
			expect(verifyInclusion({ ...proof, leaf, ...change })).toBe(false);
	}
});

test('every consistency proof holds, and not for another beginning or end', () => {
	for (const { from, to, path } of vectors.consistency) {
		const proof = {
			from: { size: from, root: rootOf(from) },
			to: { size: to, root: rootOf(to) },
			path: bytesOf(path),
		};
		expect(verifyConsistency(proof)).toBe(true);
		expect(verifyConsistency({ ...proof, from: { size: from, root: random(32) } })).toBe(false);
		expect(verifyConsistency({ ...proof, to: { size: to, root: random(32) } })).toBe(false);
		expect(verifyConsistency({ ...proof, path: [...proof.path, random(32)] })).toBe(false);
		const backwards = { ...proof, from: proof.to, to: proof.from };
		expect(verifyConsistency(backwards)).toBe(from === to);
	}
});

test('a group of leaves is proved as a leaf is, the last one incomplete too', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 70 }), (size) => {
			const all = Array.from({ length: size }, (_, at) => leafHash(Uint8Array.of(at)));
			const groups: Bytes[] = [];
			for (let at = 0; at < size; at += 4) groups.push(treeHash(all.slice(at, at + 4)));
			const root = treeHash(all);
			groups.forEach((leaf, index) => {
				const path = pathTo(groups, index);
				expect(verifyInclusion({ leaf, index, size, path, root, level: 2 })).toBe(true);
				expect(verifyInclusion({ leaf: random(32), index, size, path, root, level: 2 })).toBe(
					false,
				);
			});
		}),
	);
});

/** RFC 6962 §2.1.1 as it is written. */
function pathTo(nodes: readonly Bytes[], index: number): Bytes[] {
	if (nodes.length === 1) return [];
	let split = 1;
	while (split * 2 < nodes.length) split *= 2;
	const [left, right] = [nodes.slice(0, split), nodes.slice(split)];
	return index < split
		? [...pathTo(left, index), treeHash(right)]
		: [...pathTo(right, index - split), treeHash(left)];
}

test('a leaf is no node', () => {
	const [left, right] = [random(32), random(32)];
	expect(nodeHash({ left, right })).not.toEqual(leafHash(new Uint8Array([...left, ...right])));
});

// The example of Go's golang.org/x/mod/sumdb/note, from which the C2SP form comes.
const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const said =
	"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const signature =
	'— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

test('a note of another program opens, also with signatures of others in front', async () => {
	const key = parseNoteKey(peter);
	const witness = `— witness.example.org AAAAAA==\n`;
	expect(await openNote(`${said}\n${signature}`, key)).toBe(said);
	expect(await openNote(`${said}\n${witness}${signature}`, key)).toBe(said);
});

test('a note that was changed, or is by another key, or is none, is refused', async () => {
	const key = parseNoteKey(peter);
	for (const note of [
		`${said.replace('is the', 'was the')}\n${signature}`,
		`${said}\n${signature.replace('PeterNeumann', 'Somebody')}`,
		`${said}\n${signature.trimEnd()}`,
		`${said}${signature}`,
		`${said}\n`,
		'',
	])
		await expect(openNote(note, key)).rejects.toThrow('bad-signature');
	// Signed, and no checkpoint.
	await expect(openCheckpoint(`${said}\n${signature}`, key)).rejects.toThrow('bad-encoding');
	for (const text of ['', peter.replace('c74f20a3', 'c74f20a4'), peter.slice(0, -4), 'a b+c+d'])
		expect(() => parseNoteKey(text)).toThrow('bad-key');
});
