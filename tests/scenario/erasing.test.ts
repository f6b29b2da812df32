import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decodePublicIdentity } from '#crypto/identity/identity.ts';
import { type Head, checkHead } from '#crypto/log/head.ts';
import type { MemberList } from '#crypto/members/members.ts';
import { readErased } from '#lib/proof/erased.ts';
import type { Finding } from '#lib/proof/head.ts';
import { checkRows } from '#lib/proof/rows.ts';
import { verifyLog } from '../../scripts/log.js';
import { erasableAfterMs } from '../../signaling/protocol/erasing.ts';
import type { HistoryRow } from '../../signaling/protocol/sessions.ts';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { headOf, logOf, tamper } from '../proofs.ts';
import { type Staff, publicIdentity } from '../staff.ts';
import { bytesOf, newId, newKey, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// Whom old entries of the history were about is erased by an administrator who signs it, and by nobody else.
let local: LocalServer & { maya: Staff };
/** What a client of Maya remembers. */
let known: Head;
let members: MemberList;

beforeEach(async () => {
	local = await localPractice();
	for (let n = 0; n < 8; n++) await local.maya.session({ startsAt: local.clock.now() });
	known = await headOf(logOf(local.maya), local.clock.now());
	const { signedIn, identity } = local.maya;
	const keys = decodePublicIdentity(publicIdentity(identity));
	const maya = { id: signedIn.member.id, role: 'admin', publicIdentity: keys } as const;
	members = { practice: signedIn.practice.id, version: 1, members: [maya] };
});
afterEach(() => local.stop());

const rows = async (): Promise<HistoryRow[]> =>
	(await local.maya.call('GET', '/api/history')).body.rows;

/** What the next client finds that remembers `known` and opens the history. */
async function next(): Promise<Finding[]> {
	const source = logOf(local.maya);
	const shown = await rows();
	const { now: head, findings } = await checkHead(source, { known, at: local.clock.now() });
	if (!head) throw new Error('no head');
	const authority = { members, practice: members.practice };
	const erased = () => readErased(source, { head, authority, now: local.clock.now() });
	return [...findings, ...(await checkRows(source, { head, rows: shown, erased }))];
}

const years = async (): Promise<void> => {
	local.clock.forward(erasableAfterMs);
	await local.maya.unlock();
};

function erasure(
	numbers: readonly number[],
	by: Pick<Staff, 'identity' | 'signedIn'> = local.maya,
	change: object = {},
) {
	const { identity, signedIn } = by;
	const about = { practice: signedIn.practice.id, author: signedIn.member.id };
	const text = { v: 1, ...about, key: identity.publicKey, at: local.clock.now(), rows: numbers };
	return signed(identity, 'sotto/erasure/v1', { ...text, ...change });
}
const erase = (numbers: readonly number[], by = local.maya) =>
	by.call('POST', '/api/log/erasures', { signed: erasure(numbers, by) });

const emptied = (n: number): string =>
	`update history set who = null, session = null, recording = null, about = null, salt = null,
	reason = null, reason_hash = null, signed = null, signed_hash = null where n = ${n}`;

async function exported(): Promise<string[]> {
	const { token } = (await local.maya.token()).body;
	const headers = { authorization: `Bearer ${token}`, origin: local.address };
	const answer = await fetch(`${local.address}/api/log/export`, { headers });
	return (await answer.text()).trimEnd().split('\n');
}

/** What is wrong with the exported log, by the server's clock. */
const verified = async (options: Parameters<typeof verifyLog>[1] = {}) =>
	verifyLog(linesOf(await exported()), { now: local.clock.now(), ...options });

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
	yield* lines;
}

test('what an administrator erased after six years is gone, and every proof holds', async () => {
	const before = (await rows()).find(({ n }) => n === 5);
	expect(before?.session).toBeTruthy();
	await years();
	expect((await local.maya.call('POST', '/api/log/erasable', { rows: [5, 6] })).body).toEqual({
		rows: [5, 6],
	});
	expect((await erase([5])).status).toBe(204);
	// Again it is no error, and no act.
	expect((await erase([5])).status).toBe(204);
	const shown = await rows();
	const nothing = { who: null, session: null, recording: null, about: null };
	const leaf = { salt: null, of: before?.leaf.of, reason: null, signed: null };
	expect(shown.find(({ n }) => n === 5)).toEqual({ ...before, ...nothing, leaf });
	const acts = shown.filter(({ act }) => act === 'erased');
	expect(acts.map(({ who }) => who)).toEqual([local.maya.signedIn.member.id]);
	expect(await next()).toEqual([]);
	// The file says who erased it, and whose key it has to be compared with.
	const told: [string, number][] = [];
	const onerased = (key: string, count: number) => void told.push([key, count]);
	const { publicKey } = local.maya.identity;
	expect(await verified({ onerased, admins: [publicKey] })).toEqual([]);
	expect(told).toEqual([[publicKey, 1]]);
	const other = { admins: [newKey().publicKey] };
	expect(await verified(other)).toEqual([
		'emptied    row 5 does not say any more who did it, and to what',
	]);
});

test('a row that somebody emptied in the database is named beside one that was erased', async () => {
	await years();
	await erase([5]);
	local = await tamper(local, (db) => db.exec(emptied(6)));
	expect(await next()).toEqual([{ is: 'blanked', n: 6 }]);
	expect(await verified()).toEqual([
		'emptied    row 6 does not say any more who did it, and to what',
	]);
});

