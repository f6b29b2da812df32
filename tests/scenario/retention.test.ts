/* oxlint-disable max-lines -- one server and one clock for all that ends by time */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { enforceRetention } from '../../signaling/retention/sweep.ts';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice, localServer } from '../local.ts';
import { TestRecorder, someBytes } from '../recorder.ts';
import { Staff } from '../staff.ts';
import { bytesOf, type Key, newId, signed, signedNotice } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const minute = 60_000;
const day = 24 * 60 * minute;
let local: LocalServer & { maya: Staff };
let maya: Staff;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
});
afterAll(async () => {
	await local.stop();
	await rm(local.dataDir, { recursive: true, force: true });
});
afterEach(() => vi.useRealTimers());

/** A finished recording of a session with this notice. */
async function recorded(words: object, staff = maya, more: string[] = []): Promise<TestRecorder> {
	const id = newId();
	const made = await staff.call('POST', '/api/sessions', {
		id,
		startsAt: local.clock.now(),
		minutes: 50,
		sealed: bytesOf(100),
		notice: signedNotice(staff.identity, id, words),
		places: [{ id: newId(), sealed: bytesOf(50) }],
	});
	expect(made.status).toBe(201);
	const recorder = new TestRecorder(staff, id);
	const grants = [recorder.grant(), ...more.map((recipient) => recorder.grant({ recipient }))];
	expect((await recorder.call('POST', '', recorder.request(grants))).status).toBe(201);
	expect((await recorder.put(recorder.final, 0, someBytes(5000))).status).toBe(201);
	const finish = { recovered: false, keep: [], remove: [recorder.audio] };
	expect((await recorder.call('POST', `/${recorder.id}/finish`, finish)).status).toBe(204);
	return recorder;
}

const retentionOf = async ({ id }: TestRecorder, staff = maya) =>
	(await staff.call('GET', `/api/recordings/${id}/retention`)).body;

/** Signs the next version of it. */
async function setRetention(
	{ id }: TestRecorder,
	said: object,
	by: { staff?: Staff; key?: Key; author?: string } = {},
) {
	const { staff = maya } = by;
	const { key = staff.identity, author = staff.signedIn.member.id } = by;
	const { version, keptUntil, hold, purpose } = (
		await maya.call('GET', `/api/recordings/${id}/retention`)
	).body;
	const statement = signed(key, 'sotto/retention/v1', {
		v: 1,
		recording: id,
		version: version + 1,
		author,
		at: local.clock.now(),
		purpose: purpose ?? 'record',
		keptUntil,
		hold,
		shortens: false,
		...said,
	});
	const { status, body } = await staff.call('PUT', `/api/recordings/${id}/retention`, {
		statement,
	});
	return status === 204 ? 'kept' : body.error;
}

const stateOf = async ({ id }: TestRecorder) => {
	const { status, body } = await maya.call('GET', `/api/recordings/${id}`);
	return status === 200 ? body.state : body.error;
};
const actsOf = async ({ id }: TestRecorder) => {
	const { store } = local.server.context;
	const rows = await store
		.selectFrom('history')
		.select(['act', 'who'])
		.where('recording', '=', id)
		.orderBy('n')
		.execute();
	return rows.map(({ act, who }) => (who === null ? `${act} by itself` : act));
};
const sweep = () => enforceRetention(local.server.context);

/** The server is away for so long, and starts again with the same data. */
async function away(ms: number): Promise<void> {
	const { dataDir, clock } = local;
	await local.close();
	clock.forward(ms);
	const next = await localServer({ dataDir, clock });
	const { email, password, deviceKey, recovery, identity, practiceKey, signedIn } = maya;
	const same = { email, password, deviceKey, recovery, identity, practiceKey, signedIn };
	maya = new Staff({ ...same, address: next.address });
	await maya.unlock();
	local = { ...next, maya };
}

