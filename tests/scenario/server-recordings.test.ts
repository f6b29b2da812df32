import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, asyncProperty, nat } from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { localPractice, localServer, type LocalServer } from '../local.ts';
import { someBytes, startRecording, TestRecorder } from '../recorder.ts';
import { claimPlace } from '../line.ts';
import type { Staff } from '../staff.ts';
import { call, newId, newKey, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let local: LocalServer & { maya: Staff };
let maya: Staff;
const acts = (rows: { act: string }[]) => rows.map(({ act }) => act);

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
});
afterAll(() => local.stop());

test('no bytes before the wrapped keys', async () => {
	const { id: session } = await maya.session({ recorded: true });
	const recorder = new TestRecorder(maya, session);
	const bytes = someBytes(100);
	expect(await recorder.put(recorder.audio, 0, bytes)).toMatchObject({
		status: 404,
		body: { error: 'not-found' },
	});
	const request = recorder.request();
	expect((await recorder.call('POST', '', request)).status).toBe(201);
	expect((await recorder.call('POST', '', request)).status).toBe(200);
	const other = { ...request, grants: [recorder.grant()] };
	expect((await recorder.call('POST', '', other)).body).toEqual({ error: 'conflict' });
	expect((await recorder.put(recorder.audio, 0, bytes)).status).toBe(201);
	expect((await recorder.put(newId(), 0, bytes)).body).toEqual({ error: 'not-found' });
});

test('a session that is not recorded stays so, and nobody else starts one', async () => {
	const { id } = await maya.session({ recorded: false });
	const recorder = new TestRecorder(maya, id);
	expect((await recorder.call('POST', '', recorder.request())).body.error).toBe('forbidden');
	const unknown = new TestRecorder(maya, newId());
	expect((await unknown.call('POST', '', unknown.request())).body.error).toBe('not-found');
	const { id: session } = await maya.session({ recorded: true });
	const mine = new TestRecorder(maya, session);
	for (const change of [{ recording: newId() }, { grantor: newId() }, { recipient: newId() }]) {
		const request = mine.request([mine.grant(change)]);
		expect((await mine.call('POST', '', request)).body.error).toBe('bad-request');
	}
	await maya.call('POST', `/api/sessions/${session}/end`);
	expect((await mine.call('POST', '', mine.request())).body.error).toBe('session-ended');
});

test('chunks come in order, once, and never change', async () => {
	const recorder = await startRecording(maya);
	const { audio } = recorder;
	const [first, second] = [someBytes(136), someBytes(9000)];
	expect((await recorder.put(audio, 1, second)).body).toEqual({ error: 'chunk-order', next: 0 });
	expect((await recorder.put(audio, 0, first)).status).toBe(201);
	expect((await recorder.put(audio, 0, first)).status).toBe(200);
	expect((await recorder.put(audio, 0, second)).body).toEqual({ error: 'chunk-differs' });
	expect((await recorder.put(audio, 2, second)).body).toEqual({ error: 'chunk-order', next: 1 });
	expect((await recorder.put(audio, 1, second)).status).toBe(201);
	expect((await recorder.put(audio, 0, someBytes(50), 1)).status).toBe(201);
	expect((await recorder.put(audio, 2, new Uint8Array())).body.error).toBe('bad-request');
	expect((await recorder.put(audio, 2, someBytes(1_200_000))).body.error).toBe('over-limit');
	expect((await recorder.put(audio, 0, first, 5000)).body.error).toBe('over-limit');
	const { body } = await recorder.call('GET', `/${recorder.id}`);
	expect(body.objects).toEqual([
		{ track: audio, part: 0, chunks: 2, bytes: 9136, sizes: [136, 9000] },
		{ track: audio, part: 1, chunks: 1, bytes: 50, sizes: [50] },
	]);
	const response = await recorder.range(audio, '');
	expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.concat([first, second]));
});

test('the same chunk from two tabs at once is stored once', async () => {
	const recorder = await startRecording(maya);
	const bytes = someBytes(5000);
	const answers = await Promise.all(
		Array.from({ length: 8 }, () => recorder.put(recorder.audio, 0, bytes)),
	);
	expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
	expect(answers.filter(({ status }) => status === 200)).toHaveLength(7);
});

test('tracks of somebody who comes late', async () => {
	const recorder = await startRecording(maya);
	const late = { id: newId(), kind: 'audio', person: 1 };
	const more = { tracks: [late], grants: [recorder.grant()] };
	expect((await recorder.put(late.id, 0, someBytes(9))).body.error).toBe('not-found');
	expect((await recorder.call('POST', `/${recorder.id}/tracks`, more)).status).toBe(204);
	expect((await recorder.call('POST', `/${recorder.id}/tracks`, more)).status).toBe(204);
	expect((await recorder.put(late.id, 0, someBytes(9))).status).toBe(201);
	const many = Array.from({ length: 60 }, (_, person) => ({ ...late, id: newId(), person }));
	const over = { tracks: many, grants: [recorder.grant()] };
	expect((await recorder.call('POST', `/${recorder.id}/tracks`, over)).body.error).toBe(
		'over-limit',
	);
});

