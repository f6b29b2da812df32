/**
 * Puts the built web app into the built extension as `app/`: the same files byte for byte, and one page
 * without an inline script, which no extension may have. Run it after both builds.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import * as v from 'valibot';

const base = '/app';
/** Compressed copies are for servers, and so are the service worker and the release that is signed for them. */
const left = /\.(br|gz|html)$|^(service-worker\.js|manifest\.webmanifest|release\.json)$/;
const local = new Set(['localhost', '127.0.0.1']);

/** A server in the words of a content security policy. On the own machine any port is meant: tests and first tries have their own. */
export function serverOf(match: string): string {
	const url = new URL(match.replace(/\/\*$/, ''));
	return local.has(url.hostname) && url.port === '' ? `${url.origin}:*` : url.origin;
}

/** The page as the package carries it, and the script that was inside. Throws when it is not the page it was made for. */
export function packagePage(
	page: string,
	servers: readonly string[],
): { page: string; name: string; boot: string } {
	const inline = Array.from(page.matchAll(/<script>([\s\S]*?)<\/script>/g));
	const [found] = inline;
	if (inline.length !== 1 || found?.[1] === undefined)
		throw new Error('expected one inline script');
	if (!found[1].includes('base: ""')) throw new Error('expected a base that is empty');
	const boot = found[1]
		.replace('base: ""', `base: "${base}"`)
		.replaceAll('import("/code/', `import("${base}/code/`);
	const name = `boot.${createHash('sha256').update(boot).digest('hex').slice(0, 8)}.js`;
	const reached = servers.flatMap((server) => [server, server.replace(/^http/, 'ws')]);
	const rewritten = page
		.replace(found[0], `<script src="${base}/${name}"></script>`)
		// Integrity of modules is the web app's lock; the package has its own, and allows no inline map.
		.replace(/\s*<script type="importmap"[^>]*>[\s\S]*?<\/script>/, '')
		.replace(/\s*<link rel="manifest"[^>]*>/, '')
		.replace(/connect-src [^;]+/, `connect-src 'self' ${reached.join(' ')}`)
		.replace(/script-src [^;]+/, "script-src 'self' 'wasm-unsafe-eval'")
		.replaceAll(/(href|src)="\/(?!app\/)/g, `$1="${base}/`)
		.replace('</title>', `</title>\n\t\t<meta name="servers" content="${servers.join(' ')}" />`);
	if (/<script(?![^>]* src=)/.test(rewritten)) throw new Error('an inline script was left');
	return { page: rewritten, name, boot };
}

/** Packs `from`, the built web app, into `extension`, the built extension. */
export function packageApp(from: string, extension: string): void {
	const to = join(extension, 'app');
	const Manifest = v.object({ host_permissions: v.array(v.string()) });
	const text = readFileSync(join(extension, 'manifest.json'), 'utf8');
	const servers = v.parse(Manifest, JSON.parse(text)).host_permissions.map(serverOf);
	rmSync(to, { recursive: true, force: true });
	for (const file of readdirSync(from, { recursive: true, withFileTypes: true })) {
		if (!file.isFile() || left.test(file.name)) continue;
		const path = join(file.parentPath, file.name);
		cpSync(path, join(to, relative(from, path)));
	}
	const { page, name, boot } = packagePage(readFileSync(join(from, '200.html'), 'utf8'), servers);
	writeFileSync(join(to, name), boot);
	writeFileSync(join(to, 'index.html'), page);
}

if (import.meta.main) {
	const build = resolve(import.meta.dirname, '../build');
	if (!existsSync(join(build, 'pwa/200.html'))) throw new Error('build the web app first');
	packageApp(join(build, 'pwa'), join(build, 'extension'));
}