test('what the notice said holds from the first moment, and is enforced to the day', async () => {
	const keptUntil = local.clock.now() + 30 * day;
	const recorder = await recorded({ keptUntil, keeping: { purpose: 'supervision' } });
	expect(await retentionOf(recorder)).toEqual({
		recording: recorder.id,
		version: 0,
		purpose: 'supervision',
		keptUntil,
		minutes: null,
		hold: false,
		endsAt: keptUntil,
		statement: null,
	});
	const forever = await recorded({ keptUntil: null });
	local.clock.forward(30 * day);
	await maya.unlock();
	expect(await sweep()).toBe(0);
	expect(await stateOf(recorder)).toBe('finished');
	local.clock.forward(1);
	expect(await sweep()).toBe(1);
	expect([await stateOf(recorder), await stateOf(forever)]).toEqual(['gone', 'finished']);
	expect((await actsOf(recorder)).at(-1)).toBe('kept-until-over by itself');
	expect(existsSync(join(local.dataDir, 'objects', recorder.id))).toBe(false);
	const { tombstones } = (await maya.call('GET', '/api/tombstones')).body;
	expect(tombstones).toContainEqual({ recording: recorder.id, at: local.clock.now() });
	expect(await sweep()).toBe(0);
});

test('what ended while the server was away goes when it starts, a hold and a later date stay', async () => {
	const keptUntil = local.clock.now() + 10 * day;
	const notice = { keptUntil, keeping: { purpose: 'quality' } };
	const over = await recorded(notice);
	const held = await recorded(notice);
	const extended = await recorded(notice);
	expect(await setRetention(held, { hold: true })).toBe('kept');
	expect(await setRetention(extended, { keptUntil: keptUntil + 400 * day })).toBe('kept');
	await away(300 * day);
	expect([await stateOf(over), await stateOf(held), await stateOf(extended)]).toEqual([
		'gone',
		'finished',
		'finished',
	]);
	expect((await actsOf(over)).at(-1)).toBe('kept-until-over by itself');
	expect(await retentionOf(held)).toMatchObject({ hold: true, keptUntil, endsAt: null });
	expect(await setRetention(held, { hold: false })).toBe('kept');
	expect(await sweep()).toBe(1);
	expect((await actsOf(held)).slice(-3)).toEqual([
		'hold-placed',
		'hold-released',
		'kept-until-over by itself',
	]);
	await away(111 * day);
	expect(await stateOf(extended)).toBe('gone');
});

test('nobody deletes what is on legal hold, by hand neither', async () => {
	const recorder = await recorded({ keptUntil: null, keeping: { purpose: 'legal' } });
	expect(await retentionOf(recorder)).toMatchObject({ purpose: 'legal', hold: true, endsAt: null });
	const path = `/api/recordings/${recorder.id}`;
	expect((await maya.call('DELETE', path)).body.error).toBe('conflict');
	expect(await stateOf(recorder)).toBe('finished');
	expect(await setRetention(recorder, { hold: false, purpose: 'legal' })).toBe('kept');
	expect((await maya.call('DELETE', path)).status).toBe(204);
	expect(await stateOf(recorder)).toBe('gone');
});

test('under a hold nobody destroys a track either, and a copy is held and kept as what it was made of', async () => {
	const keptUntil = local.clock.now() + 20 * day;
	const source = await recorded({ keptUntil, keeping: { purpose: 'quality' } });
	const path = `/api/recordings/${source.id}`;
	const copy = new TestRecorder(maya, source.session);
	const cut = async () => {
		const { id, tracks, final } = copy;
		const grants = [copy.grant()];
		const made = await maya.call('POST', `${path}/derivatives`, { id, tracks, grants });
		expect(made.status).toBe(201);
		copy.token = source.token;
		expect((await copy.put(final, 0, someBytes(900))).status).toBe(201);
		const finish = { keep: [{ track: final, part: 0, chunks: 1, bytes: 900 }], replaces: false };
		const finished = `${path}/derivatives/${id}/finish`;
		expect((await maya.call('POST', finished, finish)).status).toBe(204);
	};
	expect(await setRetention(source, { hold: true })).toBe('kept');
	await cut();
	const begun = await maya.call('POST', `${path}/revisions`, {
		id: newId(),
		kind: 'destroy',
		grant: source.grant({ recipient: maya.signedIn.member.id }),
	});
	expect(begun.body.error).toBe('conflict');
	const kept = (await maya.call('GET', `/api/recordings/${copy.id}/retention`)).body;
	expect(kept).toMatchObject({ version: 0, purpose: 'quality', keptUntil, hold: true });
	// Released for the source alone: the copy stays until its own hold is released, whatever its date.
	expect(await setRetention(source, { hold: false })).toBe('kept');
	local.clock.forward(20 * day + 1);
	await maya.unlock();
	expect(await sweep()).toBe(1);
	const state = async () => (await maya.call('GET', `/api/recordings/${copy.id}`)).status;
	expect(await state()).toBe(200);
	const later = { keptUntil: keptUntil + 400 * day, hold: false };
	expect(await setRetention(copy, later)).toBe('kept');
	expect(await sweep()).toBe(1);
	expect(await state()).toBe(410);
});

