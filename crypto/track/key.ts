import { type Bytes, random } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';

declare const brand: unique symbol;

/** The key of one person's track of one recording: 32 bytes. Every part sealed under it has its own salt. */
export type TrackKey = Bytes & { readonly [brand]: 'TrackKey' };

/** Length of a track key. */
export const trackKeyBytes = 32;

function isTrackKey(bytes: Bytes): bytes is TrackKey {
	return bytes.length === trackKeyBytes;
}

/** The same bytes as a track key. Throws `bad-key` unless they are 32. */
export function toTrackKey(bytes: Bytes): TrackKey {
	if (!isTrackKey(bytes)) throw new CryptoError('bad-key');
	return bytes;
}

/** A fresh random track key. */
export function createTrackKey(): TrackKey {
	return toTrackKey(random(trackKeyBytes));
}

/**
 * The key as WebCrypto keeps it: HKDF, non-extractable, for `PartWriter` and `PartReader`. It can be
 * posted to another worker or to a service worker without its bytes. Throws `bad-key` unless 32 bytes.
 */
export async function importTrackKey(key: TrackKey): Promise<CryptoKey> {
	return crypto.subtle.importKey('raw', toTrackKey(key), 'HKDF', false, ['deriveBits']);
}
