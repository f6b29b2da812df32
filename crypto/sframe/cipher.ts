import { type Bytes, concat, u64, utf8 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import { decodeHeader, encodeHeader, headerSizeMax } from './header.ts';

/** RFC 9605 §4.5: AES_128_GCM_SHA256_128, the only suite here. */
export const suite = 4;
/** Bytes of a base key, RFC 9605 §5.2 (AEAD.Nk). */
export const baseKeySize = 16;
const saltSize = 12;
const tagSize = 16;
/** Most bytes of a frame, clear bytes and header included. */
export const frameSizeMax = 4 * 1024 * 1024;

/** What RFC 9605 §4.4.2 derives for one KID, ready for use. */
export interface FrameKey {
	readonly key: CryptoKey;
	/** 12 bytes. */
	readonly salt: Bytes;
}

/** sframe_key (16 bytes) and sframe_salt (12 bytes) of a KID, RFC 9605 §4.4.2. Throws TypeError when the base key is not 16 bytes. */
export async function deriveSecrets(options: {
	baseKey: Bytes;
	kid: bigint;
}): Promise<{ key: Bytes; salt: Bytes }> {
	const { baseKey, kid } = options;
	assert(baseKey.length === baseKeySize, 'a base key is 16 bytes');
	const secret = await crypto.subtle.importKey('raw', baseKey, 'HKDF', false, ['deriveBits']);
	const tail = concat(u64(kid), Uint8Array.of(0, suite));
	const expand = async (label: string, size: number): Promise<Bytes> => {
		const info = concat(utf8(label), tail);
		const params = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
		return new Uint8Array(await crypto.subtle.deriveBits(params, secret, size * 8));
	};
	const [key, salt] = await Promise.all([
		expand('SFrame 1.0 Secret key ', baseKeySize),
		expand('SFrame 1.0 Secret salt ', saltSize),
	]);
	return { key, salt };
}

/** The key of a KID for one direction; non-extractable. Throws as `deriveSecrets` does. */
export async function importFrameKey(options: {
	baseKey: Bytes;
	kid: bigint;
	usage: 'encrypt' | 'decrypt';
}): Promise<FrameKey> {
	const { key, salt } = await deriveSecrets(options);
	const imported = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, [options.usage]);
	key.fill(0);
	return { key: imported, salt };
}

/** The nonce of a counter, RFC 9605 §4.4.3: the salt XOR the counter. */
export function nonce(salt: Bytes, ctr: bigint): Bytes {
	const bytes = salt.slice();
	const view = new DataView(bytes.buffer);
	view.setBigUint64(saltSize - 8, view.getBigUint64(saltSize - 8) ^ ctr);
	return bytes;
}

/**
 * `clear bytes || header || ciphertext || tag` of a payload whose first `clear` bytes stay readable.
 * Whoever calls answers for it that no `ctr` comes twice under a key: that is `SFrameSender`.
 */
export async function sealFrame(options: {
	frameKey: FrameKey;
	kid: bigint;
	ctr: bigint;
	payload: Bytes;
	clear: number;
}): Promise<Bytes> {
	const { frameKey, kid, ctr, payload, clear } = options;
	const header = encodeHeader({ kid, ctr });
	const start = clear + header.length;
	const params = {
		name: 'AES-GCM',
		iv: nonce(frameKey.salt, ctr),
		additionalData: concat(header, payload.subarray(0, clear)),
	};
	const sealed = await crypto.subtle.encrypt(params, frameKey.key, payload.subarray(clear));
	const frame = new Uint8Array(start + sealed.byteLength);
	if (clear > 0) frame.set(payload.subarray(0, clear));
	frame.set(header, clear);
	frame.set(new Uint8Array(sealed), start);
	return frame;
}

/**
 * The payload of a frame made by `sealFrame` with the same number of clear bytes, which come first again.
 * `keyOf` gives the key of a KID. Throws `truncated`, `bad-header`, `too-large`, `no-key` when `keyOf` has none, and
 * `open-failed` when the frame is not one made with this key.
 */
export async function openFrame(options: {
	keyOf: (kid: bigint) => FrameKey | undefined;
	frame: Bytes;
	clear: number;
}): Promise<{ kid: bigint; ctr: bigint; payload: Bytes }> {
	const { keyOf, frame, clear } = options;
	if (frame.length > frameSizeMax + headerSizeMax + tagSize) throw new CryptoError('too-large');
	const { kid, ctr, size } = decodeHeader(frame, clear);
	const start = clear + size;
	if (frame.length < start + tagSize) throw new CryptoError('truncated');
	const frameKey = keyOf(kid);
	if (!frameKey) throw new CryptoError('no-key');
	const params = {
		name: 'AES-GCM',
		iv: nonce(frameKey.salt, ctr),
		additionalData: concat(frame.subarray(clear, start), frame.subarray(0, clear)),
	};
	const opened = await crypto.subtle
		.decrypt(params, frameKey.key, frame.subarray(start))
		.catch((cause: unknown) => {
			throw new CryptoError('open-failed', { cause });
		});
	if (clear === 0) return { kid, ctr, payload: new Uint8Array(opened) };
	const payload = new Uint8Array(clear + opened.byteLength);
	payload.set(frame.subarray(0, clear));
	payload.set(new Uint8Array(opened), clear);
	return { kid, ctr, payload };
}
