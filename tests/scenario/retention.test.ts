import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { TestRecorder, someBytes } from '../recorder.ts';
import { retaining } from '../retaining.ts';
import { newId } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const day = 24 * 60 * 60_000;
const minute = 60_000;
const practice = retaining();

test('what the notice said holds from the first moment, and is enforced to the day', async () => {
	const keptUntil = practice.local.clock.now() + 30 * day;
	const recorder = await practice.recorded({ keptUntil, keeping: { purpose: 'supervision' } });
	expect(await practice.of(recorder)).toEqual({
		recording: recorder.id,
		version: 0,
		purpose: 'supervision',
		keptUntil,
		minutes: null,
		hold: false,
		endsAt: keptUntil,
		statement: null,
	});
	const forever = await practice.recorded({ keptUntil: null });
	practice.local.clock.forward(30 * day);
	await practice.maya.unlock();
	expect(await practice.sweep()).toBe(0);
	expect(await practice.stateOf(recorder)).toBe('finished');
	practice.local.clock.forward(1);
	expect(await practice.sweep()).toBe(1);
	expect([await practice.stateOf(recorder), await practice.stateOf(forever)]).toEqual([
		'gone',
		'finished',
	]);
	expect((await practice.actsOf(recorder)).at(-1)).toBe('kept-until-over by itself');
	expect(existsSync(join(practice.local.dataDir, 'objects', recorder.id))).toBe(false);
	const { tombstones } = (await practice.maya.call('GET', '/api/tombstones')).body;
	expect(tombstones).toContainEqual({ recording: recorder.id, at: practice.local.clock.now() });
	expect(await practice.sweep()).toBe(0);
});

test('what ended while the server was away goes when it starts, a hold and a later date stay', async () => {
	const keptUntil = practice.local.clock.now() + 10 * day;
	const notice = { keptUntil, keeping: { purpose: 'quality' } };
	const over = await practice.recorded(notice);
	const held = await practice.recorded(notice);
	const extended = await practice.recorded(notice);
	expect(await practice.set(held, { hold: true })).toBe('kept');
	expect(await practice.set(extended, { keptUntil: keptUntil + 400 * day })).toBe('kept');
	await practice.away(300 * day);
	expect([
		await practice.stateOf(over),
		await practice.stateOf(held),
		await practice.stateOf(extended),
	]).toEqual(['gone', 'finished', 'finished']);
	expect((await practice.actsOf(over)).at(-1)).toBe('kept-until-over by itself');
	expect(await practice.of(held)).toMatchObject({ hold: true, keptUntil, endsAt: null });
	expect(await practice.set(held, { hold: false })).toBe('kept');
	expect(await practice.sweep()).toBe(1);
	expect((await practice.actsOf(held)).slice(-3)).toEqual([
		'hold-placed',
		'hold-released',
		'kept-until-over by itself',
	]);
	await practice.away(111 * day);
	expect(await practice.stateOf(extended)).toBe('gone');
});

test('nobody deletes what is on legal hold, by hand neither', async () => {
	const recorder = await practice.recorded({ keptUntil: null, keeping: { purpose: 'legal' } });
	expect(await practice.of(recorder)).toMatchObject({ purpose: 'legal', hold: true, endsAt: null });
	const path = `/api/recordings/${recorder.id}`;
	expect((await practice.maya.call('DELETE', path)).body.error).toBe('conflict');
	expect(await practice.stateOf(recorder)).toBe('finished');
	expect(await practice.set(recorder, { hold: false, purpose: 'legal' })).toBe('kept');
	expect((await practice.maya.call('DELETE', path)).status).toBe(204);
	expect(await practice.stateOf(recorder)).toBe('gone');
});

