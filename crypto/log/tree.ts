import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, equal } from '#crypto/bytes.ts';
import { assert } from '#crypto/errors.ts';

/** The hash of a leaf's bytes: SHA-256(0x00 || bytes) (RFC 6962 §2.1). */
export function leafHash(bytes: Uint8Array): Bytes {
	return hash(0, bytes);
}

/** The hash of two subtrees side by side: SHA-256(0x01 || left || right) (RFC 6962 §2.1). */
export function nodeHash({ left, right }: { left: Bytes; right: Bytes }): Bytes {
	return hash(1, left, right);
}

/** The Merkle tree hash of these leaf hashes (RFC 6962 §2.1); of none, SHA-256 of nothing. */
export function treeHash(leaves: readonly Bytes[]): Bytes {
	if (leaves.length === 0) return plain(sha256(new Uint8Array()));
	let level = [...leaves];
	while (level.length > 1) {
		const next: Bytes[] = [];
		for (let at = 0; at < level.length; at += 2) {
			const [left, right] = [level[at], level[at + 1]];
			assert(left !== undefined, 'a level has no holes');
			// The last one without a neighbour is carried up: that is the same split as the RFC's.
			next.push(right ? nodeHash({ left, right }) : left);
		}
		level = next;
	}
	const [root] = level;
	assert(root !== undefined, 'a tree has a root');
	return root;
}

/**
 * Whether `leaf` is the one at `index` (from 0) of the tree of `size` leaves with this root (RFC 9162 §2.1.3.2). With
 * `level`, `leaf` is the hash of 2^level leaves (of fewer at the end), and `index` counts such groups.
 */
export function verifyInclusion(options: {
	leaf: Bytes;
	index: number;
	size: number;
	path: readonly Bytes[];
	root: Bytes;
	level?: number;
}): boolean {
	const { leaf, index, size, path, root, level = 0 } = options;
	if (!isCount(index) || !isCount(size)) return false;
	const groups = Math.ceil(size / 2 ** level);
	if (index >= groups) return false;
	let [fn, sn] = [index, groups - 1];
	let made = leaf;
	for (const other of path) {
		if (sn === 0) return false;
		if (fn % 2 === 1 || fn === sn) {
			made = nodeHash({ left: other, right: made });
			while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
		} else made = nodeHash({ left: made, right: other });
		[fn, sn] = [half(fn), half(sn)];
	}
	return sn === 0 && equal(made, root);
}

/** A tree as its head says. */
export interface TreeHead {
	/** How many leaves it has. */
	readonly size: number;
	/** 32 bytes. */
	readonly root: Bytes;
}

/** Whether `to` begins with all that `from` has, unchanged and in its order (RFC 9162 §2.1.4.2). */
export function verifyConsistency(options: {
	from: TreeHead;
	to: TreeHead;
	path: readonly Bytes[];
}): boolean {
	const { from, to, path } = options;
	if (!isCount(from.size) || !isCount(to.size) || from.size > to.size) return false;
	// Everything begins with nothing.
	if (from.size === 0) return path.length === 0 && equal(from.root, treeHash([]));
	if (from.size === to.size) return path.length === 0 && equal(from.root, to.root);
	let [fn, sn] = [from.size - 1, to.size - 1];
	while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
	const [first, ...rest] = isPowerOfTwo(from.size) ? [from.root, ...path] : path;
	if (first === undefined) return false;
	let [before, after] = [first, first];
	for (const other of rest) {
		if (sn === 0) return false;
		if (fn % 2 === 1 || fn === sn) {
			before = nodeHash({ left: other, right: before });
			after = nodeHash({ left: other, right: after });
			while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
		} else after = nodeHash({ left: after, right: other });
		[fn, sn] = [half(fn), half(sn)];
	}
	return sn === 0 && equal(before, from.root) && equal(after, to.root);
}

function hash(prefix: number, ...parts: readonly Uint8Array[]): Bytes {
	return plain(sha256(concat(Uint8Array.of(prefix), ...parts)));
}

const plain = (bytes: Uint8Array): Bytes => new Uint8Array(bytes);
// Not a shift: a tree may have more than 2^31 leaves.
const half = (n: number): number => Math.floor(n / 2);
const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

function isPowerOfTwo(n: number): boolean {
	let rest = n;
	while (rest > 1 && rest % 2 === 0) rest = half(rest);
	return rest === 1;
}