test('finish keeps the final objects and removes the live ones, on disk too', async () => {
	const recorder = await startRecording(maya);
	const { id, audio, final, session } = recorder;
	const folder = (track: string) => join(local.dataDir, 'objects', id, track);
	await recorder.put(audio, 0, someBytes(1000));
	await recorder.put(final, 0, someBytes(2000));
	expect((await recorder.checkpoint()).status).toBe(204);
	expect((await recorder.checkpoint(newKey())).body.error).toBe('forbidden');
	const keep = [{ track: final, part: 0, chunks: 1, bytes: 2000 }];
	const finish = { recovered: false, keep, remove: [audio] };
	const lie = { ...finish, keep: [{ ...keep[0], bytes: 1999 }] };
	expect((await recorder.call('POST', `/${id}/finish`, lie)).body.error).toBe('conflict');
	expect(existsSync(folder(audio))).toBe(true);
	expect((await recorder.call('POST', `/${id}/finish`, finish)).status).toBe(204);
	expect((await recorder.call('POST', `/${id}/finish`, finish)).status).toBe(204);
	expect(existsSync(folder(audio))).toBe(false);
	expect(existsSync(folder(final))).toBe(true);
	expect((await recorder.put(audio, 1, someBytes(5))).body.error).toBe('gone');
	expect((await recorder.put(final, 1, someBytes(5))).body.error).toBe('gone');
	const { body } = await recorder.call('GET', `/${id}`);
	expect(body).toMatchObject({ state: 'finished', recording: false, bytes: 2000 });
	expect(body.objects).toEqual([{ track: final, part: 0, chunks: 1, bytes: 2000, sizes: [] }]);
	expect(body.checkpoints).toHaveLength(1);
	const { body: history } = await maya.call('GET', `/api/sessions/${session}/history`);
	expect(acts(history.rows)).toEqual(['session-made', 'recording-started', 'recording-finished']);
});

test('delete: grants, objects, tombstone; the line outlives the database', async () => {
	const recorder = await startRecording(maya);
	const { id, audio } = recorder;
	await recorder.put(audio, 0, someBytes(1000));
	expect((await recorder.call('DELETE', `/${id}`)).status).toBe(204);
	expect((await recorder.call('DELETE', `/${id}`)).status).toBe(204);
	expect((await recorder.call('GET', `/${id}`)).body).toEqual({ error: 'gone' });
	expect((await recorder.range(audio, 'bytes=0-9')).status).toBe(410);
	expect((await recorder.put(audio, 1, someBytes(5))).body.error).toBe('gone');
	expect((await recorder.call('POST', '', recorder.request())).body.error).toBe('gone');
	expect(existsSync(join(local.dataDir, 'objects', id))).toBe(false);
	const { store } = local.server.context;
	for (const table of ['grants', 'chunks', 'objects', 'tracks'] as const)
		expect(await store.selectFrom(table).selectAll().where('recording', '=', id).execute()).toEqual(
			[],
		);
	const { body } = await maya.call('GET', '/api/tombstones');
	expect(body.tombstones.map((it: { recording: string }) => it.recording)).toContain(id);
	expect(await readFile(join(local.dataDir, 'tombstones.log'), 'utf8')).toContain(id);
	const { body: list } = await maya.call('GET', '/api/recordings');
	expect(list.recordings.some((it: { id: string }) => it.id === id)).toBe(false);
});

test('a participant asks for deletion, and it shows on the recording', async () => {
	const { id: session, places } = await maya.session({ recorded: true });
	const place = places[0] ?? '';
	const recorder = await new TestRecorder(maya, session).start();
	const { token, key } = await claimPlace(local.address, place);
	const ask = (by = key) =>
		call(local.address, 'POST', '/api/deletion-requests', {
			token,
			body: { request: signed(by, 'sotto/deletion-request/v1', { session }) },
		});
	expect((await ask(newKey())).body.error).toBe('forbidden');
	await maya.call('POST', `/api/sessions/${session}/end`);
	expect((await ask()).status).toBe(204);
	const { body } = await recorder.call('GET', `/${recorder.id}`);
	expect(body.deletionRequests).toMatchObject([{ place, request: { text: expect.any(String) } }]);
	local.clock.forward(25 * 60 * 60_000);
	expect((await ask()).body.error).toBe('token');
});

