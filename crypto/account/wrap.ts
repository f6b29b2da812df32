import { sealGcm, openGcm } from '#crypto/aead.ts';
import { type Bytes, concat, random } from '#crypto/bytes.ts';
import { canonical, type Json } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import { hkdf } from '#crypto/hkdf.ts';

const version = 1;
const saltBytes = 32;
const tagBytes = 16;

/** What something is wrapped for: a purpose of its own each, and the ids that it belongs to. */
export interface WrapContext {
	readonly purpose:
		| 'sotto/account/password/v1'
		| 'sotto/account/recovery/v1'
		| 'sotto/account/device/v1'
		| 'sotto/account/passkey/v1'
		| 'sotto/account/data/v1'
		| 'sotto/vault/copy/v1'
		| 'sotto/vault/passkey/v1'
		| 'sotto/vault/passphrase/v1'
		| 'sotto/share/v1';
	/** Bound to the bytes, so that they open in their own place only. */
	readonly belongsTo: Json;
}

/**
 * Seals under a secret of high entropy: version 1, salt (32 random), AES-256-GCM. Key and nonce are
 * HKDF-SHA-256(secret, salt, info = context), so each call has its own. Never give it a password.
 */
export async function wrap(options: {
	secret: Bytes;
	context: WrapContext;
	plaintext: Bytes;
}): Promise<Bytes> {
	const { secret, context, plaintext } = options;
	const head = concat(Uint8Array.of(version), random(saltBytes));
	return concat(head, await sealGcm(await keys(secret, context, head), plaintext));
}

/** Opens what `wrap` made. Throws `unknown-version`, `truncated`, `open-failed` (secret, context or altered bytes). */
export async function unwrap(options: {
	secret: Bytes;
	context: WrapContext;
	wrapped: Bytes;
}): Promise<Bytes> {
	const { secret, context, wrapped } = options;
	if (wrapped.length < 1 + saltBytes + tagBytes) throw new CryptoError('truncated');
	if (wrapped[0] !== version) throw new CryptoError('unknown-version');
	const head = wrapped.slice(0, 1 + saltBytes);
	return openGcm(await keys(secret, context, head), wrapped.slice(head.length));
}

async function keys(secret: Bytes, { purpose, belongsTo }: WrapContext, head: Bytes) {
	const info = canonical([purpose, belongsTo]);
	const salt = head.slice(1);
	const okm = await hkdf({ hash: 'SHA-256', ikm: secret, salt, info, lengthBytes: 44 });
	return { key: okm.slice(0, 32), nonce: okm.slice(32), aad: concat(head, info) };
}
