import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { filesIn, sha256 } from '../../scripts/integrity.js';

const root = join(import.meta.dirname, '../..');
const sources = [
	'package.json',
	'tsconfig.json',
	'vite.config.ts',
	'svelte.config.js',
	'scripts',
	'crypto',
	'signaling/protocol',
	'pwa',
	'extension',
];
/** What an earlier build or check left there is not of the commit. */
const derived = /[\\/](?:node_modules|paraglide|\.svelte-kit|\.svelte-check)$/;
const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Builds a copy of the sources in a folder of its own; gives every file with its hash. */
async function buildIn(name: string): Promise<Map<string, string>> {
	const folder = await mkdtemp(join(tmpdir(), name));
	folders.push(folder);
	for (const path of sources)
		await cp(join(root, path), join(folder, path), {
			recursive: true,
			filter: (from) => !derived.test(from),
		});
	await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
	const vite = ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'error'];
	for (const mode of [[], ['--mode', 'extension']]) {
		const { status, stderr } = spawnSync(process.execPath, [...vite, ...mode], {
			cwd: folder,
			encoding: 'utf8',
			// Nothing of the place or the day may come in.
			env: {
				...process.env,
				SOURCE_COMMIT: '0'.repeat(40),
				TZ: folders.length > 1 ? 'Asia/Tokyo' : 'UTC',
			},
		});
		if (status !== 0) throw new Error(stderr);
	}
	const build = join(folder, 'build');
	const files = filesIn(build);
	const hashes = files.map(async (path) => sha256(await readFile(join(build, path))));
	const found = await Promise.all(hashes);
	return new Map(files.map((path, index) => [path, found[index] ?? '']));
}

test('two builds of one commit are the same, byte for byte, wherever they are made', async () => {
	const one = await buildIn('a-');
	const other = await buildIn('another-folder-with-a-longer-name-');
	expect([...one.keys()]).toContain('pwa/200.html.br');
	expect([...one.keys()]).toContain('extension/manifest.json');
	expect([...other]).toEqual([...one]);
});
