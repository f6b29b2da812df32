import { type Bytes, equal, fromBase64url } from '#crypto/bytes.ts';
import { type Head, treeHeadOf } from '#crypto/log/head.ts';
import { personalHash, rowHash, signedHash, textHash } from '#crypto/log/leaf.ts';
import { treeHash, verifyInclusion } from '#crypto/log/tree.ts';
import { type BlankRow, type LogBlock, logBlockRows } from '#protocol/log.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import type { Finding, LogSource } from './head.ts';

/** Which emptied rows were erased by who may; asked only where there is one. */
export type ErasedIn = () => Promise<(row: { n: number; at: number }) => boolean>;

const blockLevel = Math.log2(logBlockRows);

/** Blocks of the log that hold these rows, in order. */
export function blocksOf(rows: readonly Pick<HistoryRow, 'n'>[]): number[] {
	const blocks = new Set(rows.map(({ n }) => Math.floor((n - 1) / logBlockRows)));
	return [...blocks].toSorted((a, b) => a - b);
}

/** The leaf hash of a row as it is shown; undefined where its parts do not belong together. */
export function hashOfRow(row: HistoryRow, n = row.n): Bytes | undefined {
	const { at, act, reason, signed, leaf } = row;
	const { who, session, recording, about } = row;
	if (leaf.salt === null) {
		// Nothing binds to `of` what is said without the salt.
		const said = [who, session, recording, about, reason, signed, leaf.reason, leaf.signed];
		return said.every((it) => it === null) ? rowHash({ n, at, act, of: leaf.of }) : undefined;
	}
	// A reason goes with its recording and leaves its hash behind. What was signed never goes.
	if (reason !== null && leaf.reason !== textHash(reason)) return undefined;
	if ((signed && signedHash(signed)) !== leaf.signed) return undefined;
	const { salt } = leaf;
	const said = { who, session, recording, about, salt, reason: leaf.reason, signed: leaf.signed };
	return rowHash({ n, at, act, of: personalHash(said) });
}

/**
 * Holds one block of the log against its signed head, every row of the history in it, and those of `shown` as they are
 * shown. Throws `ApiError`.
 */
export async function checkBlock(
	source: LogSource,
	options: { head: Head; block: number; shown?: readonly HistoryRow[]; erased?: ErasedIn },
): Promise<readonly Finding[]> {
	const { head, block, shown = [] } = options;
	const from = block * logBlockRows;
	const answer = await source.block({ block, size: head.size });
	const count = Math.min(logBlockRows, head.size - from);
	const own = new Map(shown.map((row) => [row.n, row]));
	const blank = new Map(
		[...shown.filter(isBlank).map(bareOf), ...answer.blank].map((it) => [it.n, it]),
	);
	const erased = blank.size > 0 ? await options.erased?.() : undefined;
	const wrong: number[] = [];
	const findings: Finding[] = [];
	for (let at = 0; at < count; at++) {
		const n = from + at + 1;
		const [now, kept] = [answer.rows[at] ?? null, answer.kept[at] ?? null];
		if (now === null) findings.push({ is: 'missing', n });
		else if (now !== kept || !fits(own.get(n), kept)) wrong.push(n);
		else if (isUnexplained(blank.get(n), kept, erased)) findings.push({ is: 'blanked', n });
	}
	const leaves = leavesOf(answer, count);
	if (!leaves || !proves({ head, block, leaves, path: answer.path }))
		findings.push({ is: 'unfit', n: from + 1, to: from + count });
	return [...findings, ...wrong.map((n) => judge({ n, wrong, own, from, answer }))].toSorted(byRow);
}

const isBlank = ({ leaf }: HistoryRow): boolean => leaf.salt === null;
const bareOf = ({ n, at, act, leaf }: HistoryRow): BlankRow => ({ n, at, act, of: leaf.of });

/** Whether a row was emptied, and not erased by who may when it might: time and act are those of the leaf. Erasings stay. */
function isUnexplained(
	row: BlankRow | undefined,
	leaf: string,
	erased: ((row: BlankRow) => boolean) | undefined,
): boolean {
	if (row === undefined) return false;
	const explained = row.act !== 'erased' && erased?.(row);
	return !(explained && equal(rowHash(row), fromBase64url(leaf)));
}

const fits = (row: HistoryRow | undefined, leaf: string | null): boolean => {
	const made = row && hashOfRow(row);
	return !row || (made !== undefined && leaf !== null && equal(made, fromBase64url(leaf)));
};

const byRow = (a: Finding, b: Finding): number => ('n' in a && 'n' in b ? a.n - b.n : 0);

function leavesOf(answer: LogBlock, count: number): Bytes[] | undefined {
	const leaves = answer.kept.slice(0, count).flatMap((leaf) => leaf ?? []);
	return leaves.length === count ? leaves.map(fromBase64url) : undefined;
}

function proves(options: {
	head: Head;
	block: number;
	leaves: readonly Bytes[];
	path: readonly string[];
}): boolean {
	const { head, block, leaves, path } = options;
	const { size, root } = treeHeadOf(head);
	const leaf = treeHash(leaves);
	const proof = { leaf, index: block, size, root, path: path.map(fromBase64url) };
	return verifyInclusion({ ...proof, level: blockLevel });
}

/** A row that is another than it was: altered, or one that was written elsewhere. */
function judge(options: {
	n: number;
	wrong: readonly number[];
	own: ReadonlyMap<number, HistoryRow>;
	from: number;
	answer: LogBlock;
}): Finding {
	const { n, wrong, own, from, answer } = options;
	const row = own.get(n);
	const wasAt = (other: number): boolean => {
		const leaf = answer.kept[other - from - 1];
		const made = row && hashOfRow(row, other);
		return !!leaf && !!made && equal(made, fromBase64url(leaf));
	};
	const origin = wrong.find((other) => other !== n && wasAt(other));
	return origin === undefined ? { is: 'altered', n } : { is: 'moved', n, from: origin };
}

/** Holds rows as they are shown, and everything of the log around them, against a signed head. Throws `ApiError`. */
export async function checkRows(
	source: LogSource,
	options: {
		head: Head;
		rows: readonly HistoryRow[];
		erased?: ErasedIn;
		signal?: AbortSignal;
		onprogress?: (done: number, of: number) => void;
	},
): Promise<readonly Finding[]> {
	const { head, rows, signal, onprogress, erased } = options;
	const findings: Finding[] = [];
	const later = rows.filter(({ n }) => n > head.size);
	for (const { n } of later) findings.push({ is: 'unfit', n, to: n });
	const blocks = blocksOf(rows.filter(({ n }) => n <= head.size));
	for (const [at, block] of blocks.entries()) {
		signal?.throwIfAborted();
		onprogress?.(at, blocks.length);
		const shown = rows.filter(({ n }) => Math.floor((n - 1) / logBlockRows) === block);
		findings.push(...(await checkBlock(source, { head, block, shown, ...(erased && { erased }) })));
	}
	onprogress?.(blocks.length, blocks.length);
	return findings;
}
