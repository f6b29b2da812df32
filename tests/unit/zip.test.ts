import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import testKey from '../../extension/test-key.json' with { type: 'json' };
import { extensionId, extensionKey } from '../../scripts/extension-key.js';
import { zip } from '../../scripts/zip.js';

const root = join(import.meta.dirname, '../..');
let folder = '';
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'sotto-zip-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The same files, written in another order and at another time. */
function write(name: string, paths: readonly string[], at: number): string {
	const to = join(folder, name);
	for (const path of paths) {
		mkdirSync(join(to, path, '..'), { recursive: true });
		writeFileSync(join(to, path), path.repeat(100));
		utimesSync(join(to, path), at, at);
	}
	return to;
}

test('the same files give the same zip, whenever they were written', () => {
	const paths = ['manifest.json', 'popup/popup.html', 'assets/a.js', 'app/200.html'];
	const first = zip(write('one', paths, 1_000_000_000));
	const second = zip(write('two', paths.toReversed(), 1_700_000_000));
	expect(Buffer.compare(first, second)).toBe(0);
	const inside = unzipSync(first);
	expect(Object.keys(inside).toSorted()).toEqual(paths.toSorted());
	for (const path of paths)
		expect(strFromU8(inside[path] ?? new Uint8Array())).toBe(path.repeat(100));
});

test('a key of one’s own gives an id of one’s own; without one it is the test key’s', () => {
	expect(extensionId(extensionKey(undefined))).toBe(testKey.id);
	const { privateKey } = generateKeyPairSync('rsa', {
		modulusLength: 2048,
		privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
		publicKeyEncoding: { format: 'pem', type: 'spki' },
	});
	const path = join(folder, 'key.pem');
	writeFileSync(path, privateKey);
	const key = extensionKey(path);
	expect(key).not.toContain('PRIVATE');
	expect(extensionId(key)).toMatch(/^[a-p]{32}$/);
	expect(extensionId(key)).not.toBe(testKey.id);
});

test('a release without a key of its own, with one in the repository, or for a local server is refused', () => {
	const outside = join(folder, 'outside.pem');
	writeFileSync(outside, 'a key');
	const wrong = [
		[{}, /EXTENSION_KEY must be/],
		[{ EXTENSION_KEY: join(root, 'extension/test-key.json') }, /must not lie in the repository/],
		[{ EXTENSION_KEY: outside }, /EXTENSION_ORIGINS must name/],
		[{ EXTENSION_KEY: outside, EXTENSION_ORIGINS: 'http://localhost' }, /each with https/],
	] as const;
	for (const [variables, words] of wrong) {
		const { EXTENSION_KEY: _key, EXTENSION_ORIGINS: _origins, ...env } = process.env;
		const { status, stdout } = spawnSync(
			process.execPath,
			['scripts/build-extension.js', '--release'],
			{ cwd: root, env: { ...env, ...variables }, encoding: 'utf8' },
		);
		expect(stdout).toMatch(words);
		expect(status).toBe(1);
	}
});
