/**
 * What `npm run verify-log` runs: checks an exported history without the server that it came
 * from: that every row is as the log has it, in its place, and that all of them give the head that was signed; with a
 * witness, a head that somebody kept elsewhere, that what was there then is still how the history begins.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { equal, fromBase64url } from '../crypto/bytes.ts';
import { personalHash, rowHash, signedHash, textHash } from '../crypto/log/leaf.ts';
import { openSigned } from '../crypto/identity/signed.ts';
import { openCheckpoint, parseNoteKey } from '../crypto/log/note.ts';
import { treeHash } from '../crypto/log/tree.ts';
import { ErasureText, erasableAfterMs, erasingDriftMs } from '../signaling/protocol/erasing.ts';
import { LogExportHead, LogExportRow } from '../signaling/protocol/log.ts';
import { say } from './prepare.js';

/** @typedef {import('../crypto/bytes.ts').Bytes} Bytes */
/** @typedef {import('../crypto/log/note.ts').Checkpoint} Checkpoint */
/** @typedef {v.InferOutput<typeof LogExportRow>} Row */

/**
 * The leaf hash of a row from what it says; undefined where its parts do not belong together.
 * @param {Row} line
 * @returns {Bytes | undefined}
 */
function hashOf({ n, row }) {
	if (!row || row.n !== n) return undefined;
	const { at, act, who, session, recording, about, reason, signed, leaf } = row;
	const { salt } = leaf;
	if (salt === null) {
		// Nothing binds to `of` what is said without the salt.
		const parts = [who, session, recording, about, reason, signed, leaf.reason, leaf.signed];
		return parts.every((it) => it === null) ? rowHash({ n, at, act, of: leaf.of }) : undefined;
	}
	// A reason goes with its recording and leaves its hash behind. What was signed never goes.
	if (reason !== null && textHash(reason) !== leaf.reason) return undefined;
	if ((signed && signedHash(signed)) !== leaf.signed) return undefined;
	const said = { who, session, recording, about, salt, reason: leaf.reason, signed: leaf.signed };
	return rowHash({ n, at, act, of: personalHash(said) });
}

/**
 * What is wrong with one row; undefined when nothing is.
 * @param {Row} line
 */
function judge(line) {
	const { n, hash, row } = line;
	if (!row) return `missing    row ${n} is not there any more`;
	const made = hashOf(line);
	if (!made || hash === null || !equal(made, fromBase64url(hash)))
		return `altered    row ${n} is not as it was written`;
	return undefined;
}

/** @param {number} n */
const emptied = (n) => `emptied    row ${n} does not say any more who did it, and to what`;

/**
 * The rows that this one says were erased, by when they were written at the latest, and the key that signed it.
 * @param {Row} line
 * @returns {Promise<{ rows: readonly number[], until: number, key: string } | undefined>}
 */
async function erasureIn({ row }) {
	if (row?.act !== 'erased' || !row.signed) return undefined;
	try {
		const { key, author, at } = v.parse(ErasureText, JSON.parse(row.signed.text));
		const about = { signed: row.signed, publicKey: fromBase64url(key), schema: ErasureText };
		const { rows } = await openSigned({ ...about, context: 'sotto/erasure/v1' });
		const then = Math.abs(at - row.at) <= erasingDriftMs;
		return then && author === row.who ? { rows, until: row.at - erasableAfterMs, key } : undefined;
	} catch {
		return undefined;
	}
}

/**
 * Whether the tree over the first leaves is that of a head.
 * @param {readonly Bytes[]} leaves
 * @param {Checkpoint} head
 */
const isHead = (leaves, { size, root }) =>
	leaves.length >= size && equal(treeHash(leaves.slice(0, size)), root);

/**
 * A signed head; undefined when it is none, or signed by another key.
 * @param {string} note
 * @param {string} key
 */
async function headOf(note, key) {
	try {
		return await openCheckpoint(note, parseNoteKey(key));
	} catch {
		return undefined;
	}
}

/**
 * Reads an exported log line by line.
 * @param {AsyncIterable<string>} lines
 */
