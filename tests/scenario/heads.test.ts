import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Head, Vantage } from '#crypto/log/head.ts';
import { decodeCallMessage, encodeCallMessage } from '#lib/call/messages.ts';
import { ApiError } from '#lib/net/errors.ts';
import { type Heads, headsOf } from '#lib/proof/incall.ts';
import { waitAt } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { extensionOrigin, pairDevice } from '../presence.ts';
import { again, logAs, logOf } from '../proofs.ts';
import type { Staff } from '../staff.ts';
import { call } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
/** The same practice at a server that shows other people another history. */
let other: LocalServer & { maya: Staff };

beforeEach(async () => {
	local = await localPractice();
	await local.maya.session();
	const copy = await mkdtemp(join(tmpdir(), 'sotto-heads-'));
	await local.close();
	await cp(local.dataDir, copy, { recursive: true });
	local = await again(local);
	other = await again({ ...local, dataDir: copy });
});
afterEach(async () => {
	await local.stop();
	await other.stop();
});

function vantage(source: ReturnType<typeof logAs>, kept: { head?: Head } = {}) {
	const memory = {
		recall: async () => kept.head,
		remember: async (head: Head) => void (kept.head = head),
	};
	return new Vantage({ source, memory, now: () => 7 });
}

/** A participant of a session that is made at this server, and the host there. */
async function people(at: LocalServer & { maya: Staff }): Promise<{ host: Heads; guest: Heads }> {
	const { places } = await at.maya.session();
	const { token } = await waitAt(at.address, places[0] ?? '');
	const source = logAs((path) => call(at.address, 'GET', path, { token }));
	return { host: headsOf(vantage(logOf(at.maya))), guest: headsOf(vantage(source)) };
}

/** What one shows the other in a call, over its message. */
async function shown(heads: Heads): Promise<string> {
	const note = await heads.mine();
	const message = decodeCallMessage(encodeCallMessage({ type: 'head', note: note ?? '' }));
	if (message.type !== 'head') throw new Error('a head');
	return message.note;
}

test('host and participant of one history see that it is one', async () => {
	const { host, guest } = await people(local);
	expect(await guest.compare(await shown(host))).toBeUndefined();
	await local.maya.session();
	expect(await host.compare(await shown(guest))).toBeUndefined();
	expect(await guest.compare(await shown(host))).toBeUndefined();
});

test('host and participant who are shown different histories notice in the call, both of them', async () => {
	const here = await people(local);
	const there = await people(other);
	await other.maya.session();
	const forked = { is: 'forked' };
	expect(await there.guest.compare(await shown(here.host))).toMatchObject(forked);
	expect(await here.host.compare(await shown(there.guest))).toMatchObject(forked);
});

test('who is shown a history that another key signs is noticed by whoever hears of it', async () => {
	await other.close();
	await rm(join(other.dataDir, 'log.key'));
	other = await again(other);
	const here = await people(local);
	const there = await people(other);
	const wrong = await here.host.compare(await shown(there.guest));
	expect(wrong).toMatchObject({ is: 'other-log' });
	expect(await there.guest.compare(await shown(here.host))).toMatchObject({ is: 'other-log' });
	// Somebody who knows why goes on without it, and is not told again.
	const log = wrong?.is === 'other-log' ? wrong.log : '';
	const kept: { head?: Head } = {};
	const { head } = await vantage(logOf(local.maya), kept).look();
	if (head) kept.head = { ...head, passed: [log] };
	const host = headsOf(vantage(logOf(local.maya), kept));
	expect(await host.compare(await shown(there.guest))).toBeUndefined();
	expect(kept.head?.passed).toEqual([log]);
});