test('a note is written in minutes after the end, and a recorder that is there is not cut off', async () => {
	const recorder = await recorded({ keeping: { purpose: 'note', minutes: 30 } });
	const end = local.clock.now() + 30 * minute;
	expect(await retentionOf(recorder)).toMatchObject({ minutes: 30, keptUntil: null, endsAt: end });
	const { id } = await maya.session({ recorded: true });
	const running = await new TestRecorder(maya, id).start();
	local.clock.forward(30 * minute + 1);
	await maya.unlock();
	running.token = '';
	expect((await running.call('POST', `/${running.id}/alive`)).status).toBe(204);
	const { store } = local.server.context;
	await store
		.updateTable('retentions')
		.set({ kept_until: local.clock.now() - 1 })
		.where('recording', '=', running.id)
		.execute();
	expect(await sweep()).toBe(1);
	expect([await stateOf(recorder), await stateOf(running)]).toEqual(['gone', 'live']);
	local.clock.forward(minute);
	expect(await sweep()).toBe(1);
	expect(await stateOf(running)).toBe('gone');
});

test('what somebody asked a copy of is not destroyed by its date before she is answered', async () => {
	const keptUntil = local.clock.now() + 10 * day;
	const recorder = await recorded({ keptUntil });
	const { session } = recorder;
	const place = (await maya.call('GET', `/api/sessions/${session}`)).body.places[0].id;
	const id = newId();
	const wanted = { id, session, place, kind: 'copy', receivedAt: local.clock.now() };
	expect((await maya.call('POST', '/api/requests', wanted)).status).toBe(201);
	local.clock.forward(11 * day);
	await maya.unlock();
	expect(await sweep()).toBe(0);
	expect(await stateOf(recorder)).toBe('finished');
	const answer = { state: 'done', words: null };
	expect((await maya.call('POST', `/api/requests/${id}/close`, answer)).status).toBe(204);
	expect(await sweep()).toBe(1);
	expect(await stateOf(recorder)).toBe('gone');
});

test('it never ends sooner without the word of who signs it', async () => {
	const keptUntil = local.clock.now() + 100 * day;
	const recorder = await recorded({ keptUntil, keeping: { purpose: 'record' } });
	const sooner = { keptUntil: keptUntil - day };
	expect(await setRetention(recorder, sooner)).toBe('bad-request');
	expect(await setRetention(recorder, { ...sooner, shortens: true })).toBe('kept');
	// A date where there was none is sooner too, and no date is later than any.
	expect(await setRetention(recorder, { keptUntil: null })).toBe('kept');
	expect(await setRetention(recorder, { keptUntil: keptUntil + day })).toBe('bad-request');
	expect(await retentionOf(recorder)).toMatchObject({ version: 2, keptUntil: null });
	// Under a hold as well: released, it would go by the date that was set meanwhile.
	expect(await setRetention(recorder, { keptUntil, shortens: true, hold: true })).toBe('kept');
	expect(await setRetention(recorder, sooner)).toBe('bad-request');
});

test('only its host, admins and supervisors set it, each with a signature of her own', async () => {
	const tom = await colleague(maya);
	const ines = await colleague(maya, 'supervisor');
	const stranger = await colleague(maya);
	const recipients = [tom.signedIn.member.id, ines.signedIn.member.id];
	const recorder = await recorded({ keptUntil: null }, maya, recipients);
	expect(await setRetention(recorder, {}, { staff: tom })).toBe('forbidden');
	expect(await setRetention(recorder, {}, { staff: stranger })).toBe('not-found');
	expect(await setRetention(recorder, {}, { staff: maya, key: tom.identity })).toBe('bad-request');
	const author = tom.signedIn.member.id;
	expect(await setRetention(recorder, {}, { staff: maya, author })).toBe('bad-request');
	expect(await setRetention(recorder, { recording: newId() })).toBe('bad-request');
	expect(await setRetention(recorder, { version: 2 })).toBe('conflict');
	expect(await setRetention(recorder, { purpose: 'art' })).toBe('bad-request');
	expect(await setRetention(recorder, {}, { staff: ines })).toBe('kept');
	const shown = await retentionOf(recorder, tom);
	expect(JSON.parse(shown.statement.text)).toMatchObject({
		author: ines.signedIn.member.id,
		version: 1,
	});
	expect(await actsOf(recorder)).toContain('retention-set');
});

