import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeBackup } from '../../signaling/backup/backup.ts';
import { restoreBackup } from '../../signaling/backup/restore.ts';
import { findBytes, piecesOf, piecesOfText } from '../bytesearch.ts';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice, localServer } from '../local.ts';
import { someBytes, startRecording, type TestRecorder } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newKey, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
let maya: Staff;
let home: string;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	home = await mkdtemp(join(tmpdir(), 'sotto-backups-'));
});
afterAll(async () => {
	await local.stop();
	await rm(home, { recursive: true, force: true });
});

/** A finished recording of one film, with words beside it, and everything in it that must not remain. */
async function recorded(by: Staff = maya) {
	const recorder = await startRecording(by);
	const { id, final } = recorder;
	const film = someBytes(5000);
	await recorder.put(final, 0, film);
	const finish = {
		recovered: false,
		keep: [{ track: final, part: 0, chunks: 1, bytes: 5000 }],
		remove: [recorder.audio],
	};
	expect((await recorder.call('POST', `/${id}/finish`, finish)).status).toBe(204);
	const notes = bytesOf(3000);
	const put = await recorder.call('PUT', `/${id}/annotations/notes`, { version: 1, sealed: notes });
	expect(put.status).toBe(204);
	const { store } = local.server.context;
	const grants = await store
		.selectFrom('grants')
		.select('content')
		.where('recording', '=', id)
		.execute();
	expect(grants).toHaveLength(1);
	const { enc, ciphertext, signature } = JSON.parse(grants[0]?.content ?? '');
	const needles = new Map([
		['film', piecesOf(film)],
		['notes', piecesOfText(notes)],
		['enc', piecesOfText(enc)],
		['ciphertext', piecesOfText(ciphertext)],
		['signature', piecesOfText(signature)],
	]);
	return { recorder, id, needles };
}

const wish = (by: Staff, { id }: TestRecorder, change: object = {}) =>
	signed(by.identity, 'sotto/deletion/v1', {
		recording: id,
		author: by.signedIn.member.id,
		at: local.clock.now(),
		...change,
	});

async function findFiles(folder: string): Promise<string[]> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	return entries
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
}

const backup = (folder: string) =>
	makeBackup({ dataDir: local.dataDir, folder: join(home, folder), now: local.clock.now() });

test('after a deletion no byte of it is left: not in the database, the objects, a backup or what is restored', async () => {
	const others = [];
	for (let n = 0; n < 8; n += 1) others.push(await recorded());
	const gone = await recorded();
	for (let n = 0; n < 8; n += 1) others.push(await recorded());
	const all = ['film', 'notes', 'enc', 'ciphertext', 'signature'];
	const kinds = (found: string[]) =>
		[...new Set(found.map((one) => one.split(' ')[0] ?? ''))].toSorted();
	expect(kinds(await findBytes(local.dataDir, gone.needles))).toEqual(all.toSorted());

	local.clock.forward(1000);
	const before = await backup('before');
	await backup('updated');
	expect(before).toMatchObject({ recordings: 17, chunks: 17, bytes: 85_000 });
	expect(kinds(await findBytes(join(home, 'before'), gone.needles))).toEqual(all.toSorted());

	local.clock.forward(1000);
	for (const { recorder } of others.splice(0, 5))
		expect((await recorder.call('DELETE', `/${recorder.id}`)).status).toBe(204);
	const { recorder, id } = gone;
	expect((await recorder.call('DELETE', `/${id}`, { wish: wish(maya, recorder) })).status).toBe(
		204,
	);
	expect(await findBytes(local.dataDir, gone.needles)).toEqual([]);

	local.clock.forward(1000);
	await backup('after');
	await backup('updated');
	for (const folder of ['after', 'updated'])
		expect(await findBytes(join(home, folder), gone.needles)).toEqual([]);

	// The one from before still has it, and so has what is made of it without the tombstones.
	const [known, unknown] = [join(home, 'known'), join(home, 'unknown')];
	const source = { folder: join(home, 'before') };
	const tombstones = join(local.dataDir, 'tombstones.log');
	expect(await restoreBackup({ ...source, dataDir: unknown, tombstones: undefined })).toMatchObject(
		{
			recordings: 17,
			deleted: 0,
		},
	);
	expect(kinds(await findBytes(unknown, gone.needles))).toEqual(all.toSorted());
	expect(await restoreBackup({ ...source, dataDir: known, tombstones })).toMatchObject({
		recordings: 11,
		deleted: 6,
	});
	expect(await findBytes(known, gone.needles)).toEqual([]);

	// What was restored works, and its history says what became of the recording.
	const again = await localServer({ dataDir: known, clock: local.clock });
	const { store } = again.server.context;
	const rows = await store
		.selectFrom('history')
		.select('act')
		.where('recording', '=', id)
		.execute();
	expect(rows.map(({ act }) => act)).toEqual([
		'recording-started',
		'recording-finished',
		'deleted',
	]);
	const left = await store.selectFrom('grants').select('recording').execute();
	expect(left.map(({ recording }) => recording).toSorted()).toEqual(
		others.map((one) => one.id).toSorted(),
	);
	await again.stop();
	expect(await findBytes(local.dataDir, others[0]?.needles ?? new Map())).not.toEqual([]);
});

