import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { filesIn, sha256 } from '../../scripts/integrity.js';
import { copySources } from './sources.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Builds a copy of the sources in a folder of its own; gives every file with its hash. */
async function buildIn(name: string, zone: string): Promise<Map<string, string>> {
	const folder = await copySources(name);
	folders.push(folder);
	const { status, stderr } = spawnSync(process.execPath, ['scripts/build-extension.js'], {
		cwd: folder,
		encoding: 'utf8',
		// Nothing of the place or the day may come in.
		env: { ...process.env, SOURCE_COMMIT: '0'.repeat(40), TZ: zone },
	});
	if (status !== 0) throw new Error(stderr);
	const build = join(folder, 'build');
	// A stamp says of which folder it is; nobody gets it.
	const files = filesIn(build).filter((path) => !path.endsWith('.stamp'));
	const hashes = files.map(async (path) => sha256(await readFile(join(build, path))));
	const found = await Promise.all(hashes);
	return new Map(files.map((path, index) => [path, found[index] ?? '']));
}

test('two builds of one commit are the same, byte for byte, wherever they are made', async () => {
	const one = await buildIn('a-', 'UTC');
	const other = await buildIn('another-folder-with-a-longer-name-', 'Asia/Tokyo');
	const names = [...one.keys()];
	expect(names).toContain('pwa/200.html.br');
	expect(names).toContain('extension/manifest.json');
	expect(names).toContain('extension/app/index.html');
	expect(names.filter((name) => /^sotto-extension-.*\.zip$/.test(name))).toHaveLength(1);
	expect([...other]).toEqual([...one]);
	// A busy machine takes five times as long as a quiet one.
}, 1_800_000);
