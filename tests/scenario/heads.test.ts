import { cp, mkdtemp } from 'node:fs/promises';
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
	expect(await guest.forked(await shown(host))).toBe(false);
	await local.maya.session();
	expect(await host.forked(await shown(guest))).toBe(false);
	expect(await guest.forked(await shown(host))).toBe(false);
});

test('host and participant who are shown different histories notice in the call, both of them', async () => {
	const here = await people(local);
	const there = await people(other);
	await other.maya.session();
	expect(await there.guest.forked(await shown(here.host))).toBe(true);
	expect(await here.host.forked(await shown(there.guest))).toBe(true);
});

test('nobody can raise the alarm with a head that the log did not sign', async () => {
	const { host, guest } = await people(local);
	const note = await shown(host);
	for (const forged of ['', 'x', note.replace(/\n\d+\n/, '\n9999\n'), note.slice(0, -9)])
		expect(await guest.forked(forged)).toBe(false);
});

test('a server that is away raises no alarm, and shows nothing', async () => {
	const offline = () => Promise.reject(new ApiError('offline'));
	const away = headsOf(vantage({ checkpoint: offline, consistency: offline, block: offline }));
	expect(await away.mine()).toBeUndefined();
	expect(await away.forked('x')).toBe(false);
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
