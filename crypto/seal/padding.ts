import { type Bytes, concat, u32 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';

/** Names and other short texts are padded to this, so that the sealed length tells nothing of theirs. */
export const nameQuantumBytes = 256;

/** Length (4 bytes, big-endian), the bytes, and zeros up to a multiple of `quantum`. Throws TypeError unless it is 1 or more. */
export function pad(bytes: Uint8Array, quantum: number): Bytes {
	assert(Number.isSafeInteger(quantum) && quantum >= 1, 'a quantum is a whole number of bytes');
	const length = 4 + bytes.length;
	return concat(
		u32(bytes.length),
		bytes,
		new Uint8Array(-length + quantum * Math.ceil(length / quantum)),
	);
}

/** The bytes that were padded. Throws `bad-encoding` when the length does not fit or a filling byte is not zero. */
export function unpad(padded: Bytes): Bytes {
	if (padded.length < 4) throw new CryptoError('bad-encoding');
	const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
	if (length > padded.length - 4) throw new CryptoError('bad-encoding');
	if (padded.subarray(4 + length).some((byte) => byte !== 0)) throw new CryptoError('bad-encoding');
	return padded.slice(4, 4 + length);
}
