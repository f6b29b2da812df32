import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeReleaseKey } from '../extension/site.ts';
import { copySources } from './sources.ts';

const key = makeReleaseKey();
const origin = 'https://visit.example.org';
/** A checkout of somebody who publishes, and a place beside it for the key and the data. */
let folder: string;
let beside: string;
let server: ChildProcess | undefined;

beforeAll(async () => {
	folder = await copySources('sotto-release-');
	beside = await mkdtemp(join(tmpdir(), 'sotto-beside-'));
	await writeFile(join(beside, 'release.pem'), key.pem);
	git('init', '-q');
	git('add', '.');
	git('-c', 'user.name=Test', '-c', 'user.email=test@example.org', 'commit', '-q', '-m', 'all');
});
afterAll(async () => {
	if (server?.kill('SIGTERM')) await once(server, 'exit');
	await Promise.all([folder, beside].map((path) => rm(path, { recursive: true })));
});

const git = (...args: string[]): string => {
	const { status, stdout, stderr } = spawnSync('git', args, { cwd: folder, encoding: 'utf8' });
	if (status !== 0) throw new Error(stderr);
	return stdout.trim();
};

const env = (more: Record<string, string>): NodeJS.ProcessEnv => ({
	...process.env,
	SOURCE_COMMIT: undefined,
	...more,
});

/** Runs one of the commands in the checkout. */
function command(name: string, more: Record<string, string>, ...args: string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, [`scripts/${name}.js`, ...args], {
		cwd: folder,
		encoding: 'utf8',
		env: env(more),
	});
	return { status, said: stdout, stderr };
}

const release = () => command('release', { RELEASE_KEY: join(beside, 'release.pem') });
const built = (path: string): Promise<string> => readFile(join(folder, 'build', path), 'utf8');

/** `npm start`, until it listens; gives the address. */
async function start(): Promise<string> {
	const child = spawn(process.execPath, ['scripts/start.js'], {
		cwd: folder,
		stdio: ['ignore', 'pipe', 'inherit'],
		env: env({ PORT: '0', DATA_DIR: join(beside, 'data'), LOG_LEVEL: 'error' }),
	});
	server = child;
	for await (const line of createInterface({ input: child.stdout })) {
		const address = /Sotto listens on (\S+)/.exec(line)?.[1];
		if (address) return address;
	}
	throw new Error('no server');
}

test('nothing is signed while a file is not as it was committed', async () => {
	const file = join(folder, 'svelte.config.js');
	const before = await readFile(file, 'utf8');
	await appendFile(file, '// other\n');
	const { status, said } = release();
	expect(said).toContain('not as they were committed:\n M svelte.config.js\n');
	expect(status).toBe(1);
	await writeFile(file, before);
});

test('a release is built, signed, served and found as published; one other byte is found too', async () => {
	const signed = release();
	expect(signed).toMatchObject({ status: 0 });
	expect(signed.said).toContain(git('rev-parse', 'HEAD'));
	expect(signed.said).toContain(`Public key: ${key.publicKey}`);
	const manifest = await built('pwa/release.json');

	// The extension for it is another build of the same web app.
	const variables = { RELEASE_PUBLIC_KEY: key.publicKey, EXTENSION_ORIGINS: origin };
	expect(command('build-extension', variables)).toMatchObject({ status: 0 });
	expect(await built('pwa/release.json')).toBe(manifest);
	expect(await built('extension/release-key.json')).toContain(key.publicKey);

	const address = await start();
	expect(await built('pwa/release.json')).toBe(manifest);
	expect(await built('extension/manifest.json')).toContain(`"${origin}/*"`);
	const verify = () => command('verify-release', {}, address, '--key', key.publicKey);
	const good = verify();
	expect(good).toMatchObject({ status: 0, stderr: '' });
	expect(good.said).toContain(`As published: ${address} gave release`);

	const file = join(folder, 'build/pwa/mark.svg');
	const bytes = await readFile(file);
	bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 1;
	await writeFile(file, bytes);
	const altered = verify();
	expect(altered).toMatchObject({ status: 1, stderr: '' });
	expect(altered.said).toContain('different  /mark.svg (identity)');
	expect(altered.said).toContain(`NOT AS PUBLISHED: ${address}`);
}, 900_000);

test('what cannot be reached or read is said in one sentence', () => {
	const verify = (...args: string[]) =>
		command('verify-release', { RELEASE_PUBLIC_KEY: key.publicKey }, ...args);
	expect(verify('http://127.0.0.1:9')).toEqual({
		status: 1,
		said: 'no answer  /release.json: 127.0.0.1:9 was not reached\nNOT AS PUBLISHED: http://127.0.0.1:9\n',
		stderr: '',
	});
	for (const address of ['visit.example.org', 'file:///release'])
		expect(verify(address)).toEqual({
			status: 2,
			said: `${address} is not an address that begins with https://\n`,
			stderr: '',
		});
	expect(verify('--other')).toMatchObject({ status: 2, stderr: '' });
});
