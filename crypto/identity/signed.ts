import type * as v from 'valibot';
import { fromBase64url, toBase64url, utf8 } from '#crypto/bytes.ts';
import type { Bytes } from '#crypto/bytes.ts';
import type { Json } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import { canonicalText, parseJson } from '#crypto/schema.ts';
import { type SignContext, type SigningKey, sign, verify } from './signing.ts';

/** A statement as it travels and as it is kept: the exact text that was signed, and the signature over its UTF-8 bytes. */
export interface Signed {
	/** Canonical JSON (RFC 8785). */
	readonly text: string;
	/** 64 bytes, base64url. */
	readonly signature: string;
}

/** Signs a JSON value in a context. Throws TypeError when the value holds NaN or an infinity. */
export async function signJson(options: {
	key: SigningKey;
	context: SignContext;
	value: Json;
}): Promise<Signed> {
	const { key, context, value } = options;
	const text = canonicalText(value);
	return { text, signature: toBase64url(await sign(key, context, utf8(text))) };
}

/**
 * What was signed, parsed, after its signature by `publicKey` in this context was checked over the text as received.
 * Throws `bad-signature` first, then `bad-encoding` when the text is not of `schema`.
 */
export async function openSigned<S extends v.GenericSchema>(options: {
	signed: Signed;
	publicKey: Bytes;
	context: SignContext;
	schema: S;
}): Promise<v.InferOutput<S>> {
	const { signed, publicKey, context, schema } = options;
	const signature = signatureBytes(signed.signature);
	// A lone surrogate would be signed as U+FFFD and read back as something else.
	if (!signed.text.isWellFormed()) throw new CryptoError('bad-signature');
	const message = utf8(signed.text);
	if (!(await verify({ publicKey, context, message, signature })))
		throw new CryptoError('bad-signature');
	return parseJson(schema, signed.text);
}

function signatureBytes(text: string): Bytes {
	try {
		return fromBase64url(text);
	} catch (cause) {
		throw new CryptoError('bad-signature', { cause });
	}
}