test('a head that the log did not sign is said to be one, and what is no head says nothing', async () => {
	const { host, guest } = await people(local);
	const note = await shown(host);
	for (const none of ['', 'x', note.slice(0, -9), note.replace(/\n\d+\n/, '\nmany\n')])
		expect(await guest.compare(none)).toBeUndefined();
	const forged = note.replace(/\n\d+\n/, '\n9999\n');
	expect(await guest.compare(forged)).toMatchObject({ is: 'other-log' });
});

/** The log of a server that gives heads, and no proof while it is silent. */
function evasive(staff: Staff) {
	const source = logOf(staff);
	const server = { silent: true };
	const consistency: typeof source.consistency = (span) =>
		server.silent ? Promise.reject(new ApiError('internal')) : source.consistency(span);
	return { server, source: { ...source, consistency } };
}

test('a server that gives no proof is told of at the second try, and a proof ends it', async () => {
	const { server, source } = evasive(local.maya);
	const kept: { head?: Head } = {};
	expect((await vantage(source, kept).look()).findings).toEqual([]);
	const before = kept.head?.size;
	await local.maya.session();
	// Each page that is opened is another vantage point with the same memory.
	await expect(vantage(source, kept).look()).rejects.toThrow(ApiError);
	for (let times = 0; times < 2; times++)
		expect((await vantage(source, kept).look()).findings).toEqual([{ is: 'unproved' }]);
	expect(kept.head).toMatchObject({ size: before, unproved: true });
	server.silent = false;
	expect((await vantage(source, kept).look()).findings).toEqual([]);
	expect(kept.head?.size).toBeGreaterThan(before ?? Infinity);
	expect(kept.head?.unproved).toBeUndefined();
});

test('a head of somebody else that is not proved is asked for again until it is', async () => {
	const { server, source } = evasive(local.maya);
	const early = await shown(headsOf(vantage(source)));
	await local.maya.session();
	const kept: { head?: Head } = {};
	const next = () => vantage(source, kept);
	expect(await headsOf(next()).compare(early)).toBeUndefined();
	expect((await next().look()).findings).toEqual([{ is: 'unproved' }]);
	expect(await headsOf(next()).compare(early)).toEqual({ is: 'unproved' });
	server.silent = false;
	expect((await next().look()).findings).toEqual([]);
	expect(kept.head?.doubt).toBeUndefined();
	// The same with one of another history.
	server.silent = true;
	for (let times = 0; times < 2; times++) await other.maya.session();
	const strange = await shown(headsOf(vantage(logOf(other.maya))));
	expect(await headsOf(next()).compare(strange)).toBeUndefined();
	server.silent = false;
	expect((await next().look()).findings).toMatchObject([{ is: 'forked' }]);
});

test('a server that is away raises no alarm, and shows nothing', async () => {
	const offline = () => Promise.reject(new ApiError('offline'));
	const source = { checkpoint: offline, consistency: offline, block: offline, erasures: offline };
	const away = headsOf(vantage(source));
	expect(await away.mine()).toBeUndefined();
	expect(await away.compare('x')).toBeUndefined();
});

test('an extension that is paired sees the head, as a second place to look from', async () => {
	const device = await pairDevice(local.maya);
	const { token } = (await device.token()).body;
	const ask = (path: string) =>
		call(local.address, 'GET', path, { token, origin: extensionOrigin });
	const kept: { head?: Head } = {};
	const seen = await vantage(logAs(ask), kept).look();
	expect(seen.findings).toEqual([]);
	expect(kept.head?.size).toBeGreaterThan(1);
	await local.maya.session();
	expect((await vantage(logAs(ask), kept).look()).findings).toEqual([]);
	// Rows and their hashes are not for it.
	expect((await ask('/api/log/blocks/0?size=1')).status).toBe(403);
	// Where the page is shown another history than the extension was, the extension says so.
	const elsewhere = vantage(logOf(other.maya), kept);
	await other.maya.session();
	await other.maya.session();
	await other.maya.session();
	expect((await elsewhere.look()).findings).toEqual([{ is: 'rewritten', since: 7 }]);
});
