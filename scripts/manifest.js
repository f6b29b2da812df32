/** The signed description of a built web app. Its form and what it proves: docs/trust.md. */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, inlineScripts, modulesOf, sha256 } from './integrity.js';

/** What is signed begins with this, as in crypto/identity/signing.ts, so that no other signature of the key fits. */
const context = 'sotto/release/v1\0';

/** Where it is in a built web app. */
export const manifestName = 'release.json';

/**
 * @typedef {{
 *   version: string,
 *   commit: string,
 *   issued: number,
 *   csp: string,
 *   files: Record<string, string>,
 * }} Release
 */

/**
 * The policy under which a page of this build can run nothing but this build. Nothing of it names the server's
 * own judgement, as 'self' would: a script runs by its hash or not at all.
 * @param {string} folder
 */
export function pinnedPolicy(folder) {
	const pages = filesIn(folder).filter((path) => path.endsWith('.html'));
	const inline = pages.flatMap((path) => inlineScripts(readFileSync(join(folder, path), 'utf8')));
	const hashes = new Set([...inline.map(sha256), ...modulesOf(folder).values()]);
	const attributes = /style-src-attr ([^;"]+)/.exec(readFileSync(join(folder, '200.html'), 'utf8'));
	const scripts = [...hashes].toSorted().map((hash) => `'${hash}'`);
	return [
		"default-src 'none'",
		`script-src ${scripts.join(' ')} 'wasm-unsafe-eval'`,
		// No service worker: the browser checks no hash of one. Workers from blobs have this policy too.
		'worker-src blob:',
		"connect-src 'self'",
		// No style sheets either: the browser checks no hash of one. The app brings its styles in a module.
		"style-src 'none'",
		...(attributes ? [`style-src-attr ${attributes[1]}`] : []),
		"img-src 'self' blob: data:",
		'media-src blob:',
		"manifest-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		'trusted-types svelte-trusted-html default',
	].join('; ');
}

/**
 * What a build is made of.
 * @param {string} folder
 * @param {{ version: string, issued: number }} release
 * @returns {Release}
 */
export function describe(folder, { version, issued }) {
	const paths = filesIn(folder).filter((path) => !/\.(br|gz)$/.test(path) && path !== manifestName);
	const build = JSON.parse(readFileSync(join(folder, 'code/version.json'), 'utf8'));
	return {
		version,
		commit: build.version,
		issued,
		csp: pinnedPolicy(folder),
		files: Object.fromEntries(
			paths.map((path) => [path, sha256(readFileSync(join(folder, path)))]),
		),
	};
}

/**
 * The text of release.json.
 * @param {Release} release
 * @param {string} pem an Ed25519 private key
 */
export function seal(release, pem) {
	const key = createPrivateKey(pem);
	if (key.asymmetricKeyType !== 'ed25519')
		throw new Error('the release key must be an Ed25519 key');
	const payload = JSON.stringify(release);
	const signature = sign(null, Buffer.from(context + payload), key).toString('base64url');
	return `${JSON.stringify({ payload, signature })}\n`;
}

/** The raw public half, as the extension and verify-release take it. @param {string} pem */
export const publicHalf = (pem) =>
	createPublicKey(pem).export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64url');

/**
 * Opens release.json. Throws when it is not signed by the key, or is none.
 * @param {string} text
 * @param {string} publicKey raw, in base64url
 * @returns {Release}
 */
export function open(text, publicKey) {
	const { payload, signature } = JSON.parse(text);
	const raw = Buffer.from(publicKey, 'base64url');
	if (raw.length !== 32) throw new Error('a public key has 32 bytes, in base64url');
	const key = createPublicKey({
		key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
		format: 'jwk',
	});
	const signed = Buffer.from(context + payload);
	if (!verify(null, signed, key, Buffer.from(signature, 'base64url')))
		throw new Error('the signature is not of this key');
	return JSON.parse(payload);
}
