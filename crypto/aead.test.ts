import { gcm } from '@noble/ciphers/aes.js';
import { expect, test } from 'vitest';
import { random } from './bytes.ts';
import { openGcm, sealGcm } from './aead.ts';
import { hkdf } from './hkdf.ts';
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';

test('AES-GCM is what another implementation makes of the same input', async () => {
	for (const keyBytes of [16, 32]) {
		const options = { key: random(keyBytes), nonce: random(12), aad: random(19) };
		const plaintext = random(100);
		const sealed = await sealGcm(options, plaintext);
		expect(sealed).toEqual(gcm(options.key, options.nonce, options.aad).encrypt(plaintext));
		expect(await openGcm(options, sealed)).toEqual(plaintext);
		await expect(openGcm({ ...options, aad: random(19) }, sealed)).rejects.toThrow('open-failed');
		await expect(openGcm(options, sealed.slice(0, 15))).rejects.toThrow('open-failed');
	}
});

test('keys and nonces of another length are refused', async () => {
	const good = { key: random(32), nonce: random(12), aad: random(0) };
	for (const bad of [{ key: random(24) }, { key: random(0) }, { nonce: random(8) }]) {
		await expect(sealGcm({ ...good, ...bad }, random(1))).rejects.toThrow(TypeError);
		await expect(openGcm({ ...good, ...bad }, random(17))).rejects.toThrow(TypeError);
	}
});

test('HKDF is what another implementation makes of the same input, up to its limit', async () => {
	for (const [hash, theirs, block] of [
		['SHA-256', sha256, 32],
		['SHA-512', sha512, 64],
	] as const) {
		const input = { ikm: random(40), salt: random(13), info: random(7) };
		for (const lengthBytes of [1, 44, 76, 255 * block]) {
			const ours = await hkdf({ hash, ...input, lengthBytes });
			expect(ours).toEqual(nobleHkdf(theirs, input.ikm, input.salt, input.info, lengthBytes));
		}
		const tooLong = { hash, ...input, lengthBytes: 255 * block + 1 };
		await expect(hkdf(tooLong)).rejects.toThrow('too-large');
	}
});
