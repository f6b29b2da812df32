import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fromBase64url } from '#crypto/bytes.ts';
import { openSigned } from '#crypto/identity/signed.ts';
import { signedHash } from '#crypto/log/leaf.ts';
import { checkRows } from '#lib/proof/rows.ts';
import { ServerError } from '../../signaling/errors.ts';
import { addOnce, addSeldom } from '../../signaling/history/often.ts';
import { refuse } from '../../signaling/history/played.ts';
import { readHistory } from '../../signaling/history/read.ts';
import { SaidAct } from '../../signaling/protocol/acts.ts';
import type { HistoryRow } from '../../signaling/protocol/sessions.ts';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { headOf, logOf, tamper } from '../proofs.ts';
import { startRecording, type TestRecorder } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { type Key, newId, newKey, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
let recorder: TestRecorder;

beforeEach(async () => {
	local = await localPractice();
	recorder = await startRecording(local.maya);
});
afterEach(() => local.stop());

const who = () => local.maya.signedIn.member.id;
const said = (change: object = {}): object => ({
	v: 1,
	act: 'played',
	who: who(),
	recording: recorder.id,
	about: null,
	at: local.clock.now(),
	...change,
});
const act = (change: object = {}, key: Key = local.maya.identity) =>
	signed(key, 'sotto/act/v1', said(change));
const played = (body?: object) =>
	local.maya.call('POST', `/api/recordings/${recorder.id}/played`, body);

async function rows(of: HistoryRow['act']): Promise<HistoryRow[]> {
	const { body } = await local.maya.call('GET', `/api/recordings/${recorder.id}/history`);
	return body.rows.filter((row: HistoryRow) => row.act === of);
}

test('what a member signed of an act is kept with its row, and its hash is in the leaf', async () => {
	expect((await played({ signed: act() })).status).toBe(204);
	const [row] = await rows('played');
	if (!row?.signed) throw new Error('a row with what was signed');
	expect(row.who).toBe(who());
	expect(row.leaf.signed).toBe(signedHash(row.signed));
	const opened = await openSigned({
		signed: row.signed,
		publicKey: fromBase64url(local.maya.identity.publicKey),
		context: 'sotto/act/v1',
		schema: SaidAct,
	});
	expect(opened).toEqual(said());
	const source = logOf(local.maya);
	const head = await headOf(source, 1);
	expect(await checkRows(source, { head, rows: [row] })).toEqual([]);
	// A signature that was put to another row, or changed, does not fit its leaf.
	const forged = { ...row, signed: act({ at: 1 }) };
	expect(await checkRows(source, { head, rows: [forged] })).toEqual([{ is: 'altered', n: row.n }]);
	local = await tamper(local, (db) =>
		db.prepare('update history set signed = null, signed_hash = null where n = ?').run(row.n),
	);
	const again = logOf(local.maya);
	expect(await checkRows(again, { head, rows: await rows('played') })).toEqual([
		{ is: 'altered', n: row.n },
	]);
});

test('an act is written down without a signature too, as older pages send none', async () => {
	expect((await played()).status).toBe(204);
	const [row] = await rows('played');
	expect([row?.signed, row?.leaf.signed]).toEqual([null, null]);
});

test('what a page says again and again is written down once a minute, and later once an hour', async () => {
	const opened = () => local.maya.call('POST', `/api/recordings/${recorder.id}/opened`);
	for (let times = 0; times < 3; times++) {
		expect((await played()).status).toBe(204);
		expect((await opened()).status).toBe(204);
	}
	expect([(await rows('played')).length, (await rows('opened')).length]).toEqual([1, 1]);
	local.clock.forward(60_000);
	await played();
	expect(await rows('played')).toHaveLength(2);
	const { server, clock } = local;
	const entry = { act: 'played', who: newId(), recording: recorder.id } as const;
	const add = (how: typeof addOnce, times: number) =>
		server.context.store.transaction().execute(async (db) => {
			for (let time = 0; time < times; time++) {
				clock.forward(60_000);
				await how(server.context, db, entry);
			}
		});
	const count = async () => {
		const all = await readHistory(server.context.store, { recording: recorder.id }, { max: 1000 });
		return all.filter(({ who: one }) => one === entry.who).length;
	};
	await add(addOnce, 70);
	expect(await count()).toBe(64);
	// Nobody is left out for ever: an hour after the last one it is written down again.
	clock.forward(60 * 60_000);
	await add(addOnce, 5);
	expect(await count()).toBe(65);
	// What says why may not be left out: it is refused.
	await expect(add(addSeldom, 1)).rejects.toThrow('slow-down');
	clock.forward(60 * 60_000);
	await add(addSeldom, 1);
	expect(await count()).toBe(66);
});

test('what is signed by another, or of another act, is refused and not written down', async () => {
	const other = await colleague(local.maya, 'admin');
	for (const wrong of [
		act({}, newKey()),
		act({}, other.identity),
		act({ who: other.signedIn.member.id }),
		act({ act: 'opened' }),
		act({ recording: newId() }),
		act({ about: newId() }),
		act({ v: 2 }),
		{ ...act(), text: `${act().text} ` },
		signed(local.maya.identity, 'sotto/token/v1', said()),
	])
		expect((await played({ signed: wrong })).status).toBe(400);
	expect(await rows('played')).toEqual([]);
});

test('opening keeps what was signed of it as well', async () => {
	const path = `/api/recordings/${recorder.id}/opened`;
	const signature = act({ act: 'opened' });
	expect((await local.maya.call('POST', path, { signed: signature })).status).toBe(204);
	expect((await rows('opened')).map((row) => row.signed)).toEqual([signature]);
	expect((await local.maya.call('POST', path, { signed: act() })).status).toBe(400);
});

test('who was refused a recording is written down, once a minute', async () => {
	const other = await colleague(local.maya);
	const ask = (id = recorder.id) => other.call('GET', `/api/recordings/${id}`);
	expect((await ask()).status).toBe(404);
	expect((await ask()).status).toBe(404);
	expect((await ask(newId())).status).toBe(404);
	expect((await local.maya.call('GET', `/api/recordings/${recorder.id}`)).status).toBe(200);
	const refused = await rows('refused');
	expect(refused.map((row) => row.who)).toEqual([other.signedIn.member.id]);
	local.clock.forward(60_000);
	await ask();
	expect(await rows('refused')).toHaveLength(2);
	const { server, clock } = local;
	const staff = { member: newId(), scope: 'staff', role: 'clinician', device: newId() } as const;
	for (let n = 0; n < 70; n++) {
		clock.forward(60_000);
		const error = new ServerError('not-found');
		const asked = { recording: recorder.id, error };
		await expect(refuse(server.context, { ...staff, origin: '' }, asked)).rejects.toBe(error);
	}
	const all = await readHistory(server.context.store, { recording: recorder.id }, { max: 1000 });
	expect(all.filter(({ who: member }) => member === staff.member)).toHaveLength(64);
});
