import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Head, checkHead, compareHeads } from '#crypto/log/head.ts';
import { signedHash, textHash } from '#crypto/log/leaf.ts';
import type { Finding } from '#lib/proof/head.ts';
import { checkRows, hashOfRow } from '#lib/proof/rows.ts';
import type { HistoryRow } from '../../signaling/protocol/sessions.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { again, headOf, logOf, tamper } from '../proofs.ts';
import type { Staff } from '../staff.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
/** What a client of Maya remembers. */
let known: Head;
let session: string;

/** Sessions that are made one after another, a minute apart. */
async function work(times: number): Promise<void> {
	for (let n = 0; n < times; n++) {
		local.clock.forward(1000);
		session = (await local.maya.session({ startsAt: local.clock.now() })).id;
	}
}

beforeEach(async () => {
	local = await localPractice();
	await work(12);
	known = await headOf(logOf(local.maya), local.clock.now());
});
afterEach(() => local.stop());

const rows = async (): Promise<HistoryRow[]> =>
	(await local.maya.call('GET', '/api/history')).body.rows;

/** What the next client finds that remembers `known` and opens the history. */
async function next(): Promise<Finding[]> {
	const source = logOf(local.maya);
	const shown = await rows();
	const { now, findings } = await checkHead(source, { known, at: local.clock.now() });
	if (!now) throw new Error('no head');
	return [...findings, ...(await checkRows(source, { head: now, rows: shown }))];
}

test('an honest history goes on, and nothing is found wrong', async () => {
	await work(3);
	expect(await next()).toEqual([]);
	local = await tamper(local, () => undefined);
	await work(3);
	expect(await next()).toEqual([]);
	const shown = await rows();
	expect(shown.map(({ n }) => n)).toEqual(shown.map((_, at) => shown.length + 1 - at));
});

test('a row that was altered in the database is found and named', async () => {
	local = await tamper(local, (db) => db.exec("update history set act = 'deleted' where n = 5"));
	expect(await next()).toEqual([{ is: 'altered', n: 5 }]);
	local = await tamper(local, (db) =>
		db.exec("update history set act = 'session-made', at = at + 1 where n = 5"),
	);
	await work(1);
	expect(await next()).toEqual([{ is: 'altered', n: 5 }]);
});

test('a row whose person was exchanged is found, also where the hash of persons was made anew', async () => {
	const other = (await rows()).find(({ n }) => n === 7);
	local = await tamper(local, (db) =>
		db
			.prepare('update history set who = ?, "of" = ? where n = 5')
			.run(other?.session, other?.leaf.of),
	);
	expect(await next()).toEqual([{ is: 'altered', n: 5 }]);
});

test('a row that was removed is found and named, with its leaf or without it', async () => {
	local = await tamper(local, (db) => db.exec('delete from history where n = 5'));
	expect(await next()).toEqual([{ is: 'missing', n: 5 }]);
	await work(1);
	local = await tamper(local, (db) => db.exec('delete from log_nodes where n = 5'));
	const found = await next();
	expect(found).toContainEqual({ is: 'missing', n: 5 });
	expect(found.length).toBeGreaterThan(1);
});

test('rows that changed places are found and named', async () => {
	local = await tamper(local, (db) => {
		db.exec('update history set n = -1 where n = 5');
		db.exec('update history set n = 5 where n = 7');
		db.exec('update history set n = 7 where n = -1');
	});
	expect(await next()).toEqual([
		{ is: 'moved', n: 5, from: 7 },
		{ is: 'moved', n: 7, from: 5 },
	]);
});

test('newest rows that were taken away are missed, also when others came since', async () => {
	const before = known.size;
	const cut = (db: { exec(sql: string): unknown }) => {
		db.exec(`delete from history where n > ${before - 3}`);
		db.exec(`delete from log_nodes where n > ${before - 3}`);
	};
	local = await tamper(local, cut);
	const size = before - 3;
	expect((await next())[0]).toEqual({ is: 'shortened', size, before, since: known.at });
	await work(5);
	expect((await next())[0]).toEqual({ is: 'rewritten', since: known.at });
});

test('a history that was written anew as a whole, and signed, is not taken for the old one', async () => {
	local = await tamper(local, (db) => {
		db.exec("update history set act = 'deleted' where n = 5");
		db.exec(`delete from log_nodes; update history set salt = null, "of" = ''`);
	});
	expect((await next())[0]).toEqual({ is: 'rewritten', since: known.at });
	await rm(join(local.dataDir, 'log.key'));
	local = await tamper(local, () => undefined);
	expect((await next())[0]).toEqual({ is: 'other-key', since: known.at });
});

