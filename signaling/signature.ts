import { createPublicKey, verify } from 'node:crypto';
import type { Signed } from './protocol/text.ts';

type Context =
	| 'sotto/act/v1'
	| 'sotto/browser/v1'
	| 'sotto/checkpoint/v1'
	| 'sotto/claim/v1'
	| 'sotto/deletion/v1'
	| 'sotto/deletion-request/v1'
	| 'sotto/grant/v1'
	| 'sotto/key-rotation/v1'
	| 'sotto/erasure/v1'
	| 'sotto/member-list/v1'
	| 'sotto/notice/v1'
	| 'sotto/practice-handover/v1'
	| 'sotto/passkey/v1'
	| 'sotto/practice-settings/v1'
	| 'sotto/presence-device/v1'
	| 'sotto/recovery/v1'
	| 'sotto/request/v1'
	| 'sotto/request-back/v1'
	| 'sotto/request-look/v1'
	| 'sotto/retention/v1'
	| 'sotto/retention-policy/v1'
	| 'sotto/share/v1'
	| 'sotto/token/v1'
	| 'sotto/unlockers/v1';

/**
 * Whether `signature` is Ed25519 (RFC 8032) by `publicKey` over `context || 0x00 || message`; false for
 * a key that is no point of the curve too. All but the message are base64url.
 */
export function verifySignature(options: {
	publicKey: string;
	context: Context;
	message: Uint8Array;
	signature: string;
}): boolean {
	const framed = Buffer.concat([Buffer.from(`${options.context}\0`), options.message]);
	try {
		const key = createPublicKey({
			key: { kty: 'OKP', crv: 'Ed25519', x: options.publicKey },
			format: 'jwk',
		});
		return verify(null, framed, key, Buffer.from(options.signature, 'base64url'));
	} catch {
		// OpenSSL refuses bytes that are no key; that is the same answer.
		return false;
	}
}

/** Whether a signed text is by this key. */
export function verifySigned(publicKey: string, context: Context, signed: Signed): boolean {
	return verifySignature({
		publicKey,
		context,
		message: Buffer.from(signed.text),
		signature: signed.signature,
	});
}
