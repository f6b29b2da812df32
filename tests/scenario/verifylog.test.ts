import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { signedHash, textHash } from '#crypto/log/leaf.ts';
import { verifyLog } from '../../scripts/log.js';
import { LogExportHead, LogProof } from '../../signaling/protocol/log.ts';
import * as v from 'valibot';
import { type LocalServer, localPractice } from '../local.ts';
import type { Staff } from '../staff.ts';
import { colleague } from '../colleagues.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const run = promisify(execFile);

let local: LocalServer & { maya: Staff };
let folder: string;
/** The exported log, line by line. */
let log: string[];
let key: string;
/** A head from when there were half as many rows. */
let witness: string;

async function exported(): Promise<string> {
	const { token } = (await local.maya.token()).body;
	const headers = { authorization: `Bearer ${token}`, origin: local.address };
	const answer = await fetch(`${local.address}/api/log/export`, { headers });
	expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
	return answer.text();
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'sotto-log-'));
	local = await localPractice();
	for (let n = 0; n < 9; n++) await local.maya.session();
	witness = (await local.maya.call('GET', '/api/log/checkpoint')).body.note;
	for (let n = 0; n < 9; n++) await local.maya.session();
	log = (await exported()).trimEnd().split('\n');
	({ key } = v.parse(LogExportHead, JSON.parse(log[0] ?? '')));
});
afterAll(async () => {
	await local.stop();
	await rm(folder, { recursive: true, force: true });
});

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
	yield* lines;
}
const verify = (lines: readonly string[], options: { witness?: string; key?: string } = {}) =>
	verifyLog(linesOf(lines), options);

/** The log with row `n` as `change` makes it. */
const changed = (n: number, change: (text: string) => string): string[] =>
	log.map((text, at) => (at === n ? change(text) : text));

test('an exported log is right by itself, by its key and by a witness', async () => {
	expect(log.length).toBeGreaterThan(18);
	expect(await verify(log)).toEqual([]);
	expect(await verify(log, { key, witness })).toEqual([]);
});

test('what was altered, removed, moved or cut off in the file is named', async () => {
	const altered = changed(5, (text) => text.replace('session-made', 'signed-in'));
	expect(await verify(altered)).toEqual(['altered    row 5 is not as it was written']);
	const gone = changed(5, (text) => JSON.stringify({ ...JSON.parse(text), row: null }));
	expect(await verify(gone)).toEqual(['missing    row 5 is not there any more']);
	const removed = await verify(log.toSpliced(5, 1));
	expect(removed[0]).toBe('order      row 6 comes where row 5 should');
	const swapped = await verify(log.with(5, log[6] ?? '').with(6, log[5] ?? ''));
	expect(swapped).toContain('order      row 6 comes where row 5 should');
	const cut = await verify(log.slice(0, -2), { witness });
	expect(cut).toEqual([
		`missing    the head counts ${log.length - 1} rows, the file has ${log.length - 3}`,
	]);
});

/** Row `n` of the log without its salt, and with what somebody writes into it instead. */
const emptied = (n: number, said: object, hashes: object = {}): string[] =>
	changed(n, (text) => {
		const { row, ...line } = JSON.parse(text);
		const nothing = { who: null, session: null, recording: null, about: null };
		const leaf = { ...row.leaf, salt: null, ...hashes };
		return JSON.stringify({ ...line, row: { ...row, ...nothing, ...said, leaf } });
	});

test('a row without its salt is named, and nothing that is written into it is believed', async () => {
	const options = { key, witness };
	expect(await verify(emptied(5, {}), options)).toEqual([
		'emptied    row 5 does not say any more who did it, and to what',
	]);
	const altered = ['altered    row 5 is not as it was written'];
	const who = local.maya.signedIn.member.id;
	for (const said of [{ who }, { session: who }, { recording: who }, { about: who }])
		expect(await verify(emptied(5, said), options)).toEqual(altered);
	const reason = 'A'.repeat(64);
	expect(await verify(emptied(5, { reason }, { reason: textHash(reason) }))).toEqual(altered);
	const signed = { text: 'She did it.', signature: 'A'.repeat(86) };
	expect(await verify(emptied(5, { signed }, { signed: signedHash(signed) }))).toEqual(altered);
});

test('a log that was written anew does not go together with a witness, nor with the key', async () => {
	// Another server's log is as right by itself as this one.
	const other = await localPractice();
	for (let n = 0; n < 20; n++) await other.maya.session();
	const { body } = await other.maya.call('GET', '/api/log/checkpoint');
	await other.stop();
	expect(await verify(log, { key: body.key })).toEqual([
		'unsigned   the head is not signed by this key',
	]);
	expect(await verify(log, { witness: body.note })).toEqual([
		'witness    it is not signed by the key of this log',
	]);
	const { context } = local.server;
	// The same key signs another head of that size.
	const forged = await context.ledger.checkpoint(7);
	const lied = forged.replace('\n7\n', '\n8\n');
	expect(await verify(log, { witness: lied })).toHaveLength(1);
	expect(await verify(log, { witness: forged })).toEqual([]);
});

