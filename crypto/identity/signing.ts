import { type Bytes, concat, fromBase64url, fromHex, utf8 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';

/** What a signature is for. One key signs many things; none can be taken for another. */
export type SignContext =
	| 'sotto/admission/v1'
	| 'sotto/removal/v1'
	| 'sotto/receipt/v1'
	| 'sotto/recorder/v1'
	| 'sotto/notice/v1'
	| 'sotto/manifest/v1'
	| 'sotto/checkpoint/v1'
	| 'sotto/grant/v1'
	| 'sotto/member-list/v1'
	| 'sotto/practice-handover/v1'
	| 'sotto/deletion/v1'
	| 'sotto/deletion-request/v1'
	| 'sotto/token/v1'
	| 'sotto/claim/v1'
	| 'sotto/note/v1'
	| 'sotto/session-contents/v1'
	| 'sotto/practice-settings/v1'
	| 'sotto/presence-device/v1'
	| 'sotto/presence-names/v1'
	| 'sotto/visit/v1'
	| 'sotto/capture/v1'
	| 'sotto/release/v1'
	| 'sotto/act/v1'
	| 'sotto/annotation/v1'
	| 'sotto/retention/v1'
	| 'sotto/retention-policy/v1'
	| 'sotto/share/v1'
	| 'sotto/erasure/v1'
	| 'sotto/export/v1'
	| 'sotto/request/v1'
	| 'sotto/request-back/v1'
	| 'sotto/request-look/v1'
	| 'sotto/passkey/v1'
	| 'sotto/unlockers/v1'
	| 'sotto/browser/v1'
	| 'sotto/key-rotation/v1'
	| 'sotto/recovery/v1';

/** An Ed25519 key pair. The private half is a CryptoKey and normally non-extractable. */
export interface SigningKey {
	/** 32 bytes. */
	readonly publicKey: Bytes;
	readonly privateKey: CryptoKey;
}

// RFC 8410 §7: PKCS #8 is the only private form that every WebCrypto takes.
const seedPrefix = fromHex('302e020100300506032b657004220420');

/** A fresh key whose private half never leaves WebCrypto. */
export async function generateSigningKey(): Promise<SigningKey> {
	const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
	assert('publicKey' in pair, 'Ed25519 makes pairs');
	const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
	return { publicKey, privateKey: pair.privateKey };
}

/** The key of a 32-byte seed (RFC 8032 §5.1.5), non-extractable. Throws `bad-key` on another length. */
export async function signingKeyOf(seed: Bytes): Promise<SigningKey> {
	if (seed.length !== 32) throw new CryptoError('bad-key');
	const pkcs8 = concat(seedPrefix, seed);
	const load = (extractable: boolean) =>
		crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', extractable, ['sign']);
	// WebCrypto tells the public half of a private key only in its JWK.
	const { x } = await crypto.subtle.exportKey('jwk', await load(true));
	assert(x !== undefined, 'a JWK has its public half');
	return { publicKey: fromBase64url(x), privateKey: await load(false) };
}

function framed(context: SignContext, message: Uint8Array): Bytes {
	return concat(utf8(context), Uint8Array.of(0), message);
}

/** Ed25519 over `context || 0x00 || message`; 64 bytes. */
export async function sign(
	key: SigningKey,
	context: SignContext,
	message: Uint8Array,
): Promise<Bytes> {
	const bytes = framed(context, message);
	return new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, bytes));
}

/** Whether `signature` is by `publicKey` over this message in this context; false for malformed keys and signatures too. */
export async function verify(options: {
	publicKey: Bytes;
	context: SignContext;
	message: Uint8Array;
	signature: Bytes;
}): Promise<boolean> {
	const { publicKey, context, message, signature } = options;
	return verifyUnframed({ publicKey, message: framed(context, message), signature });
}

/** Ed25519 as in RFC 8032 §5.1.7, for formats that bring their own framing; false for malformed keys and signatures too. */
export async function verifyUnframed(options: {
	publicKey: Bytes;
	message: Bytes;
	signature: Bytes;
}): Promise<boolean> {
	const { publicKey, message, signature } = options;
	if (publicKey.length !== 32 || signature.length !== 64) return false;
	try {
		const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
		return await crypto.subtle.verify('Ed25519', key, signature, message);
	} catch (error) {
		// WebCrypto says DataError for bytes that are no point of the curve.
		if (error instanceof DOMException) return false;
		throw error;
	}
}
