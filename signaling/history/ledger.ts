import * as v from 'valibot';
import type { Store, StoreTransaction } from '../store/database.ts';
import { prepared } from '../store/prepared.ts';
import { BlankRow, type LogBlock, logBlockRows } from '../protocol/log.ts';
import type { LogKey } from './key.ts';
import { type Row, rowHash } from './leaf.ts';
import { consistencyPath, inclusionPath, type Nodes, rootOf } from './tree.ts';

const hashBytes = 32;
const blockLevel = Math.log2(logBlockRows);

const readNodes = prepared((db) => db.selectFrom('log_nodes').select('hashes').where('n', '=', 0));
const readSize = prepared((db) =>
	db.selectFrom('log_nodes').select((it) => it.fn.max('n').as('n')),
);

/** Rows that the log has; each transaction sees its own. */
export async function sizeOf(db: Store | StoreTransaction): Promise<number> {
	const [row] = (await readSize(db)).rows;
	return row?.n ?? 0;
}

/**
 * Nodes of the tree from the table, where row n has the hashes that leaf n completed. One that is gone is read as
 * zeroes: the head that comes of it fits nothing, and says so to everybody who compares.
 */
export function nodesOf(db: Store | StoreTransaction): Nodes {
	return async (level, index) => {
		const [row] = (await readNodes(db, (index + 1) * 2 ** level)).rows;
		const found = Buffer.from(row?.hashes ?? '', 'base64url');
		const hash = found.subarray(level * hashBytes, (level + 1) * hashBytes);
		return hash.length === hashBytes ? hash : Buffer.alloc(hashBytes);
	};
}

/** The history as a Merkle tree (RFC 6962): its signed head, and proofs of what it holds. */
export class Ledger {
	readonly #store: Store;
	readonly #key: LogKey;

	constructor(store: Store, key: LogKey) {
		this.#store = store;
		this.#key = key;
	}

	get key(): string {
		return this.#key.vkey;
	}

	size(): Promise<number> {
		return sizeOf(this.#store);
	}

	/** The signed head of the first `size` rows, of all where none is said. */
	async checkpoint(size?: number): Promise<string> {
		const rows = size ?? (await this.size());
		return this.#key.checkpoint({ size: rows, root: await rootOf(nodesOf(this.#store), rows) });
	}

	/** RFC 6962 §2.1.2; 1 <= from <= to <= size. */
	async consistency(span: { from: number; to: number }): Promise<string[]> {
		return texts(await consistencyPath(nodesOf(this.#store), span));
	}

	/** RFC 6962 §2.1.1 for row `n` (from 1) among the first `size`. */
	async inclusion({ n, size }: { n: number; size: number }): Promise<string[]> {
		return texts(await inclusionPath(nodesOf(this.#store), { index: n - 1, size }));
	}

	/** Rows [block · 1024 + 1, ...] of the first `size`: as the rows hash now, as the tree has them, and which say no more of whom. */
	async block({ block, size }: { block: number; size: number }): Promise<LogBlock> {
		const from = block * logBlockRows;
		const to = Math.min(from + logBlockRows, size);
		const path = await inclusionPath(nodesOf(this.#store), {
			index: block,
			size,
			level: blockLevel,
		});
		const numbers = Array.from({ length: to - from }, (_, at) => from + at + 1);
		const [rows, kept] = await Promise.all([this.#rows(from, to), this.kept(from, to)]);
		const hashes = new Map(rows.map((row) => [row.n, rowHash(row).toString('base64url')]));
		return {
			rows: numbers.map((n) => hashes.get(n) ?? null),
			kept: numbers.map((n) => kept.get(n) ?? null),
			// Without its salt a row hashes as before, whatever else was taken from it.
			blank: rows
				.filter(({ salt }) => salt === null)
				.map(({ n, at, act, of }) => ({ n, at, act, of }))
				// What makes no sense hashes to another leaf, and must not spoil the answer about all others.
				.filter((row) => v.is(BlankRow, row)),
			path: texts(path),
		};
	}

	#rows(from: number, to: number): Promise<Row[]> {
		return this.#store
			.selectFrom('history')
			.selectAll()
			.where('n', '>', from)
			.where('n', '<=', to)
			.orderBy('n')
			.execute();
	}

	/** The leaf hashes of rows (from, to], as the tree has them. */
	async kept(from: number, to: number): Promise<Map<number, string>> {
		const rows = await this.#store
			.selectFrom('log_nodes')
			.selectAll()
			.where('n', '>', from)
			.where('n', '<=', to)
			.execute();
		return new Map(
			rows.flatMap(({ n, hashes }) => {
				const leaf = Buffer.from(hashes, 'base64url').subarray(0, hashBytes);
				return leaf.length === hashBytes ? [[n, leaf.toString('base64url')]] : [];
			}),
		);
	}
}

const texts = (path: readonly Buffer[]): string[] => path.map((it) => it.toString('base64url'));