test('the command says it in words, and fails when something is wrong', async () => {
	const [good, bad, seen] = ['good', 'bad', 'seen'].map((name) => join(folder, name));
	await writeFile(good ?? '', log.join('\n'));
	await writeFile(bad ?? '', changed(3, (text) => text.replace(/"at":\d+/, '"at":1')).join('\n'));
	await writeFile(seen ?? '', witness);
	const command = (...args: (string | undefined)[]) =>
		run(process.execPath, ['scripts/verify-log.js', ...args.map((arg) => arg ?? '')]);
	const { stdout } = await command(good, '--witness', seen, '--key', key);
	expect(stdout).toContain('Every row is as it was written, and as the witness saw it.');
	await expect(command(bad)).rejects.toMatchObject({
		code: 1,
		stdout: expect.stringContaining('altered    row 3'),
	});
});

/** RFC 9162 §2.1.3.2 and the leaf of a row, by somebody who has none of our code. */
const python = `
import base64, hashlib, json, sys
b = lambda t: base64.urlsafe_b64decode(t + '=' * (-len(t) % 4))
sha = lambda x: hashlib.sha256(x).digest()
text = lambda x: json.dumps(x, separators=(',', ':'), sort_keys=True, ensure_ascii=False).encode()
d = json.load(sys.stdin)
row, leaf = d['row'], d['row']['leaf']
said = {k: row[k] for k in ('who', 'session', 'recording', 'about')}
said |= {k: leaf[k] for k in ('salt', 'reason', 'signed')}
of = base64.urlsafe_b64encode(sha(text(said))).decode().rstrip('=')
r = sha(b'\\0' + text({'act': row['act'], 'at': row['at'], 'n': row['n'], 'of': of, 'v': 1}))
origin, size, root = d['note'].split('\\n')[:3]
fn, sn = row['n'] - 1, int(size) - 1
for p in map(b, d['path']):
    assert sn
    if fn & 1 or fn == sn:
        r = sha(b'\\1' + p + r)
        while not fn & 1 and fn: fn, sn = fn >> 1, sn >> 1
    else: r = sha(b'\\1' + r + p)
    fn, sn = fn >> 1, sn >> 1
print('proved' if sn == 0 and r == base64.b64decode(root) else 'not proved')
`;

test('Python proves a row of the log by itself', async () => {
	const { note } = JSON.parse(log[0] ?? '');
	const size = log.length - 1;
	for (const n of [1, 5, size]) {
		const { body } = await local.maya.call('GET', `/api/log/rows/${n}/proof?size=${size}`);
		const { path } = v.parse(LogProof, body);
		const { row } = JSON.parse(log[n] ?? '');
		const ask = async (given: object) => {
			const child = run('python3', ['-c', python]);
			child.child.stdin?.end(JSON.stringify(given));
			return (await child).stdout.trim();
		};
		expect(await ask({ row, path, note })).toBe('proved');
		expect(await ask({ row: { ...row, at: row.at + 1 }, path, note })).toBe('not proved');
	}
});

test('openssl verifies the signature of a checkpoint', async () => {
	const end = witness.indexOf('\n\n');
	const signature = Buffer.from(witness.trimEnd().split(' ').at(-1) ?? '', 'base64').subarray(4);
	const raw = Buffer.from(key.split('+').slice(2).join('+'), 'base64').subarray(1);
	const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
	const names = ['text', 'sig', 'key'].map((name) => join(folder, `openssl.${name}`));
	const [text = '', sig = '', der = ''] = names;
	const check = async (bytes: string) => {
		await Promise.all([writeFile(text, bytes), writeFile(sig, signature), writeFile(der, spki)]);
		const wanted = ['-verify', '-pubin', '-keyform', 'DER', '-inkey', der, '-rawin'];
		return run('openssl', ['pkeyutl', ...wanted, '-in', text, '-sigfile', sig]);
	};
	expect((await check(witness.slice(0, end + 1))).stdout).toContain('Verified Successfully');
	await expect(check(witness.slice(0, end).replace(/\d+/, '7'))).rejects.toThrow();
	expect((await readFile(sig)).length).toBe(64);
});

test('only an admin has the whole log', async () => {
	for (const role of ['supervisor', 'clinician', 'scheduler'] as const) {
		const staff = await colleague(local.maya, role);
		expect((await staff.call('GET', '/api/log/export')).status).toBe(403);
	}
});
