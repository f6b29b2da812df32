import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Recording } from '../../signaling/protocol/recordings.ts';
import * as v from 'valibot';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { extensionOrigin, pairDevice, type PresenceDevice } from '../presence.ts';
import { someBytes, startRecording, TestRecorder } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { call, newId, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let local: LocalServer & { maya: Staff };
let extension: PresenceDevice;
beforeAll(async () => {
	local = await localPractice();
	extension = await pairDevice(local.maya);
});
afterAll(() => local.stop());

/** What an unlocked page of the member sends before a tab is captured. */
const wish = (recorder: TestRecorder, uploader: string | null = extension.id) => ({
	...recorder.request(),
	source: 'tab',
	session: null,
	uploader,
});

async function captured(device = extension): Promise<TestRecorder> {
	const recorder = new TestRecorder(local.maya, '');
	const { status } = await recorder.call('POST', '', wish(recorder, device.id));
	expect(status).toBe(201);
	return recorder;
}

/** A request of the extension itself. */
async function upload(device: PresenceDevice, method: string, path: string, body?: unknown) {
	const { token } = (await device.token()).body;
	const options = { token, origin: extensionOrigin, ...(body !== undefined && { body }) };
	return call(device.address, method, `/api/recordings${path}`, options);
}

test('a captured tab belongs to no session, and the extension that was named brings its bytes', async () => {
	const { id, audio, final, key, tracks } = await captured();
	const bytes = someBytes(300);
	expect((await upload(extension, 'PUT', `/${id}/objects/${audio}/0/0`, bytes)).status).toBe(201);
	expect((await upload(extension, 'PUT', `/${id}/objects/${final}/0/0`, bytes)).status).toBe(201);
	expect((await upload(extension, 'POST', `/${id}/alive`, {})).status).toBe(204);
	const checkpoint = signed(key, 'sotto/checkpoint/v1', { at: 1 });
	expect((await upload(extension, 'POST', `/${id}/checkpoints`, checkpoint)).status).toBe(204);
	const { body } = await local.maya.call('GET', `/api/recordings/${id}`);
	expect(body).toMatchObject({ id, source: 'tab', session: null, state: 'live', recording: true });
	const keep = [{ track: final, part: 0, chunks: 1, bytes: 300 }];
	const finish = { recovered: false, keep, remove: [audio] };
	expect((await upload(extension, 'POST', `/${id}/finish`, finish)).status).toBe(204);
	expect((await upload(extension, 'POST', `/${id}/finish`, finish)).status).toBe(204);
	const list = await local.maya.call('GET', '/api/recordings?from=0&to=9999999999999');
	expect(list.body.recordings).toContainEqual(
		expect.objectContaining({ id, source: 'tab', state: 'finished' }),
	);
	expect(tracks).toHaveLength(4);
});

test('the extension reads what it stored and no grant, and nothing once it is finished', async () => {
	const { id, audio } = await captured();
	await upload(extension, 'PUT', `/${id}/objects/${audio}/0/0`, someBytes(40));
	const { body } = await upload(extension, 'GET', `/${id}`);
	const seen = v.parse(Recording, body);
	expect(seen.objects).toMatchObject([{ track: audio, part: 0, chunks: 1 }]);
	expect([seen.grants, seen.recipients]).toEqual([[], []]);
	const empty = { recovered: false, keep: [], remove: [] };
	await upload(extension, 'POST', `/${id}/finish`, empty);
	for (const path of [`/${id}`, `/${id}/objects/${audio}/0`])
		expect((await upload(extension, 'GET', path)).body.error).toBe('gone');
	const late = await upload(extension, 'PUT', `/${id}/objects/${audio}/0/1`, someBytes(4));
	expect(late.body.error).toBe('gone');
});

test('other extensions, also of the same member, have no part in it, nor has it in other recordings', async () => {
	const { id, audio } = await captured();
	const visit = await startRecording(local.maya);
	const [mine, others] = [
		await pairDevice(local.maya),
		await pairDevice(await colleague(local.maya)),
	];
	const asked = [
		upload(mine, 'PUT', `/${id}/objects/${audio}/0/0`, someBytes(4)),
		upload(others, 'PUT', `/${id}/objects/${audio}/0/0`, someBytes(4)),
		upload(mine, 'GET', `/${id}`),
		upload(extension, 'GET', `/${visit.id}`),
		upload(extension, 'PUT', `/${visit.id}/objects/${visit.audio}/0/0`, someBytes(4)),
	];
	for (const { status, body } of await Promise.all(asked))
		expect([status, body.error]).toEqual([404, 'not-found']);
});

test('only an extension of one’s own is named, and only where the practice records', async () => {
	const { maya } = local;
	const others = await pairDevice(await colleague(maya));
	const recorder = new TestRecorder(maya, '');
	for (const uploader of [others.id, newId()]) {
		const { body } = await recorder.call('POST', '', wish(recorder, uploader));
		expect(body.error).toBe('forbidden');
	}
	const bad = [
		wish(recorder, null),
		{ ...wish(recorder), session: newId() },
		{ ...wish(recorder), source: 'call' },
	];
	for (const body of bad)
		expect((await recorder.call('POST', '', body)).body.error).toBe('bad-request');
	const { status } = await extension.call('POST', '/api/recordings', wish(recorder));
	expect(status).toBe(403);
});

test('an extension that was taken off the list brings nothing more; the next one of its member brings the rest', async () => {
	const device = await pairDevice(local.maya);
	const { id, audio } = await captured(device);
	const { token } = (await device.token()).body;
	await local.maya.call('DELETE', `/api/presence/devices/${device.id}`);
	const path = `/api/recordings/${id}/objects/${audio}/0/0`;
	const body = someBytes(4);
	const answer = await call(device.address, 'PUT', path, { token, origin: extensionOrigin, body });
	expect(answer.body.error).toBe('token');
	expect((await device.token()).body.error).toBe('not-found');
	// What it left is brought by the next one of the same member, and by nobody else's.
	const [next, others] = [
		await pairDevice(local.maya),
		await pairDevice(await colleague(local.maya)),
	];
	const put = `/${id}/objects/${audio}/0/0`;
	expect((await upload(others, 'PUT', put, body)).body.error).toBe('not-found');
	expect((await upload(next, 'PUT', put, body)).status).toBe(201);
});
