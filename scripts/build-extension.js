/**
 * `npm run build:extension`: the extension as a folder to load, build/extension, and as a zip for a store.
 * With `-- --release` it refuses what nobody should publish. See docs/store.md.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { extensionId, extensionKey } from './extension-key.js';
import { build, install, root, say } from './prepare.js';

/** @param {string} line @returns {never} */
function refuse(line) {
	say(line);
	process.exit(1);
}

/** Ends this process unless what is built may be published. */
function checkRelease() {
	const { EXTENSION_KEY: key, EXTENSION_ORIGINS: origins } = process.env;
	if (!key || !existsSync(key))
		refuse('EXTENSION_KEY must be the path of the key of the extension, an RSA key in PEM.');
	if (!relative(realpathSync(root), realpathSync(key)).startsWith('..'))
		refuse('The key of the extension must not lie in the repository.');
	if (!origins || origins.split(',').some((origin) => !origin.trim().startsWith('https://')))
		refuse('EXTENSION_ORIGINS must name your servers, each with https://, separated by commas.');
	if (!process.env['RELEASE_PUBLIC_KEY'])
		say('Without RELEASE_PUBLIC_KEY this extension cannot pin the code of the web app.');
}

if (process.argv.includes('--release')) checkRelease();
install();
build();
// Only now: on a fresh clone there was nothing to zip with.
const { zip } = await import('./zip.js');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const bytes = zip(join(root, 'build/extension'));
const file = `build/sotto-extension-${version}.zip`;
writeFileSync(join(root, file), bytes);
const digest = createHash('sha256').update(bytes).digest('hex');
say('Folder to load: build/extension');
say(`Zip: ${file}, ${Math.ceil(bytes.length / 1000)} kB, SHA-256 ${digest}`);
const own = extensionId(extensionKey());
say(process.env['EXTENSION_KEY'] ? `Id: ${own}` : `Id: ${own}, of the test key that everybody has`);
