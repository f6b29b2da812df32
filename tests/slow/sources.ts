import { cp, mkdtemp, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const sources = [
	'.gitignore',
	'package.json',
	'package-lock.json',
	'tsconfig.json',
	'vite.config.ts',
	'svelte.config.js',
	'scripts',
	'crypto',
	'signaling',
	'pwa',
	'extension',
];
/** What an earlier build or check left there is not of the commit. */
const derived = /[\\/](?:node_modules|paraglide|\.svelte-kit|\.svelte-check)$/;

/** A folder of its own with all that is built and served; the caller removes it. */
export async function copySources(name: string): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), name));
	for (const path of sources)
		await cp(join(root, path), join(folder, path), {
			recursive: true,
			filter: (from) => !derived.test(from),
		});
	await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
	// What is installed is newer than what the lockfile names: nothing is to be installed.
	await utimes(join(folder, 'package-lock.json'), 0, 0);
	return folder;
}