test('who may not delete it leaves it a week at least, and the receipt names who set its end', async () => {
	const ines = await colleague(maya, 'supervisor');
	const recorder = await recorded({ keptUntil: null }, maya, [ines.signedIn.member.id]);
	const at = (days: number) => ({ keptUntil: local.clock.now() + days * day, shortens: true });
	const by = { staff: ines };
	expect(await setRetention(recorder, { keptUntil: 1, shortens: true }, by)).toBe('forbidden');
	expect(await setRetention(recorder, at(6), by)).toBe('forbidden');
	expect(await setRetention(recorder, at(8), by)).toBe('kept');
	expect(await sweep()).toBe(0);
	local.clock.forward(8 * day + 1);
	await maya.unlock();
	expect(await sweep()).toBe(1);
	const receipt = (await maya.call('GET', `/api/recordings/${recorder.id}/receipt`)).body;
	const { id } = ines.signedIn.member;
	expect(receipt).toMatchObject({ act: 'kept-until-over', by: null, setBy: id });
	// Whoever may delete it may also let it end at once.
	const own = await recorded({ keptUntil: null });
	expect(await setRetention(own, { keptUntil: 1, shortens: true })).toBe('kept');
	expect(await sweep()).toBe(1);
});

test('a hold is released by who placed it or by an admin, and with no sooner end in the same breath', async () => {
	const tom = await colleague(maya);
	const ines = await colleague(maya, 'supervisor');
	const keptUntil = local.clock.now() + 100 * day;
	const recorder = await recorded({ keptUntil }, tom, [ines.signedIn.member.id]);
	expect(await setRetention(recorder, { hold: true })).toBe('kept');
	expect(await retentionOf(recorder, tom)).toMatchObject({
		hold: true,
		heldBy: maya.signedIn.member.id,
	});
	const release = { hold: false };
	// Not even her whose recording it is: it may be held against her.
	expect(await setRetention(recorder, release, { staff: tom })).toBe('forbidden');
	expect(await setRetention(recorder, release, { staff: ines })).toBe('forbidden');
	const both = { ...release, keptUntil: keptUntil - day, shortens: true };
	expect(await setRetention(recorder, both)).toBe('bad-request');
	expect(await retentionOf(recorder)).toMatchObject({ hold: true, version: 1, keptUntil });
	expect(await setRetention(recorder, release)).toBe('kept');
	// Her own hold each releases herself.
	expect(await setRetention(recorder, { hold: true }, { staff: tom })).toBe('kept');
	expect(await setRetention(recorder, release, { staff: ines })).toBe('forbidden');
	expect(await setRetention(recorder, release, { staff: tom })).toBe('kept');
});

test('a participant who can open it is told what holds now, and not what the notice said', async () => {
	const dana = await colleague(maya, 'participant-only');
	const startedAt = local.clock.now();
	const keptUntil = startedAt + 100 * day;
	const recorder = await recorded({ keptUntil }, maya, [dana.signedIn.member.id]);
	const path = `/api/recordings/briefs?from=${startedAt}&to=${startedAt}`;
	const shown = async () => {
		const { briefs } = (await dana.call('GET', path)).body;
		return briefs.find(({ id }: { id: string }) => id === recorder.id).keeping;
	};
	expect(await shown()).toEqual({ endsAt: keptUntil, hold: false });
	expect(await setRetention(recorder, { keptUntil: keptUntil + day })).toBe('kept');
	expect(await shown()).toEqual({ endsAt: keptUntil + day, hold: false });
	expect(await setRetention(recorder, { hold: true })).toBe('kept');
	expect(await shown()).toEqual({ endsAt: null, hold: true });
	expect(await retentionOf(recorder, dana)).toEqual({ error: 'forbidden' });
});

const rules = {
	record: {
		states: ['CA'],
		profession: 'psychologist',
		facility: 'none',
		managedCare: false,
		years: 7,
	},
	supervision: { days: 30 },
	quality: { days: 90 },
	note: { minutes: 60 },
};

