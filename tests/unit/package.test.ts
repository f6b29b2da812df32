import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageApp, packagePage, serverOf } from '../../scripts/package-app.ts';

const shell = `<!doctype html><html><head>
	<link rel="manifest" href="/manifest.webmanifest" />
	<link rel="icon" href="/mark.svg" />
	<title>Sotto</title>
	<meta http-equiv="content-security-policy" content="default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval' 'sha256-abc='; require-trusted-types-for 'script'">
	<script type="importmap">{"integrity":{"/code/a.js":"sha256-x"}}</script>
	<link href="/code/a.js" rel="modulepreload" integrity="sha256-x">
</head><body><script>
	{ kit = { base: "" }; import("/code/a.js").then(() => import("/code/b.js")); }
</script></body></html>`;

const policyOf = (page: string): Map<string, string> =>
	new Map(
		(/content-security-policy" content="([^"]*)"/.exec(page)?.[1] ?? '')
			.split('; ')
			.map((rule) => [rule.split(' ')[0] ?? '', rule.split(' ').slice(1).join(' ')]),
	);

test('nothing but the extension may give code to the packaged page', () => {
	const { page, name, boot } = packagePage(shell, ['https://visit.example.org']);
	const policy = policyOf(page);
	expect(policy.get('script-src')).toBe("'self' 'wasm-unsafe-eval'");
	expect(policy.get('connect-src')).toBe(
		"'self' https://visit.example.org wss://visit.example.org",
	);
	expect(policy.get('default-src')).toBe("'none'");
	expect(policy.get('require-trusted-types-for')).toBe("'script'");
	expect(page.match(/<script[^>]*>/g)).toEqual([`<script src="/app/${name}">`]);
	expect(page).not.toContain('manifest.webmanifest');
	// Every address of it lies in the package.
	for (const [, path] of page.matchAll(/(?:href|src)="([^"]*)"/g)) expect(path).toMatch(/^\/app\//);
	expect(boot).toContain('base: "/app"');
	expect(boot.match(/import\("[^"]*"/g)).toEqual([
		'import("/app/code/a.js"',
		'import("/app/code/b.js"',
	]);
	const digest = createHash('sha256').update(boot).digest('hex');
	expect(name).toBe(`boot.${digest.slice(0, 8)}.js`);
});

test('a page that it was not made for is refused', () => {
	const none = shell.replace(/<script>[\s\S]*?<\/script>/, '');
	expect(() => packagePage(none, [])).toThrow('one inline script');
	const two = shell.replace('</body>', '<script>second()</script></body>');
	expect(() => packagePage(two, [])).toThrow('one inline script');
	const module = shell.replace('</body>', '<script type="module">second()</script></body>');
	expect(() => packagePage(module, [])).toThrow('an inline script was left');
	const based = shell.replace('base: ""', 'base: "/x"');
	expect(() => packagePage(based, [])).toThrow('base');
});

test('a server of the own machine may have any port, others have theirs', () => {
	expect(serverOf('http://localhost/*')).toBe('http://localhost:*');
	expect(serverOf('http://127.0.0.1:8787/*')).toBe('http://127.0.0.1:8787');
	expect(serverOf('https://visit.example.org/*')).toBe('https://visit.example.org');
});

test('the package holds the files of the build byte for byte, and nothing that is for servers', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'sotto-package-'));
	const [pwa, extension] = [join(folder, 'pwa'), join(folder, 'extension')];
	await mkdir(join(pwa, 'code/immutable'), { recursive: true });
	await mkdir(join(pwa, 'practice'), { recursive: true });
	await mkdir(join(extension, 'app/old'), { recursive: true });
	const files = {
		'200.html': shell,
		'index.html': shell,
		'practice/people.html': shell,
		'code/immutable/a.js': 'a',
		'code/immutable/a.js.br': 'a',
		'service-worker.js': 'w',
		'release.json': '{}',
		'mark.svg': '<svg/>',
	};
	for (const [path, text] of Object.entries(files)) await writeFile(join(pwa, path), text);
	const manifest = { host_permissions: ['https://visit.example.org/*'] };
	await writeFile(join(extension, 'manifest.json'), JSON.stringify(manifest));
	await writeFile(join(extension, 'app/old/left.js'), 'of an earlier build');
	packageApp(pwa, extension);
	const { name } = packagePage(shell, ['https://visit.example.org']);
	const packed = await readdir(join(extension, 'app'), { recursive: true, withFileTypes: true });
	expect(
		packed
			.filter((one) => one.isFile())
			.map((one) => one.name)
			.toSorted(),
	).toEqual(['a.js', 'index.html', 'mark.svg', name].toSorted());
	expect(
		packed
			.filter((one) => one.isDirectory())
			.map((one) => one.name)
			.toSorted(),
	).toEqual(['code', 'immutable']);
	expect(await readFile(join(extension, 'app/code/immutable/a.js'), 'utf8')).toBe('a');
	await rm(folder, { recursive: true });
});
