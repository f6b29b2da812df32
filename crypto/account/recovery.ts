import { type Bytes, random, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { hkdf } from '#crypto/hkdf.ts';
import { type SigningKey, signingKeyOf } from '#crypto/identity/signing.ts';

declare const brand: unique symbol;

/** 160 random bits that a person keeps on paper; they unlock the account without its password. */
export type RecoveryKey = Bytes & { readonly [brand]: 'RecoveryKey' };

/** Crockford's base32: no I, L, O or U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const recoveryKeyBytes = 20;
const characters = 32;
const groupCharacters = 4;

function isRecoveryKey(bytes: Bytes): bytes is RecoveryKey {
	return bytes.length === recoveryKeyBytes;
}

function toRecoveryKey(bytes: Bytes): RecoveryKey {
	if (!isRecoveryKey(bytes)) throw new CryptoError('wrong-recovery-key');
	return bytes;
}

/** A fresh random recovery key. */
export function createRecoveryKey(): RecoveryKey {
	return toRecoveryKey(random(recoveryKeyBytes));
}

/** The key as it is shown: 8 groups of 4 characters, separated by spaces. */
export function formatRecoveryKey(key: RecoveryKey): string {
	let bits = 0n;
	for (const byte of toRecoveryKey(key)) bits = (bits << 8n) | BigInt(byte);
	let text = '';
	for (let at = characters - 1; at >= 0; at--) {
		text += alphabet.charAt(Number((bits >> BigInt(5 * at)) & 31n));
		if (at > 0 && at % groupCharacters === 0) text += ' ';
	}
	return text;
}

/**
 * The key that somebody typed: any case, spaces and hyphens anywhere, I and L read as 1, O as 0.
 * Throws `wrong-recovery-key` when it is not 32 characters of the alphabet.
 */
export function parseRecoveryKey(text: string): RecoveryKey {
	const typed = text
		.replaceAll(/[\s\-\u2010-\u2015]/gu, '')
		.toUpperCase()
		.replaceAll(/[IL]/g, '1')
		.replaceAll('O', '0');
	if (typed.length !== characters) throw new CryptoError('wrong-recovery-key');
	let bits = 0n;
	for (const character of typed) {
		const value = alphabet.indexOf(character);
		if (value < 0) throw new CryptoError('wrong-recovery-key');
		bits = (bits << 5n) | BigInt(value);
	}
	const bytes = new Uint8Array(recoveryKeyBytes);
	for (let at = recoveryKeyBytes - 1; at >= 0; at--, bits >>= 8n) bytes[at] = Number(bits & 255n);
	return toRecoveryKey(bytes);
}

/**
 * The Ed25519 key that proves possession of the recovery key to the server: it signs the server's nonce
 * in context `sotto/recovery/v1`. The server keeps its public half; that tells nothing about the key.
 */
export async function recoveryAuthKey(recoveryKey: RecoveryKey): Promise<SigningKey> {
	const info = utf8('sotto/account/recovery-auth/v1');
	const ikm = toRecoveryKey(recoveryKey);
	const salt = new Uint8Array();
	return signingKeyOf(await hkdf({ hash: 'SHA-256', ikm, salt, info, lengthBytes: 32 }));
}
