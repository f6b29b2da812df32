import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type LocalServer, localPractice, localServer } from '../local.ts';
import { someBytes, startRecording, type TestRecorder } from '../recorder.ts';
import type { Staff } from '../staff.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
let home: string;
let kept: TestRecorder;
let gone: TestRecorder;

beforeAll(async () => {
	local = await localPractice();
	home = await mkdtemp(join(tmpdir(), 'sotto-command-'));
	kept = await startRecording(local.maya);
	gone = await startRecording(local.maya);
	for (const recorder of [kept, gone]) await recorder.put(recorder.audio, 0, someBytes(500));
});
afterAll(async () => {
	await local.stop();
	await rm(home, { recursive: true, force: true });
});

/** `npm run` without npm, in a process of its own, with nobody at a terminal. */
async function run(dataDir: string, ...args: string[]) {
	const child = spawn(process.execPath, ['signaling/backup/command.ts', ...args], {
		cwd: join(import.meta.dirname, '../..'),
		env: { ...process.env, DATA_DIR: dataDir },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const [[code], out, err] = await Promise.all([
		once(child, 'close'),
		text(child.stdout),
		text(child.stderr),
	]);
	return { code, out, err };
}

test('a server that runs is backed up by another process, and goes on', async () => {
	const folder = join(home, 'backup');
	const { code, out } = await run(local.dataDir, 'backup', folder);
	expect(code).toBe(0);
	expect(out).toContain(`2 recordings, 1000 bytes, are in ${folder}.`);
	expect((await kept.put(kept.audio, 1, someBytes(500))).status).toBe(201);
	expect((await gone.call('DELETE', `/${gone.id}`)).status).toBe(204);
});

test('a restore asks for tombstones, and with nobody to answer restores nothing', async () => {
	const folder = join(home, 'backup');
	const dataDir = join(home, 'restored');
	const asked = await run(dataDir, 'restore', folder);
	expect(asked.code).toBe(1);
	expect(asked.err).toContain('recordings come back that were deleted after 20');
	expect(asked.err).toContain('Nothing was restored.');
	const tombstones = join(local.dataDir, 'tombstones.log');
	const done = await run(dataDir, 'restore', folder, '--tombstones', tombstones);
	expect([done.code, done.err]).toEqual([0, '']);
	expect(done.out).toContain(`1 recordings are in ${dataDir}.`);
	expect(done.out).toContain('1 recordings of the backup were deleted since');
	const again = await localServer({ dataDir, clock: local.clock });
	const { store } = again.server.context;
	const rows = await store.selectFrom('chunks').select('recording').execute();
	expect(rows).toEqual([{ recording: kept.id }]);
	await again.close();
	const over = await run(dataDir, 'restore', folder, '--without-tombstones');
	expect([over.code, over.err]).toEqual([1, expect.stringContaining('is not empty')]);
	const without = await run(join(home, 'all'), 'restore', folder, '--without-tombstones');
	expect(without.out).toContain('2 recordings are in');
});

test('a command without a folder says how it is used', async () => {
	const { code, err } = await run(local.dataDir, 'backup');
	expect([code, err]).toEqual([
		1,
		expect.stringContaining('npm run restore -- FOLDER --tombstones'),
	]);
});
