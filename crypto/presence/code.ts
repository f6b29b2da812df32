import { type Bytes, toBase64url } from '#crypto/bytes.ts';
import { canonical } from '#crypto/canonical.ts';
import { nineDigits } from '#crypto/safety/nine.ts';
import type { PresenceDevice } from './certificate.ts';

const salt = new TextEncoder().encode('sotto/pairing/v1');
const iterations = 300_000;

/** What a page and an extension compare before they trust each other. */
export interface Pairing extends PresenceDevice {
	/** Of the practice's server, as the browser writes it. */
	readonly origin: string;
	/** The member's Ed25519 key, 32 bytes: the extension believes names that it signed. */
	readonly identity: Bytes;
}

/**
 * Nine digits in three groups that page and extension show: whoever sees the same on both knows that they mean
 * the same practice, member and keys. PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-512 over the canonical JSON of
 * all of it, so that looking for other keys with the same digits takes much longer than pairing does.
 */
export async function shortCode(pairing: Pairing): Promise<string> {
	const { origin, practice, member } = pairing;
	const value = {
		origin,
		practice,
		member,
		identity: toBase64url(pairing.identity),
		publicKey: toBase64url(pairing.publicKey),
		presenceKey: toBase64url(pairing.presenceKey),
	};
	const key = await crypto.subtle.importKey('raw', canonical(value), 'PBKDF2', false, [
		'deriveBits',
	]);
	const algorithm = { name: 'PBKDF2', hash: 'SHA-512', salt, iterations };
	return nineDigits(new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 512)));
}
