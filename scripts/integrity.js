/**
 * What each page of the web app says about its own code: an import map that names the hash of every module, so
 * that a browser runs a module only as it was built. See docs/trust.md. Plain JavaScript: the build loads it.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** "sha256-…" as import maps, `integrity` and policies write it. @param {string | Uint8Array} bytes */
export const sha256 = (bytes) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;

/**
 * The paths of all files in a folder, below it, in one order everywhere.
 * @param {string} folder
 */
export function filesIn(folder) {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
		.map((path) => path.replaceAll('\\', '/'))
		.toSorted();
}

/**
 * The modules of a built web app: path from the root of the site to hash.
 * @param {string} folder
 */
export function modulesOf(folder) {
	const modules = filesIn(folder).filter((path) =>
		/^code\/(?:immutable\/.*|styles)\.js$/.test(path),
	);
	return new Map(modules.map((path) => [`/${path}`, sha256(readFileSync(join(folder, path)))]));
}

/**
 * The text of every script that stands in a page itself; import maps are such.
 * @param {string} html
 */
export function inlineScripts(html) {
	return [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
		([, text = '']) => text,
	);
}

const policy = /(<meta http-equiv="content-security-policy" content="[^"]*script-src [^;"]*)/;
const preload = /<link href="([^"]+)" rel="modulepreload">/g;

/**
 * A page with the import map before all that loads a module, and its policy with the map's hash.
 * @param {string} html
 * @param {ReadonlyMap<string, string>} modules
 * @param {string} path of the page, from the root of the site
 * @throws Error when the page is not as SvelteKit writes it
 */
function withMap(html, modules, path) {
	const map = JSON.stringify({ integrity: Object.fromEntries(modules) });
	const [head, ...rest] = html.split(/(?<=<meta http-equiv="content-security-policy"[^>]*>)/);
	if (rest.length !== 1 || head === undefined || !policy.test(head))
		throw new Error(`${path}: no policy to renew`);
	const body = rest.join('').replaceAll(preload, (link, href) => {
		const integrity = modules.get(new URL(href, `http://site/${path}`).pathname);
		if (!integrity) throw new Error(`${path}: ${href} is not of this build`);
		return link.replace('>', ` integrity="${integrity}">`);
	});
	return `${head.replace(policy, `$1 '${sha256(map)}'`)}\n\t\t<script type="importmap">${map}</script>${body}`;
}

/**
 * Writes all styles as one module: a browser checks the hash of a module, and of no style sheet. What every page has
 * comes first; the rest belongs to one component each.
 * @param {string} folder
 */
function addStyles(folder) {
	const sheets = filesIn(folder).filter((path) => path.endsWith('.css'));
	const first = sheets.filter((path) => path.startsWith('code/immutable/assets/0.'));
	if (first.length !== 1) throw new Error('no style sheet of the layout');
	const css = [...first, ...sheets.filter((path) => !first.includes(path))]
		.map((path) => readFileSync(join(folder, path), 'utf8'))
		.join('\n');
	writeFileSync(join(folder, 'code/styles.js'), `export const css = ${JSON.stringify(css)};\n`);
}

/**
 * Renews every page of a built web app. Before it is compressed: what is compressed later is what stands here.
 * @param {string} folder
 */
export function addIntegrity(folder) {
	addStyles(folder);
	const modules = modulesOf(folder);
	for (const path of filesIn(folder).filter((name) => name.endsWith('.html'))) {
		const file = join(folder, path);
		writeFileSync(file, withMap(readFileSync(file, 'utf8'), modules, path));
	}
}

/**
 * An adapter that gives each page its import map after `inner` has written them, and compresses last.
 * @param {import('@sveltejs/kit').Adapter} inner
 * @param {string} folder where `inner` writes
 * @returns {import('@sveltejs/kit').Adapter}
 */
export function withIntegrity(inner, folder) {
	return {
		...inner,
		async adapt(builder) {
			await inner.adapt(builder);
			addIntegrity(folder);
			await builder.compress(folder);
		},
	};
}