async function read(lines) {
	/** @type {v.InferOutput<typeof LogExportHead> | undefined} */
	let head;
	/** @type {string[]} */
	const wrong = [];
	/** @type {Bytes[]} */
	const leaves = [];
	/** @type {{ n: number, at: number, act: string }[]} */
	const blank = [];
	/** @type {{ rows: readonly number[], until: number, key: string }[]} */
	const erasures = [];
	for await (const line of lines) {
		if (line === '') continue;
		if (!head) {
			head = v.parse(LogExportHead, JSON.parse(line));
			continue;
		}
		const row = v.parse(LogExportRow, JSON.parse(line));
		if (row.n !== leaves.length + 1)
			wrong.push(`order      row ${row.n} comes where row ${leaves.length + 1} should`);
		const found = judge(row);
		if (found) wrong.push(found);
		else if (row.row?.leaf.salt === null)
			blank.push({ n: row.n, at: row.row.at, act: row.row.act });
		const erasure = found ? undefined : await erasureIn(row);
		if (erasure) erasures.push(erasure);
		leaves.push(fromBase64url(row.hash ?? 'A'.repeat(43)));
	}
	return { head, wrong, leaves, blank, erasures };
}

/**
 * What is wrong with an exported log; empty when nothing is. `key` as C2SP signed-note writes it; without one, the
 * log's own word is taken for it. `admins` = Ed25519 keys, base64url, whose word counts where rows were erased; without any,
 * that of whoever signed; what is dated later than `now` erases nothing. `onerased` is told whose it was and how many rows.
 * @param {AsyncIterable<string>} lines
 * @param {{ key?: string | undefined, witness?: string | undefined, admins?: readonly string[] | undefined, now?: number,
 *   onerased?: (key: string, count: number) => void }} [options]
 * @returns {Promise<string[]>}
 */
export async function verifyLog(
	lines,
	{ key, witness, admins = [], now = Date.now(), onerased } = {},
) {
	const { head, wrong, leaves, blank, erasures } = await read(lines);
	const counted = admins.length > 0 ? erasures.filter((one) => admins.includes(one.key)) : erasures;
	/** @type {Map<string, number>} */
	const by = new Map();
	// Dated ahead, it would erase what is younger.
	const last = now + erasingDriftMs - erasableAfterMs;
	for (const { n, at, act } of blank) {
		// What says who erased something stays.
		const one =
			act !== 'erased' &&
			counted.find(({ rows, until }) => until <= last && rows.includes(n) && at <= until);
		if (one) by.set(one.key, (by.get(one.key) ?? 0) + 1);
		else wrong.push(emptied(n));
	}
	for (const [signer, count] of by) onerased?.(signer, count);
	if (!head) return ['empty      there is no log in this file'];
	const signer = key ?? head.key;
	const signed = await headOf(head.note, signer);
	if (!signed) return [...wrong, 'unsigned   the head is not signed by this key'];
	if (signed.size !== leaves.length)
		wrong.push(`missing    the head counts ${signed.size} rows, the file has ${leaves.length}`);
	else if (!isHead(leaves, signed)) wrong.push('head       the rows do not give the signed head');
	if (witness === undefined) return wrong;
	const kept = await headOf(witness, signer);
	if (!kept) wrong.push('witness    it is not signed by the key of this log');
	else if (!isHead(leaves, kept))
		wrong.push(`witness    the first ${kept.size} rows are not those that it saw`);
	return wrong;
}

async function main() {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			witness: { type: 'string' },
			key: { type: 'string' },
			admin: { type: 'string', multiple: true },
		},
	});
	const [path] = positionals;
	if (path === undefined || positionals.length > 1) {
		say('Usage: npm run verify-log -- LOG [--witness FILE] [--key KEY] [--admin KEY]...');
		process.exitCode = 2;
		return;
	}
	const witness = values.witness && (await readFile(values.witness, 'utf8'));
	const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
	/** @type {string[]} */
	const erased = [];
	const wrong = await verifyLog(lines, {
		key: values.key,
		witness,
		admins: values.admin,
		onerased: (signer, count) =>
			erased.push(`${count} rows were erased, as the key ${signer} signed.`),
	});
	for (const line of wrong) say(line);
	if (wrong.length > 0) process.exitCode = 1;
	for (const line of erased) say(line);
	if (wrong.length === 0)
		say(`Every row is as it was written${witness ? ', and as the witness saw it' : ''}.`);
	if (erased.length > 0 && !values.admin)
		say('Compare that key with an administrator’s that you kept (--admin).');
	if (wrong.length === 0 && !values.key)
		say('The key is the one that the file names: compare it with one that you kept (--key).');
}

if (import.meta.main) await main();
