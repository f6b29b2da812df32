/**
 * `RELEASE_KEY=PATH npm run release`: builds, and writes the signed description of what was built to
 * build/pwa/release.json. The key is an Ed25519 private key in PEM, outside the repository:
 * `openssl genpkey -algorithm ed25519 -out PATH`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, manifestName, publicHalf, seal } from './manifest.js';
import { buildWeb, install, root, say } from './prepare.js';

/** @param {string} line @returns {never} */
function refuse(line) {
	say(line);
	process.exit(1);
}

const path = process.env['RELEASE_KEY'];
if (!path || !existsSync(path))
	refuse('RELEASE_KEY must be the path of the release key, an Ed25519 private key in PEM.');
if (!relative(realpathSync(root), realpathSync(path)).startsWith('..'))
	refuse('The release key must not lie in the repository.');
const pem = readFileSync(path, 'utf8');

/** The release names the commit: what is built must be of it. */
function checkTree() {
	const args = ['status', '--porcelain'];
	const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
	if (status !== 0) refuse('Git does not say of which commit this is: a release must name one.');
	if (stdout !== '') refuse(`These files are not as they were committed:\n${stdout.trimEnd()}`);
}

// A build that is made already can be signed elsewhere: where the key is, nothing needs to be built.
if (!process.argv.includes('--no-build')) {
	checkTree();
	install();
	buildWeb({ force: true });
}
const folder = join(root, 'build/pwa');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const release = describe(folder, { version, issued: Date.now() });
writeFileSync(join(folder, manifestName), seal(release, pem));
say(`Release ${release.version} of commit ${release.commit}`);
say(`${Object.keys(release.files).length} files described in build/pwa/${manifestName}`);
say(`Public key: ${publicHalf(pem)}`);