test('the receipt tells what was destroyed and what could not be reached', async () => {
	const dana = await colleague(maya);
	// The backups of before are from another moment.
	local.clock.forward(1000);
	const { recorder, id } = await recorded();
	const path = `/api/recordings/${id}/receipt`;
	expect((await maya.call('GET', path)).body.error).toBe('not-found');
	const give = recorder.grant({ recipient: dana.signedIn.member.id });
	expect((await recorder.call('POST', `/${id}/grants`, { grant: give })).status).toBe(204);
	await dana.call('POST', `/api/recordings/${id}/opened`);
	await recorder.call('POST', `/${id}/opened`);
	await dana.call('POST', `/api/recordings/${id}/opened`);
	local.clock.forward(1000);
	const { at: lastBackupAt } = await backup('receipt');
	local.clock.forward(1000);
	const said = wish(maya, recorder);
	const wrong = [
		wish(maya, recorder, { recording: bytesOf(16) }),
		wish(maya, recorder, { author: dana.signedIn.member.id }),
		{ ...said, text: said.text.replace('recording', 'Recording') },
		signed(newKey(), 'sotto/deletion/v1', JSON.parse(said.text)),
		signed(maya.identity, 'sotto/deletion-request/v1', JSON.parse(said.text)),
	];
	for (const one of wrong)
		expect((await recorder.call('DELETE', `/${id}`, { wish: one })).body.error).toBe('bad-request');
	expect((await recorder.call('DELETE', `/${id}`, { wish: said })).status).toBe(204);
	const { body } = await maya.call('GET', path);
	expect(body).toEqual({
		recording: id,
		act: 'deleted',
		by: maya.signedIn.member.id,
		startedAt: expect.any(Number),
		at: local.clock.now(),
		erasedAt: local.clock.now(),
		wish: said,
		destroyed: {
			grants: 2,
			tracks: 3,
			objects: 1,
			bytes: 5000,
			annotations: 1,
			reasons: 0,
			shares: 0,
			messages: 0,
			derivatives: 0,
		},
		notReached: { openers: 2, exports: 0, shares: 0, copies: 0, backups: 1, lastBackupAt },
	});
	// Whose it was, others cannot tell from one that is not there.
	expect((await dana.call('GET', path)).body.error).toBe('not-found');
	// A backup that is brought up to date does not hold it any more.
	local.clock.forward(1000);
	await backup('receipt');
	expect((await maya.call('GET', path)).body.notReached).toMatchObject({
		backups: 0,
		lastBackupAt: null,
	});
});

test('a backup is whole or says that it is not', async () => {
	await recorded();
	await backup('whole');
	const folder = join(home, 'whole');
	const broken = join(home, 'broken');
	const restore = (dataDir: string, tombstones?: string) =>
		restoreBackup({ folder: broken, dataDir: join(home, dataDir), tombstones });
	await expect(restore('x1')).rejects.toThrow('no backup that was finished');
	await cp(folder, broken, { recursive: true });
	await expect(restore('x1', join(home, 'nothing.log'))).rejects.toThrow('cannot be read');
	await expect(restore('whole')).rejects.toThrow('is not empty');
	const [chunk] = await findFiles(join(broken, 'objects'));
	if (!chunk) throw new Error('no chunk');
	const bytes = await readFile(chunk);
	await writeFile(
		chunk,
		bytes.map((byte, at) => (at === 9 ? byte ^ 1 : byte)),
	);
	await expect(restore('x2')).rejects.toThrow('is damaged');
	await rm(chunk);
	await expect(restore('x3')).rejects.toThrow('is missing');
	await writeFile(join(broken, 'sotto.db'), 'nothing');
	await expect(restore('x4')).rejects.toThrow('sotto.db in');
	await writeFile(join(home, 'full.txt'), '');
	await expect(makeBackup({ dataDir: local.dataDir, folder: home, now: 0 })).rejects.toThrow(
		'not empty and no backup',
	);
	await expect(
		makeBackup({ dataDir: join(home, 'none'), folder: join(home, 'new'), now: 0 }),
	).rejects.toThrow('nothing to back up');
});
