/** The key that fixes the id of the extension, so that a server knows it. Plain JavaScript: the build loads it. */
import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.js';

/**
 * The public half as a manifest has it: of the RSA key in PEM at this path, else that of the test key.
 * @param {string} [path]
 */
export function extensionKey(path = process.env['EXTENSION_KEY']) {
	if (path) {
		const der = createPublicKey(readFileSync(path)).export({ format: 'der', type: 'spki' });
		return der.toString('base64');
	}
	/** @type {{ key: string }} */
	const { key } = JSON.parse(readFileSync(join(root, 'extension/test-key.json'), 'utf8'));
	return key;
}

/** The id that Chrome gives to an extension with this key. @param {string} key */
export function extensionId(key) {
	const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex');
	// Chrome writes hexadecimal digits with the letters a to p.
	return digest
		.slice(0, 32)
		.replaceAll(/./g, (digit) => String.fromCodePoint(97 + Number.parseInt(digit, 16)));
}
