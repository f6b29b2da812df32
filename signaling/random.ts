import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 16 random bytes, as every id of the protocol. */
export function newId(): string {
	return randomBytes(16).toString('base64url');
}

/** 32 random bytes: a token, a nonce, a half of a key. */
export function newSecret(): string {
	return randomBytes(32).toString('base64url');
}

export function sha256(data: string | Uint8Array): Buffer {
	return createHash('sha256').update(data).digest();
}

/** What is kept of a token. */
export function tokenHash(token: string): string {
	return sha256(token).toString('base64url');
}

/** Compares two texts in a time that says nothing about them. */
export function sameText(a: string, b: string): boolean {
	return timingSafeEqual(sha256(a), sha256(b));
}
