import { CryptoError, assert } from '#crypto/errors.ts';
import type { Bytes } from '#crypto/bytes.ts';

/** Most bytes of a header: one configuration byte, KID and CTR of 8 bytes each. */
export const headerSizeMax = 17;

const limit = 2n ** 64n;

/** What an SFrame header says, and how many bytes it took. */
export interface Header {
	/** Key id, below 2^64. */
	readonly kid: bigint;
	/** Counter, below 2^64. */
	readonly ctr: bigint;
	readonly size: number;
}

/** The header in its only (shortest) form, RFC 9605 §4.3. Throws TypeError when KID or CTR is not in 0..2^64-1. */
export function encodeHeader(header: { kid: bigint; ctr: bigint }): Bytes {
	const { kid, ctr } = header;
	assert(kid >= 0n && kid < limit && ctr >= 0n && ctr < limit, 'KID and CTR are 64 bits');
	const kidSize = kid < 8n ? 0 : bytesOf(kid);
	const ctrSize = ctr < 8n ? 0 : bytesOf(ctr);
	const bytes = new Uint8Array(1 + kidSize + ctrSize);
	bytes[0] =
		(kidSize === 0 ? Number(kid) << 4 : 0x80 | ((kidSize - 1) << 4)) |
		(ctrSize === 0 ? Number(ctr) : 0x08 | (ctrSize - 1));
	put(bytes, { value: kid, at: 1, size: kidSize });
	put(bytes, { value: ctr, at: 1 + kidSize, size: ctrSize });
	return bytes;
}

/**
 * The header at `offset`. Throws `truncated` when the bytes end inside it, and `bad-header` when a number is not in
 * its shortest form, which RFC 9605 §4.3 asks of senders: so one frame has one header.
 */
export function decodeHeader(bytes: Uint8Array, offset = 0): Header {
	const first = bytes[offset];
	if (first === undefined) throw new CryptoError('truncated');
	const kidSize = first & 0x80 ? ((first >> 4) & 7) + 1 : 0;
	const ctrSize = first & 0x08 ? (first & 7) + 1 : 0;
	const size = 1 + kidSize + ctrSize;
	if (bytes.length < offset + size) throw new CryptoError('truncated');
	const kid = kidSize === 0 ? BigInt((first >> 4) & 7) : take(bytes, offset + 1, kidSize);
	const ctr = ctrSize === 0 ? BigInt(first & 7) : take(bytes, offset + 1 + kidSize, ctrSize);
	if (kidSize > 0 && (kid < 8n || bytesOf(kid) !== kidSize)) throw new CryptoError('bad-header');
	if (ctrSize > 0 && (ctr < 8n || bytesOf(ctr) !== ctrSize)) throw new CryptoError('bad-header');
	return { kid, ctr, size };
}

function bytesOf(value: bigint): number {
	let size = 1;
	for (let rest = value >> 8n; rest > 0n; rest >>= 8n) size++;
	return size;
}

function put(bytes: Uint8Array, field: { value: bigint; at: number; size: number }): void {
	let { value } = field;
	for (let i = field.at + field.size - 1; i >= field.at; i--) {
		bytes[i] = Number(value & 0xffn);
		value >>= 8n;
	}
}

function take(bytes: Uint8Array, at: number, size: number): bigint {
	let value = 0n;
	for (let i = at; i < at + size; i++) value = (value << 8n) | BigInt(bytes[i] ?? 0);
	return value;
}