test('a row written around the server, without a leaf, is found', async () => {
	const n = known.size + 1;
	local = await tamper(local, (db) =>
		db.exec(`insert into history (n, at, act, session) values (${n}, 1, 'deleted', '${session}')`),
	);
	await work(1);
	expect(await next()).toEqual([{ is: 'altered', n }]);
});

test('two clients that were shown different histories notice when they compare their heads', async () => {
	const copy = await mkdtemp(join(tmpdir(), 'sotto-fork-'));
	await local.close();
	await cp(local.dataDir, copy, { recursive: true });
	local = await again(local);
	const other = await again({ ...local, dataDir: copy });
	const [here, there] = [logOf(local.maya), logOf(other.maya)];
	const at = local.clock.now();
	// The same so far.
	expect(await compareHeads(here, { mine: known, theirs: known.note })).toBeUndefined();
	await work(1);
	await other.maya.session();
	await other.maya.session();
	const [mine, theirs] = [await headOf(here, at), await headOf(there, at)];
	expect([mine.size, theirs.size]).toEqual([known.size + 1, known.size + 2]);
	// Each alone sees a history that goes on from the one it knew.
	expect((await checkHead(here, { known, at })).findings).toEqual([]);
	expect((await checkHead(there, { known, at })).findings).toEqual([]);
	const forked = { is: 'forked', size: theirs.size };
	expect(await compareHeads(here, { mine, theirs: theirs.note })).toEqual(forked);
	await work(1);
	const later = await headOf(here, at);
	expect(await compareHeads(here, { mine: later, theirs: theirs.note })).toEqual(forked);
	expect(await compareHeads(there, { mine: theirs, theirs: mine.note })).toMatchObject({
		is: 'forked',
	});
	// Whoever has merely seen less is no fork, and what nobody signed is no proof of one.
	expect(await compareHeads(here, { mine: later, theirs: mine.note })).toBeUndefined();
	expect(await compareHeads(here, { mine, theirs: later.note })).toBeUndefined();
	const forged = theirs.note.replace(`\n${theirs.size}\n`, `\n${theirs.size + 9}\n`);
	const unsigned = await compareHeads(here, { mine, theirs: forged });
	expect(unsigned).toMatchObject({ is: 'other-log' });
	await other.stop();
});

/** What somebody sets at the database so that a row says nothing any more, and its leaf fits. */
const emptied = `who = null, session = null, recording = null, about = null, salt = null,
	reason = null, reason_hash = null, signed = null, signed_hash = null`;

test('a row that was emptied is found and named, also where its leaf fits', async () => {
	local = await tamper(local, (db) => db.exec(`update history set ${emptied} where n = 5`));
	// Whose list had it, nobody knows any more: an administrator sees what is left of it.
	expect((await rows()).find(({ n }) => n === 5)).toMatchObject({ who: null, session: null });
	expect(await next()).toEqual([{ is: 'blanked', n: 5 }]);
	// What is written into it then is shown, and fits nothing.
	local = await tamper(local, (db) =>
		db.prepare('update history set session = ? where n = 5').run(session),
	);
	expect(await next()).toEqual([{ is: 'altered', n: 5 }]);
	local = await tamper(local, (db) => db.exec(`update history set ${emptied}, at = 1 where n = 5`));
	expect(await next()).toEqual([{ is: 'altered', n: 5 }]);
});

test('without its salt a row proves nothing of what it says', async () => {
	const row = (await rows()).find(({ n }) => n === 5);
	if (!row) throw new Error('a row');
	const nothing = { who: null, session: null, recording: null, about: null };
	const bare = { ...row, ...nothing, leaf: { ...row.leaf, salt: null } };
	expect(hashOfRow(bare)).toEqual(hashOfRow(row));
	expect(hashOfRow({ ...bare, who: row.session })).toBeUndefined();
	const reason = 'a sealed reason';
	const said = { ...bare, reason, leaf: { ...bare.leaf, reason: textHash(reason) } };
	expect(hashOfRow(said)).toBeUndefined();
	const signed = { text: 'x', signature: 'A'.repeat(86) };
	const proved = { ...bare, signed, leaf: { ...bare.leaf, signed: signedHash(signed) } };
	expect(hashOfRow(proved)).toBeUndefined();
	// What she signed cannot be taken away and its hash left.
	expect(hashOfRow({ ...row, leaf: { ...row.leaf, signed: signedHash(signed) } })).toBeUndefined();
});

test('rows from before there was a log become its leaves, numbered without gaps', async () => {
	const count = known.size;
	local = await tamper(local, (db) => {
		db.exec(`delete from log_nodes; update history set salt = null, "of" = ''`);
		db.exec('update history set n = -n * 10 - 1; update history set n = -n');
	});
	known = await headOf(logOf(local.maya), local.clock.now());
	expect(known.size).toBe(count);
	await work(2);
	expect(await next()).toEqual([]);
});