test('under a hold nobody destroys a track either, and a copy is held and kept as what it was made of', async () => {
	const keptUntil = practice.local.clock.now() + 20 * day;
	const source = await practice.recorded({ keptUntil, keeping: { purpose: 'quality' } });
	const path = `/api/recordings/${source.id}`;
	const copy = new TestRecorder(practice.maya, source.session);
	const cut = async () => {
		const { id, tracks, final } = copy;
		const grants = [copy.grant()];
		const made = await practice.maya.call('POST', `${path}/derivatives`, { id, tracks, grants });
		expect(made.status).toBe(201);
		copy.token = source.token;
		expect((await copy.put(final, 0, someBytes(900))).status).toBe(201);
		const finish = { keep: [{ track: final, part: 0, chunks: 1, bytes: 900 }], replaces: false };
		const finished = `${path}/derivatives/${id}/finish`;
		expect((await practice.maya.call('POST', finished, finish)).status).toBe(204);
	};
	expect(await practice.set(source, { hold: true })).toBe('kept');
	await cut();
	const begun = await practice.maya.call('POST', `${path}/revisions`, {
		id: newId(),
		kind: 'destroy',
		grant: source.grant({ recipient: practice.maya.signedIn.member.id }),
	});
	expect(begun.body.error).toBe('conflict');
	const kept = (await practice.maya.call('GET', `/api/recordings/${copy.id}/retention`)).body;
	expect(kept).toMatchObject({ version: 0, purpose: 'quality', keptUntil, hold: true });
	// Released for the source alone: the copy stays until its own hold is released, whatever its date.
	expect(await practice.set(source, { hold: false })).toBe('kept');
	practice.local.clock.forward(20 * day + 1);
	await practice.maya.unlock();
	expect(await practice.sweep()).toBe(1);
	const state = async () => (await practice.maya.call('GET', `/api/recordings/${copy.id}`)).status;
	expect(await state()).toBe(200);
	const later = { keptUntil: keptUntil + 400 * day, hold: false };
	expect(await practice.set(copy, later)).toBe('kept');
	expect(await practice.sweep()).toBe(1);
	expect(await state()).toBe(410);
});

test('a note is written in minutes after the end, and a recorder that is there is not cut off', async () => {
	const recorder = await practice.recorded({ keeping: { purpose: 'note', minutes: 30 } });
	const end = practice.local.clock.now() + 30 * minute;
	expect(await practice.of(recorder)).toMatchObject({ minutes: 30, keptUntil: null, endsAt: end });
	const { id } = await practice.maya.session({ recorded: true });
	const running = await new TestRecorder(practice.maya, id).start();
	practice.local.clock.forward(30 * minute + 1);
	await practice.maya.unlock();
	running.token = '';
	expect((await running.call('POST', `/${running.id}/alive`)).status).toBe(204);
	const { store } = practice.local.server.context;
	await store
		.updateTable('retentions')
		.set({ kept_until: practice.local.clock.now() - 1 })
		.where('recording', '=', running.id)
		.execute();
	expect(await practice.sweep()).toBe(1);
	expect([await practice.stateOf(recorder), await practice.stateOf(running)]).toEqual([
		'gone',
		'live',
	]);
	practice.local.clock.forward(minute);
	expect(await practice.sweep()).toBe(1);
	expect(await practice.stateOf(running)).toBe('gone');
});

test('what somebody asked a copy of is not destroyed by its date before she is answered', async () => {
	const keptUntil = practice.local.clock.now() + 10 * day;
	const recorder = await practice.recorded({ keptUntil });
	const { session } = recorder;
	const place = (await practice.maya.call('GET', `/api/sessions/${session}`)).body.places[0].id;
	const id = newId();
	const wanted = { id, session, place, kind: 'copy', receivedAt: practice.local.clock.now() };
	expect((await practice.maya.call('POST', '/api/requests', wanted)).status).toBe(201);
	practice.local.clock.forward(11 * day);
	await practice.maya.unlock();
	expect(await practice.sweep()).toBe(0);
	expect(await practice.stateOf(recorder)).toBe('finished');
	const answer = { state: 'done', words: null };
	expect((await practice.maya.call('POST', `/api/requests/${id}/close`, answer)).status).toBe(204);
	expect(await practice.sweep()).toBe(1);
	expect(await practice.stateOf(recorder)).toBe('gone');
});

test('what was decided about a destroyed recording is kept six years, and no longer', async () => {
	const recorder = await practice.recorded({ keptUntil: practice.local.clock.now() + day });
	const rows = async () => {
		const { store } = practice.local.server.context;
		const found = store.selectFrom('retentions').select('recording');
		return (await found.where('recording', '=', recorder.id).execute()).length;
	};
	await practice.away(2 * day);
	expect(await practice.stateOf(recorder)).toBe('gone');
	await practice.away(2190 * day);
	expect(await rows()).toBe(1);
	await practice.away(3 * day);
	expect(await rows()).toBe(0);
	// The line of the history and the tombstone stay.
	expect(await practice.actsOf(recorder)).toContain('kept-until-over by itself');
});
