import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { type TestRecorder, someBytes, startRecording } from '../recorder.ts';
import { Staff, logIn } from '../staff.ts';
import { newId, newKey } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const dayMs = 24 * 60 * 60_000;
let local: LocalServer & { maya: Staff };
let maya: Staff;
let other: Staff;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	other = await colleague(maya);
});
afterAll(() => local.stop());

async function finished(): Promise<TestRecorder> {
	const recorder = await startRecording(maya);
	await recorder.put(recorder.final, 0, someBytes(2000));
	const keep = [{ track: recorder.final, part: 0, chunks: 1, bytes: 2000 }];
	const finish = { recovered: false, keep, remove: [recorder.audio] };
	expect((await recorder.call('POST', `/${recorder.id}/finish`, finish)).status).toBe(204);
	return recorder;
}

/** The same member in another browser. */
async function anotherDevice({ address, email, password, recovery, identity }: Staff) {
	const deviceKey = newKey();
	const device = { publicKey: deviceKey.publicKey, name: 'Another browser' };
	const { body } = await logIn(address, { email, password, device });
	const credentials = { address, email, password, recovery, identity, deviceKey };
	return new Staff({ ...credentials, signedIn: body });
}

const inDays = (days: number) => ({ expiresAt: local.clock.now() + days * dayMs });
const keep = (staff: Staff, id: string, days = 7) =>
	staff.call('PUT', `/api/copies/${id}`, inDays(days));
const check = async (staff: Staff, ...recordings: string[]) =>
	(await staff.call('POST', '/api/copies', { recordings })).body.remove;
const actsOf = async ({ id }: TestRecorder) => {
	const { body } = await maya.call('GET', `/api/recordings/${id}/history`);
	return (body.rows ?? []).map(({ act }: { act: string }) => act);
};

test('a copy is written into the history when it is kept and when it is removed', async () => {
	const recorder = await finished();
	expect((await keep(maya, recorder.id)).status).toBe(200);
	expect((await maya.call('DELETE', `/api/copies/${recorder.id}`)).status).toBe(204);
	// Said twice, it was done once.
	expect((await maya.call('DELETE', `/api/copies/${recorder.id}`)).status).toBe(204);
	const acts = await actsOf(recorder);
	expect(acts.filter((act: string) => act.startsWith('copy'))).toEqual([
		'copy-kept',
		'copy-removed',
	]);
});

test('only a finished recording that she can open, and not for ever', async () => {
	const live = await startRecording(maya);
	expect((await keep(maya, live.id)).body.error).toBe('not-ready');
	const recorder = await finished();
	expect((await keep(maya, recorder.id, 91)).body.error).toBe('over-limit');
	const real = await keep(other, recorder.id);
	const none = await keep(other, newId());
	expect([real.status, real.body]).toEqual([none.status, none.body]);
	expect(real.status).toBe(404);
	expect((await other.call('DELETE', `/api/copies/${recorder.id}`)).status).toBe(204);
	expect(await actsOf(recorder)).not.toContain('copy-removed');
});

test('a device hears at its next contact what it may not keep any more', async () => {
	const [stays, goes] = [await finished(), await finished()];
	for (const { id } of [stays, goes]) await keep(maya, id);
	expect(await check(maya, stays.id, goes.id)).toEqual([]);
	expect((await goes.call('DELETE', `/${goes.id}`)).status).toBe(204);
	expect(await check(maya, stays.id, goes.id)).toEqual([goes.id]);
	// Of another's it learns nothing but that it may not have it.
	expect(await check(other, stays.id, newId())).toHaveLength(2);
	const rows = await local.server.context.store.selectFrom('copies').selectAll().execute();
	expect(rows.map(({ recording }) => recording)).toContain(goes.id);
	expect((await maya.call('DELETE', `/api/copies/${goes.id}`)).status).toBe(204);
	const left = await local.server.context.store.selectFrom('copies').selectAll().execute();
	expect(left.map(({ recording }) => recording)).toEqual([stays.id]);
});

test('a device that signs out keeps none, and the history says so', async () => {
	const recorder = await finished();
	const elsewhere = await anotherDevice(maya);
	expect((await keep(elsewhere, recorder.id)).status).toBe(200);
	expect((await keep(maya, recorder.id)).status).toBe(200);
	expect((await elsewhere.call('POST', '/api/device/sign-out')).status).toBe(204);
	const acts = await actsOf(recorder);
	expect(acts.filter((act: string) => act.startsWith('copy'))).toEqual([
		'copy-kept',
		'copy-kept',
		'copy-removed',
	]);
	const { store } = local.server.context;
	const left = await store
		.selectFrom('copies')
		.select('device')
		.where('recording', '=', recorder.id)
		.execute();
	expect(left).toEqual([{ device: maya.signedIn.device }]);
});

/** Says in the database what a statement of a member would. */
const keepUntil = ({ id }: TestRecorder, kept: { kept_until?: number; minutes?: number }) =>
	local.server.context.store
		.updateTable('retentions')
		.set({ kept_until: null, minutes: null, ...kept })
		.where('recording', '=', id)
		.execute();

test('no copy is kept longer than its recording, also where that is to go sooner later', async () => {
	const recorder = await finished();
	const now = local.clock.now();
	const endOf = async () => {
		const asked = { recordings: [recorder.id] };
		const { remove, ends } = (await maya.call('POST', '/api/copies', asked)).body;
		expect(remove).toEqual([]);
		return ends;
	};
	await keepUntil(recorder, { kept_until: now + 3 * dayMs });
	const kept = await keep(maya, recorder.id);
	expect([kept.status, kept.body]).toEqual([200, { expiresAt: now + 3 * dayMs }]);
	expect(await endOf()).toEqual([{ recording: recorder.id, expiresAt: now + 3 * dayMs }]);
	await keepUntil(recorder, { kept_until: now + dayMs });
	expect(await endOf()).toEqual([{ recording: recorder.id, expiresAt: now + dayMs }]);
	// What is kept longer again makes no copy last longer.
	await keepUntil(recorder, { kept_until: now + 9 * dayMs });
	expect(await endOf()).toEqual([{ recording: recorder.id, expiresAt: now + dayMs }]);
	// Of one for notes there is hardly time for any.
	await keepUntil(recorder, { minutes: 30 });
	const { expiresAt } = (await keep(maya, recorder.id)).body;
	expect(expiresAt).toBeLessThanOrEqual(local.clock.now() + 30 * 60_000);
	await keepUntil(recorder, { kept_until: local.clock.now() - 1 });
	expect((await keep(maya, recorder.id)).body.error).toBe('gone');
});
