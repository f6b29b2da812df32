import { CryptoError } from './errors.ts';

/** Bytes that own a plain ArrayBuffer, which is what WebCrypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** `length` random bytes. */
export function random(length: number): Bytes {
	return crypto.getRandomValues(new Uint8Array(length));
}

/** The parts one after another, in a fresh buffer. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

/** The same bytes as WebCrypto takes them; copied only where their memory may be shared with another thread. */
export function plainBytes(bytes: Uint8Array): Bytes {
	const { buffer, byteOffset, length } = bytes;
	return buffer instanceof ArrayBuffer
		? new Uint8Array(buffer, byteOffset, length)
		: new Uint8Array(bytes);
}

/** Whether both hold the same bytes; the time depends on the lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	let difference = 0;
	for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
	return difference === 0;
}

/** UTF-8 bytes of a string. */
export function utf8(value: string): Bytes {
	return new Uint8Array(encoder.encode(value));
}

/** The string of UTF-8 bytes. Throws `bad-encoding` when they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
	try {
		return decoder.decode(bytes);
	} catch (cause) {
		throw new CryptoError('bad-encoding', { cause });
	}
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Bytes of a hexadecimal string. Throws `bad-encoding` on anything else. */
export function fromHex(value: string): Bytes {
	if (!/^(?:[0-9a-fA-F]{2})*$/.test(value)) throw new CryptoError('bad-encoding');
	return Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** RFC 4648 §5 without padding. */
export function toBase64url(bytes: Uint8Array): string {
	let binary = '';
	for (let at = 0; at < bytes.length; at += 8192)
		binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
	return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Bytes of an unpadded base64url string. Throws `bad-encoding` on anything else, also on stray last bits. */
export function fromBase64url(value: string): Bytes {
	if (!/^[A-Za-z0-9_-]*$/.test(value) || value.length % 4 === 1)
		throw new CryptoError('bad-encoding');
	const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'));
	const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
	if (toBase64url(bytes) !== value) throw new CryptoError('bad-encoding');
	return bytes;
}

/** `value` as 4 bytes, big-endian. */
export function u32(value: number): Bytes {
	const bytes = new Uint8Array(4);
	new DataView(bytes.buffer).setUint32(0, value);
	return bytes;
}

/** `value` as 8 bytes, big-endian. */
export function u64(value: bigint): Bytes {
	const bytes = new Uint8Array(8);
	new DataView(bytes.buffer).setBigUint64(0, value);
	return bytes;
}

/** SHA-256, 32 bytes. */
export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
	const [first] = parts;
	const message = first && parts.length === 1 ? plainBytes(first) : concat(...parts);
	return new Uint8Array(await crypto.subtle.digest('SHA-256', message));
}
