import { spawnSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inlineScripts, modulesOf, sha256 } from '../../scripts/integrity.js';
import { describe, open, seal } from '../../scripts/manifest.js';
import { verifyRelease } from '../../scripts/verify-release.js';
import { type TestServer, startServer } from '../server.ts';
import { copySite, makeReleaseKey, type Site } from './site.ts';

const root = join(import.meta.dirname, '../..');
const key = makeReleaseKey();
let site: Site;
let server: TestServer;

beforeAll(async () => {
	site = await copySite({ compressed: true });
	await site.publish(key, 1_800_000_000_000);
	server = await startServer({ env: { PAGES_DIR: site.folder } });
});
afterAll(async () => {
	await server.stop();
	await site.remove();
});

/** What Chrome says that it takes. */
const chromes = 'gzip, deflate, br, zstd';

const faults = async (): Promise<readonly string[]> =>
	(await verifyRelease({ site: server.address, key: key.publicKey })).faults;

/** Alters a file, looks, and puts it back. */
async function altered(path: string, bytes: string | Uint8Array): Promise<readonly string[]> {
	const file = join(site.folder, path);
	const before = await readFile(file);
	await writeFile(file, bytes);
	try {
		return await faults();
	} finally {
		await writeFile(file, before);
	}
}

test('every page names the hash of every module, and allows its own scripts only', async () => {
	const modules = modulesOf(site.folder);
	expect(modules.size).toBeGreaterThan(50);
	for (const page of ['200.html', 'index.html', 'practice/people.html']) {
		const html = await readFile(join(site.folder, page), 'utf8');
		const [map = '', ...boot] = inlineScripts(html);
		expect(JSON.parse(map)).toEqual({ integrity: Object.fromEntries(modules) });
		expect(boot).toHaveLength(1);
		for (const script of [map, ...boot]) expect(html).toContain(`'${sha256(script)}'`);
		expect(html.indexOf('importmap')).toBeLessThan(html.indexOf('modulepreload'));
		expect(html).not.toMatch(/rel="modulepreload">/);
	}
});

test('a served release is found as published, and is told so', async () => {
	expect(await faults()).toEqual([]);
	const args = ['scripts/verify-release.js', server.address, '--key', key.publicKey];
	const told = spawnSync(process.execPath, [...args, '--build', site.folder], {
		cwd: root,
		encoding: 'utf8',
	});
	expect(told.stdout).toContain(`As published: ${server.address} gave release 1.4.2`);
	expect(told.status).toBe(0);
});

test('what a site serves otherwise than published is found, file by file', async () => {
	const modules = [...modulesOf(site.folder).keys()];
	const one = modules.find((path) => path.includes('entry/app.')) ?? '';
	expect(await altered(one, 'evil()')).toEqual(
		['deflate', 'identity', 'zstd'].map((encoding) => `different  ${one} (${encoding})`),
	);
	// A visitor's browser asks for the compressed file.
	const evil = brotliCompressSync('evil()');
	expect(await altered(`${one}.br`, evil)).toEqual([
		`different  ${one} (br)`,
		`different  ${one} (${chromes})`,
	]);
	const page = (await altered('200.html', '<script>evil()</script>')).join('\n');
	expect(page).toContain('different  /200.html');
	expect(page).toContain('different  /no-such-page/of-this-site');
	expect(await altered('service-worker.js', '')).toContain(
		'different  /service-worker.js (identity)',
	);
});

test('a site that gives browsers something else, or leads to another for its release, is found', async () => {
	let away = false;
	const front = createServer(async (request, response) => {
		const url = new URL(request.url ?? '', server.address);
		if (away) return response.writeHead(302, { location: url.href }).end();
		if (request.headers['accept-encoding'] === chromes) return response.end('evil()');
		const answer = await fetch(url, {
			headers: { 'accept-encoding': 'identity', accept: 'text/html' },
		});
		return response.end(await answer.bytes());
	});
	await new Promise<void>((resolve) => void front.listen(0, resolve));
	const address = front.address();
	const port = typeof address === 'object' ? address?.port : undefined;
	const asked = { site: `http://localhost:${port}`, key: key.publicKey };
	const other = (await verifyRelease(asked)).faults;
	expect(other).toContain(`different  / (${chromes})`);
	expect(other.filter((line) => !line.endsWith(` (${chromes})`))).toEqual([]);
	away = true;
	const unheard = `no answer  /release.json: localhost:${port} was not reached`;
	expect((await verifyRelease(asked)).faults).toEqual([unheard]);
	front.closeAllConnections();
	await new Promise((resolve) => front.close(resolve));
});

test('a release of another key, or altered after it was signed, is refused', async () => {
	const text = await readFile(join(site.folder, 'release.json'), 'utf8');
	const refused = ['unsigned   /release.json is not signed by this key'];
	expect(await altered('release.json', text.replace('1.4.2', '1.4.3'))).toEqual(refused);
	const release = describe(site.folder, { version: '1.4.2', issued: 1_800_000_000_000 });
	expect(await altered('release.json', seal(release, makeReleaseKey().pem))).toEqual(refused);
	expect(await altered('release.json', '')).toEqual(refused);
	expect(open(seal(release, key.pem), key.publicKey)).toEqual(release);
});

test('a release that is not of the commit it names is found beside an own build', async () => {
	const own = await mkdtemp(join(tmpdir(), 'sotto-own-'));
	await cp(site.folder, own, { recursive: true });
	const beside = async (folder: string) =>
		(await verifyRelease({ site: server.address, key: key.publicKey, folder })).faults;
	expect(await beside(own)).toEqual([]);
	await appendFile(join(own, 'join.html'), '<script>other()</script>');
	await rm(join(own, 'mark.svg'));
	await writeFile(join(own, 'left-out.js'), '');
	const version = join(own, 'code/version.json');
	await writeFile(version, JSON.stringify({ version: 'another' }));
	expect(await beside(own)).toEqual([
		'left out   /left-out.js is in your build, not in the release',
		'not built  /code/version.json is another file in your build',
		'not built  /join.html is another file in your build',
		'not built  /mark.svg is not in your build',
		'not built  the policy is not the one of your build',
		'not built  your build is of commit another',
	]);
	await rm(own, { recursive: true });
	expect(await beside(own)).toEqual([`not built  ${own} is no built web app`]);
});

test('a release is not signed without a key, nor with one from the repository', () => {
	const sign = (env: Record<string, string>) =>
		spawnSync(process.execPath, ['scripts/release.js'], {
			cwd: root,
			encoding: 'utf8',
			env: { ...process.env, RELEASE_KEY: '', ...env },
		});
	expect(sign({}).status).toBe(1);
	const inside = sign({ RELEASE_KEY: join(root, 'package.json') });
	expect(inside.stdout).toContain('must not lie in the repository');
	expect(inside.status).toBe(1);
});