test('an erasing that no administrator of the practice signed erases nothing', async () => {
	const tom = await colleague(local.maya);
	await years();
	await tom.unlock();
	expect((await erase([5], tom)).body.error).toBe('forbidden');
	const { history } = local.server.context;
	const who = local.maya.signedIn.member.id;
	const own = { signedIn: local.maya.signedIn, identity: newKey() };
	const lies = [
		erasure([5], own),
		erasure([5], tom, { author: who }),
		erasure([5], local.maya, { practice: newId() }),
	];
	for (const lie of lies) {
		const { body } = await local.maya.call('POST', '/api/log/erasures', { signed: lie });
		expect(body.error).toBe('bad-request');
		// Written down by whoever has the database, it is believed by nobody.
		const { store } = local.server.context;
		await history.add(store, { act: 'erased', who, signed: lie });
	}
	local = await tamper(local, (db) => db.exec(emptied(5)));
	expect(await next()).toContainEqual({ is: 'blanked', n: 5 });
	// Nor one that is in no log.
	const source = logOf(local.maya);
	const [last] = await source.erasures();
	if (!last) throw new Error('an erasing');
	const made = { ...last, signed: erasure([5]) };
	const { now: head } = await checkHead(source, { known, at: local.clock.now() });
	if (!head) throw new Error('no head');
	const authority = { members, practice: members.practice };
	const lying = { ...source, erasures: async () => [made] };
	const erased = await readErased(lying, { head, authority, now: local.clock.now() });
	expect(erased({ n: 5, at: 0 })).toBe(false);
});

test('nothing is erased before six years are over, and nothing of what is still kept', async () => {
	const young = erasableAfterMs - 1;
	local.clock.forward(young);
	await local.maya.unlock();
	expect((await erase([5])).body.error).toBe('conflict');
	// An erasing that was signed too early counts for nothing either.
	const { history, store } = local.server.context;
	const who = local.maya.signedIn.member.id;
	await history.add(store, { act: 'erased', who, signed: erasure([5]) });
	local = await tamper(local, (db) => db.exec(emptied(5)));
	expect(await next()).toEqual([{ is: 'blanked', n: 5 }]);
	await years();
	const kept = (await rows()).find(({ n }) => n === 6);
	await local.server.context.store
		.insertInto('recordings')
		.values({
			id: newId(),
			source: 'call',
			session: kept?.session ?? '',
			uploader: null,
			host: who,
			made_by: null,
			handover: null,
			recorder_key: bytesOf(32),
			state: 'finished',
			started_at: 1,
			last_seen_at: 1,
			ended_at: 1,
			lost_at: null,
			finished_at: 1,
			content: '',
		})
		.execute();
	expect((await erase([6])).body.error).toBe('conflict');
	expect((await local.maya.call('POST', '/api/log/erasable', { rows: [6, 7] })).body).toEqual({
		rows: [7],
	});
	const own = (await rows()).find(({ act }) => act === 'erased');
	expect((await erase([own?.n ?? 0])).body.error).toBe('conflict');
});

test('an erasing that is dated otherwise than today erases nothing', async () => {
	const { history, store } = local.server.context;
	const who = local.maya.signedIn.member.id;
	const today = local.clock.now();
	const ahead = today + erasableAfterMs;
	// Row 5 too early; row 6 in time; row 7 in time, but signed long before.
	await history.add(store, { act: 'erased', who, signed: erasure([5], local.maya, { at: today }) });
	local.clock.forward(erasableAfterMs);
	await history.add(store, { act: 'erased', who, signed: erasure([6]) });
	await history.add(store, { act: 'erased', who, signed: erasure([7], local.maya, { at: today }) });
	await local.maya.unlock();
	const early = erasure([8], local.maya, { at: today });
	const { body } = await local.maya.call('POST', '/api/log/erasures', { signed: early });
	expect(body.error).toBe('bad-request');
	local = await tamper(local, (db) => [5, 6, 7].forEach((n) => db.exec(emptied(n))));
	// Then, what was signed then counts.
	expect(await next()).toEqual([
		{ is: 'blanked', n: 5 },
		{ is: 'blanked', n: 7 },
	]);
	expect(await verified()).toHaveLength(2);
	// Today, nothing does.
	const source = logOf(local.maya);
	const { now: head } = await checkHead(source, { known, at: ahead });
	if (!head) throw new Error('no head');
	const authority = { members, practice: members.practice };
	const erased = await readErased(source, { head, authority, now: today });
	expect([5, 6, 7].map((n) => erased({ n, at: today }))).toEqual([false, false, false]);
	expect(await verified({ now: today })).toHaveLength(3);
});

test('an erasing is never erased, whoever signs that it is', async () => {
	await years();
	await erase([5]);
	const { n = 0 } = (await rows()).find(({ act }) => act === 'erased') ?? {};
	await years();
	const { history, store } = local.server.context;
	const who = local.maya.signedIn.member.id;
	await history.add(store, { act: 'erased', who, signed: erasure([5, n]) });
	local = await tamper(local, (db) => db.exec(emptied(n)));
	expect(await next()).toEqual([{ is: 'blanked', n }]);
	expect(await verified()).toEqual([
		`emptied    row ${n} does not say any more who did it, and to what`,
	]);
});

test('with an entry goes what was written down of the disclosure that it tells of', async () => {
	const { store, history } = local.server.context;
	const { id: member } = local.maya.signedIn.member;
	const [told, other, recording] = [newId(), newId(), newId()];
	const row = { at: local.clock.now(), member, act: 'shared', recording, session: null } as const;
	for (const id of [told, other]) {
		await store
			.insertInto('disclosures')
			.values({ ...row, id, sealed: bytesOf(80) })
			.execute();
		await history.add(store, { act: 'shared', who: member, recording, about: id });
	}
	await years();
	const entry = (await rows()).find(({ about }) => about === told);
	expect((await erase([entry?.n ?? 0])).status).toBe(204);
	const left = await local.server.context.store.selectFrom('disclosures').select('id').execute();
	expect(left).toEqual([{ id: other }]);
});