test('a recorder that falls silent is lost; one that ended is not', async () => {
	const { server, clock } = local;
	maya.signedIn = (await maya.unlock()).body;
	const [silent, ended] = [await startRecording(maya), await startRecording(maya)];
	const own = newId();
	const host = await maya.line();
	await host.ask({ type: 'enter', id: newId(), session: ended.session, seat: own });
	expect((await host.ask({ type: 'act', id: newId(), act: 'recording-ended' })).type).toBe('done');
	const state = async (id: string) =>
		(await maya.call('GET', `/api/recordings/${id}`)).body.recording;
	expect(await state(silent.id)).toBe(true);
	expect(await state(ended.id)).toBe(false);
	clock.forward(9000);
	expect((await silent.call('POST', `/${silent.id}/alive`)).status).toBe(204);
	clock.forward(9000);
	await server.context.presence.watch();
	expect(await state(silent.id)).toBe(true);
	clock.forward(2000);
	await server.context.presence.watch();
	expect(await state(silent.id)).toBe(false);
	const history = async (id: string) =>
		acts((await maya.call('GET', `/api/recordings/${id}/history`)).body.rows);
	expect(await history(silent.id)).toEqual(['recording-started', 'recording-lost']);
	expect(await history(ended.id)).toEqual(['recording-started']);
	await silent.call('POST', `/${silent.id}/alive`);
	expect(await state(silent.id)).toBe(true);
	await host.close();
});

test('what a crash left behind is put in order at the next start', async () => {
	const first = await localPractice();
	const kept = await startRecording(first.maya);
	const deleted = await startRecording(first.maya);
	const finished = await startRecording(first.maya);
	for (const { audio, put } of [kept, deleted, finished].map((it) => ({
		audio: it.audio,
		put: it.put.bind(it),
	})))
		await put(audio, 0, someBytes(500));
	const objects = join(first.dataDir, 'objects');
	const { store } = first.server.context;
	// A crash in the middle: grants are gone and the tombstone is written, the files are still there.
	await store.deleteFrom('grants').where('recording', '=', deleted.id).execute();
	await store.insertInto('tombstones').values({ recording: deleted.id, at: 1 }).execute();
	await store
		.updateTable('recordings')
		.set({ state: 'deleted' })
		.where('id', '=', deleted.id)
		.execute();
	await store.updateTable('tracks').set({ removed: 1 }).where('id', '=', finished.audio).execute();
	await first.close();
	const part = join(objects, kept.id, kept.audio, '0');
	await writeFile(join(part, '1.77-1.tmp'), 'half a chunk');
	await mkdir(join(objects, newId(), newId(), '0'), { recursive: true });

	const second = await localServer({ dataDir: first.dataDir, clock: first.clock });
	expect(await readdir(part)).toEqual(['0']);
	expect((await readdir(objects)).toSorted()).toEqual([kept.id, finished.id].toSorted());
	expect(existsSync(join(objects, finished.id, finished.audio))).toBe(false);
	expect(await readFile(join(first.dataDir, 'tombstones.log'), 'utf8')).toContain(deleted.id);
	await second.stop();
});

test('a database from before a deletion does not bring the recording back', async () => {
	const first = await localPractice();
	const recorder = await startRecording(first.maya);
	await recorder.put(recorder.audio, 0, someBytes(500));
	await first.close();
	const line = JSON.stringify({ recording: recorder.id, at: 5 });
	await writeFile(join(first.dataDir, 'tombstones.log'), `\n${line}\n{"recording":"cut sh`);
	const second = await localServer({ dataDir: first.dataDir, clock: first.clock });
	const { store } = second.server.context;
	expect(await store.selectFrom('grants').selectAll().execute()).toEqual([]);
	expect(existsSync(join(first.dataDir, 'objects', recorder.id))).toBe(false);
	expect(await store.selectFrom('tombstones').selectAll().execute()).toEqual([
		{ recording: recorder.id, at: 5 },
	]);
	await second.stop();
});

test('any range of any run of chunks is the range of the joined bytes', async () => {
	const recorder = await startRecording(maya);
	const { audio } = recorder;
	const sizes = [136, 1, 70_000, 3, 4096, ...Array.from({ length: 300 }, (_, n) => (n * 7) % 50)];
	const chunks = sizes.filter((size) => size > 0).map(someBytes);
	for (const [index, bytes] of chunks.entries()) await recorder.put(audio, index, bytes);
	const whole = Buffer.concat(chunks);
	await assert(
		asyncProperty(nat(whole.length - 1), nat(3000), async (from, length) => {
			const to = Math.min(from + length, whole.length - 1);
			const response = await recorder.range(audio, `bytes=${from}-${to}`);
			expect(response.status).toBe(206);
			expect(response.headers.get('content-range')).toBe(`bytes ${from}-${to}/${whole.length}`);
			const bytes = Buffer.from(await response.arrayBuffer());
			expect(bytes.equals(whole.subarray(from, to + 1))).toBe(true);
		}),
		{ numRuns: 60 },
	);
	const beyond = await recorder.range(audio, `bytes=${whole.length}-`);
	expect(beyond.status).toBe(416);
	expect(beyond.headers.get('content-range')).toBe(`bytes */${whole.length}`);
});

test('a range is cut to what one answer may hold', async () => {
	const recorder = await startRecording(maya);
	for (let chunk = 0; chunk < 5; chunk += 1)
		await recorder.put(recorder.final, chunk, new Uint8Array(1024 * 1024).fill(chunk));
	const response = await recorder.range(recorder.final, 'bytes=10-');
	const bytes = Buffer.from(await response.arrayBuffer());
	expect(bytes.length).toBe(4 * 1024 * 1024);
	expect([bytes[0], bytes.at(-1)]).toEqual([0, 4]);
});