test('a new policy is signed by an admin, follows the one before, and touches no recording', async () => {
	const keptUntil = local.clock.now() + 100 * day;
	const recorder = await recorded({ keptUntil, keeping: { purpose: 'supervision' } });
	const before = await retentionOf(recorder);
	const path = '/api/practice/retention';
	const put = async (said: object, key = maya.identity, staff = maya) => {
		const policy = signed(key, 'sotto/retention-policy/v1', {
			v: 1,
			practice: maya.signedIn.practice.id,
			version: 1,
			author: maya.signedIn.member.id,
			at: local.clock.now(),
			rules,
			...said,
		});
		const { status, body } = await staff.call('PUT', path, { policy });
		return status === 204 ? 'kept' : body.error;
	};
	const tom = await colleague(maya, 'supervisor');
	expect((await tom.call('GET', path)).body).toEqual({ policy: null });
	expect(await put({}, tom.identity)).toBe('bad-request');
	expect(await put({}, tom.identity, tom)).toBe('forbidden');
	expect(await put({ practice: newId() })).toBe('bad-request');
	expect(await put({ rules: { ...rules, supervision: { days: 0 } } })).toBe('bad-request');
	expect(await put({})).toBe('kept');
	expect(await put({})).toBe('conflict');
	expect(await put({ version: 2, rules: { ...rules, supervision: { days: 1 } } })).toBe('kept');
	const { policy } = (await tom.call('GET', path)).body;
	expect(JSON.parse(policy.text)).toMatchObject({ version: 2 });
	local.clock.forward(2 * day);
	await maya.unlock();
	expect(await sweep()).toBe(0);
	expect(await retentionOf(recorder)).toEqual(before);
	const { body } = await maya.call('GET', '/api/history');
	expect(body.rows.map(({ act }: { act: string }) => act)).toContain('retention-policy-changed');
});

test('the next to end come first, and only those that one may change', async () => {
	const now = local.clock.now();
	const later = await recorded({ keptUntil: now + 20 * day });
	const sooner = await recorded({ keptUntil: now + 5 * day });
	const never = await recorded({ keptUntil: null });
	const list = async (staff: Staff, query = '') =>
		(await staff.call('GET', `/api/retention${query}`)).body.recordings.map(
			({ recording }: { recording: string }) => recording,
		);
	const mine = new Set([later.id, sooner.id, never.id]);
	const among = (ids: string[]) => ids.filter((id) => mine.has(id));
	expect(among(await list(maya))).toEqual([sooner.id, later.id, never.id]);
	expect(among(await list(maya, `?before=${now + 14 * day}`))).toEqual([sooner.id]);
	const tom = await colleague(maya);
	expect(await list(tom)).toEqual([]);
});

test('storage: bytes by the months of beginning and of ending, and what the practice pays', async () => {
	const read = async (staff = maya) => (await staff.call('GET', '/api/practice/storage')).body;
	const before = await read();
	const end = local.clock.now() + 40 * day;
	await recorded({ keptUntil: end });
	const after = await read();
	expect(after.bytes - before.bytes).toBe(5000);
	expect(after.recordings - before.recordings).toBe(1);
	const sum = (list: { bytes: number }[]) => list.reduce((all, { bytes }) => all + bytes, 0);
	expect(sum(after.begun)).toBe(after.bytes);
	const month = new Date(end).toISOString().slice(0, 7);
	expect(after.ending).toContainEqual(expect.objectContaining({ month }));
	expect(after.price).toBeNull();
	const price = { micros: 23_000, currency: 'USD' };
	expect((await maya.call('PUT', '/api/practice/storage-price', { price })).status).toBe(204);
	expect((await read()).price).toEqual(price);
	const wrong = { price: { micros: -1, currency: 'dollars' } };
	expect((await maya.call('PUT', '/api/practice/storage-price', wrong)).status).toBe(400);
	const tom = await colleague(maya, 'supervisor');
	expect(await read(tom)).toEqual({ error: 'forbidden' });
});

test('what was decided about a destroyed recording is kept six years, and no longer', async () => {
	const recorder = await recorded({ keptUntil: local.clock.now() + day });
	const rows = async () => {
		const { store } = local.server.context;
		const found = store.selectFrom('retentions').select('recording');
		return (await found.where('recording', '=', recorder.id).execute()).length;
	};
	await away(2 * day);
	expect(await stateOf(recorder)).toBe('gone');
	await away(2190 * day);
	expect(await rows()).toBe(1);
	await away(3 * day);
	expect(await rows()).toBe(0);
	// The line of the history and the tombstone stay.
	expect(await actsOf(recorder)).toContain('kept-until-over by itself');
});
