import { createHash } from 'node:crypto';

/** A subtree that is complete: the hash of leaves [index · 2^level, (index + 1) · 2^level). */
export type Nodes = (level: number, index: number) => Promise<Buffer>;

/** RFC 6962 §2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
	return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** Nodes that the leaf at `index` completes, from itself upwards. */
export async function completed(nodes: Nodes, index: number, leaf: Buffer): Promise<Buffer[]> {
	const hashes = [leaf];
	let last = leaf;
	for (let [level, at] = [0, index]; at % 2 === 1; level++) {
		last = nodeHash(await nodes(level, at - 1), last);
		hashes.push(last);
		at = (at - 1) / 2;
	}
	return hashes;
}

/** The largest power of two that is smaller than `n`, as RFC 6962 §2.1 splits. */
function splitOf(n: number): number {
	let split = 1;
	while (split * 2 < n) split *= 2;
	return split;
}

/** The tree hash of leaves [from, to); `from` is where a split of the RFC can begin. */
async function rangeHash(nodes: Nodes, from: number, to: number): Promise<Buffer> {
	const count = to - from;
	const level = Math.round(Math.log2(count));
	if (count === 2 ** level) return nodes(level, from / count);
	const split = from + splitOf(count);
	return nodeHash(await rangeHash(nodes, from, split), await rangeHash(nodes, split, to));
}

/** The tree hash of the first `size` leaves. */
export async function rootOf(nodes: Nodes, size: number): Promise<Buffer> {
	return size === 0 ? createHash('sha256').digest() : rangeHash(nodes, 0, size);
}

/**
 * The audit path (RFC 6962 §2.1.1) of the leaf at `index` in the tree of `size` leaves; with `level`, of the group
 * of 2^level leaves with that index.
 */
export async function inclusionPath(
	nodes: Nodes,
	options: { index: number; size: number; level?: number },
): Promise<Buffer[]> {
	const { index, size, level = 0 } = options;
	const unit = 2 ** level;
	const path: Buffer[] = [];
	let [from, to] = [0, size];
	const at = index * unit;
	while (to - from > unit) {
		const split = from + splitOf(to - from);
		if (at < split) {
			path.push(await rangeHash(nodes, split, to));
			to = split;
		} else {
			path.push(await rangeHash(nodes, from, split));
			from = split;
		}
	}
	return path.toReversed();
}

/** The proof that the tree of `to` leaves begins with the tree of `from` leaves (RFC 6962 §2.1.2). */
export async function consistencyPath(
	nodes: Nodes,
	{ from: before, to: size }: { from: number; to: number },
): Promise<Buffer[]> {
	if (before === 0 || before === size) return [];
	const path: Buffer[] = [];
	let [from, to] = [0, size];
	while (to !== before) {
		const split = from + splitOf(to - from);
		if (before <= split) {
			path.push(await rangeHash(nodes, split, to));
			to = split;
		} else {
			path.push(await rangeHash(nodes, from, split));
			from = split;
		}
	}
	// SUBPROOF(m, D, true): whoever has the old root knows this one.
	if (from !== 0) path.push(await rangeHash(nodes, from, to));
	return path.toReversed();
}
