/**
 * `npm run verify-release -- URL --key PUBLIC_KEY`: asks a site for every file of its release, from outside and in
 * every encoding, and says what is not as published. With `--build FOLDER` it also compares with a build of one's own.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describe, manifestName, open } from './manifest.js';
import { sha256 } from './integrity.js';
import { say } from './prepare.js';

const atOnce = 8;
/** Each by itself, and the line with which Chrome asks. */
const encodings = ['identity', 'gzip', 'deflate', 'br', 'zstd', 'gzip, deflate, br, zstd'];

/** @typedef {{ ok: boolean, line: string }} Verdict */

/** @param {string} line @returns {Verdict} */
const bad = (line) => ({ ok: false, line });

/**
 * Runs `work` on all, a few at once.
 * @template Item
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Verdict[]>} work
 */
async function all(items, work) {
	/** @type {Verdict[]} */
	const found = [];
	const rest = [...items];
	const worker = async () => {
		for (let item = rest.shift(); item !== undefined; item = rest.shift())
			found.push(...(await work(item)));
	};
	await Promise.all(Array.from({ length: atOnce }, worker));
	return found;
}

/**
 * How one address answers, in every encoding that browsers ask for.
 * @param {string} url
 * @param {string} expected hash
 * @returns {Promise<Verdict[]>}
 */
async function look(url, expected) {
	const { pathname } = new URL(url);
	/** @type {Verdict[]} */
	const found = [];
	for (const encoding of encodings)
		try {
			const headers = { 'accept-encoding': encoding, accept: 'text/html,*/*' };
			const answer = await fetch(url, { headers, redirect: 'manual' });
			const hash = sha256(new Uint8Array(await answer.arrayBuffer()));
			if (answer.status !== 200)
				found.push(bad(`missing    ${pathname} (status ${answer.status})`));
			else if (hash !== expected) found.push(bad(`different  ${pathname} (${encoding})`));
		} catch {
			found.push(bad(`no answer  ${pathname} (${encoding})`));
		}
	return found;
}

/**
 * The addresses under which a file of the release is served.
 * @param {string} path
 */
function addresses(path) {
	if (path === '200.html') return [path, 'no-such-page/of-this-site'];
	if (path === 'index.html') return [path, ''];
	return path.endsWith('.html') ? [path, path.slice(0, -'.html'.length)] : [path];
}

/**
 * The text of release.json, or why there is none.
 * @param {URL} url
 * @returns {Promise<string | Verdict>}
 */
async function fetchManifest(url) {
	try {
		// The extension follows none either.
		const answer = await fetch(url, { cache: 'no-store', redirect: 'error' });
		if (answer.ok) return await answer.text();
		return bad(`missing    /${manifestName} (status ${answer.status})`);
	} catch {
		return bad(`no answer  /${manifestName}: ${url.host} was not reached`);
	}
}

/**
 * What is wrong with a site; empty when all that it gave is as published.
 * @param {{ site: string, key: string, folder?: string | undefined }} asked
 */
export async function verifyRelease({ site, key, folder }) {
	const base = new URL('/', site);
	const text = await fetchManifest(new URL(manifestName, base));
	if (typeof text !== 'string') return { release: undefined, faults: [text.line] };
	/** @type {import('./manifest.js').Release} */
	let release;
	try {
		release = open(text, key);
	} catch {
		return {
			release: undefined,
			faults: [`unsigned   /${manifestName} is not signed by this key`],
		};
	}
	const found = await all(Object.entries(release.files), async ([path, hash]) => {
		const lists = addresses(path).map((one) => look(new URL(one, base).href, hash));
		return (await Promise.all(lists)).flat();
	});
	if (folder !== undefined) found.push(...compare(release, folder));
	return { release, faults: [...new Set(found.map(({ line }) => line))].toSorted() };
}

/**
 * The release beside a build of one's own.
 * @param {import('./manifest.js').Release} release
 * @param {string} folder
 */
function compare(release, folder) {
	if (!existsSync(join(folder, '200.html')))
		return [bad(`not built  ${folder} is no built web app`)];
	const own = describe(folder, release);
	const paths = new Set([...Object.keys(release.files), ...Object.keys(own.files)]);
	const found = [...paths].flatMap((path) => {
		const [named, built] = [release.files[path], own.files[path]];
		if (named === built) return [];
		if (built === undefined) return [bad(`not built  /${path} is not in your build`)];
		// What is left out could be anything, and nobody would be told.
		if (named === undefined)
			return [bad(`left out   /${path} is in your build, not in the release`)];
		return [bad(`not built  /${path} is another file in your build`)];
	});
	if (own.csp !== release.csp)
		found.push(bad('not built  the policy is not the one of your build'));
	if (own.commit !== release.commit)
		found.push(bad(`not built  your build is of commit ${own.commit}`));
	return found;
}

/** What was asked for; undefined when it cannot be made out. */
function asked() {
	try {
		return parseArgs({
			allowPositionals: true,
			options: { key: { type: 'string' }, build: { type: 'string' } },
		});
	} catch {
		return undefined;
	}
}

async function main() {
	const { values, positionals } = asked() ?? { values: {}, positionals: [] };
	const [site] = positionals;
	const key = values.key ?? process.env['RELEASE_PUBLIC_KEY'];
	if (!site || !key) {
		say('npm run verify-release -- URL --key PUBLIC_KEY [--build FOLDER]');
		return 2;
	}
	if (!URL.canParse(site) || !/^https?:$/.test(new URL(site).protocol)) {
		say(`${site} is not an address that begins with https://`);
		return 2;
	}
	const { release, faults } = await verifyRelease({ site, key, folder: values.build });
	for (const line of faults) say(line);
	if (!release || faults.length > 0) {
		say(`NOT AS PUBLISHED: ${new URL(site).origin}`);
		return 1;
	}
	const day = new Date(release.issued).toISOString().slice(0, 10);
	say(`As published: ${new URL(site).origin} gave release ${release.version}, signed ${day},`);
	say(`${Object.keys(release.files).length} files, commit ${release.commit}.`);
	say('It gave this to this machine now. To somebody else it can give something else.');
	return 0;
}

if (import.meta.main) process.exitCode = await main();
