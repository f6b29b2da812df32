import { argon2idAsync } from '@noble/hashes/argon2.js';
import * as v from 'valibot';
import { unwrap, wrap } from '#crypto/account/wrap.ts';
import { type Bytes, fromBase64url, random, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { bytesText, parse } from '#crypto/schema.ts';

declare const brand: unique symbol;

/** 32 random bytes under which a device keeps what opens its offline copies, and nothing else of the account. */
export type VaultKey = Bytes & { readonly [brand]: 'VaultKey' };

const keyBytes = 32;
const saltBytes = 32;

/** How a passphrase is stretched: Argon2id (RFC 9106) version 0x13. */
export interface Stretch {
	readonly memoryKiB: number;
	readonly passes: number;
	readonly lanes: number;
}

/** RFC 9106 §4, second recommended option, with one lane because pages have one thread for it. */
export const stretch: Stretch = { memoryKiB: 64 * 1024, passes: 3, lanes: 1 };

const count = (max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(max));

/** A vault key wrapped for a passphrase, with everything but the passphrase that opens it. */
export const Lock = v.strictObject({
	v: v.literal(1),
	salt: bytesText(saltBytes),
	// Bounds: what stands in a store must not make a browser work for hours.
	stretch: v.strictObject({ memoryKiB: count(1024 * 1024), passes: count(16), lanes: count(4) }),
	wrapped: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/)),
});
/** As it is stored: the salt as text. */
export interface StoredLock {
	readonly v: 1;
	readonly salt: string;
	readonly stretch: Stretch;
	readonly wrapped: string;
}

/** The fewest characters of a passphrase. */
export const passphraseCharsMin = 12;

function isVaultKey(bytes: Bytes): bytes is VaultKey {
	return bytes.length === keyBytes;
}

/** The same bytes as a vault key. Throws `bad-key` unless they are 32. */
export function toVaultKey(bytes: Bytes): VaultKey {
	if (!isVaultKey(bytes)) throw new CryptoError('bad-key');
	return bytes;
}

/** A fresh random vault key. */
export function createVaultKey(): VaultKey {
	return toVaultKey(random(keyBytes));
}

/** NFKC and no space at the ends, so that another keyboard writes the same; RFC 8265 §4.2 for the rest. */
function normal(passphrase: string): Bytes {
	return utf8(passphrase.normalize('NFKC').trim());
}

async function secretOf(options: {
	passphrase: string;
	salt: Bytes;
	how: Stretch;
	onProgress?: ((share: number) => void) | undefined;
}): Promise<Bytes> {
	const { passphrase, salt, how, onProgress } = options;
	const { memoryKiB: m, passes: t, lanes: p } = how;
	return new Uint8Array(
		await argon2idAsync(normal(passphrase), salt, {
			m,
			t,
			p,
			dkLen: keyBytes,
			...(onProgress && { onProgress }),
		}),
	);
}

const context = (member: string, salt: string, { memoryKiB, passes, lanes }: Stretch) =>
	({
		purpose: 'sotto/vault/passphrase/v1',
		belongsTo: [member, salt, memoryKiB, passes, lanes],
	}) as const;

/**
 * Wraps a vault key for a passphrase: Argon2id(passphrase, 32 random bytes) is the secret of `wrap`, whose context holds
 * member, salt and parameters. Throws `bad-key` for fewer than `passphraseCharsMin` characters.
 */
export async function lockVault(options: {
	member: string;
	vaultKey: VaultKey;
	passphrase: string;
	how?: Stretch;
	/** Hears how much is done, from 0 to 1. */
	onProgress?: (share: number) => void;
}): Promise<StoredLock> {
	const { member, vaultKey, passphrase, how = stretch, onProgress } = options;
	if (passphrase.normalize('NFKC').trim().length < passphraseCharsMin)
		throw new CryptoError('bad-key');
	const salt = random(saltBytes);
	const secret = await secretOf({ passphrase, salt, how, onProgress });
	const text = toBase64url(salt);
	const wrapped = await wrap({
		secret,
		context: context(member, text, how),
		plaintext: toVaultKey(vaultKey),
	});
	return { v: 1, salt: text, stretch: how, wrapped: toBase64url(wrapped) };
}

/** The vault key. Throws `wrong-password` when the passphrase, the member or the parameters are others; `bad-encoding`. */
export async function unlockVault(options: {
	member: string;
	lock: StoredLock;
	passphrase: string;
	onProgress?: (share: number) => void;
}): Promise<VaultKey> {
	const { member, lock, passphrase, onProgress } = options;
	const { salt, stretch: how, wrapped } = parse(Lock, lock);
	const secret = await secretOf({ passphrase, salt, how, onProgress });
	try {
		const bytes = fromBase64url(wrapped);
		return toVaultKey(
			await unwrap({ secret, context: context(member, toBase64url(salt), how), wrapped: bytes }),
		);
	} catch (cause) {
		if (cause instanceof CryptoError && cause.code === 'open-failed')
			throw new CryptoError('wrong-password', { cause });
		throw cause;
	}
}

/** The input of the PRF of a passkey (WebAuthn level 3, §10.1.4) for a vault: another than that which unlocks an account. */
export async function vaultSalt(): Promise<Bytes> {
	return sha256(utf8('sotto/vault/passkey/salt/v1'));
}

/** Wraps a vault key for a passkey. `prf` is its result for `vaultSalt`. Throws `bad-key` unless both are 32 bytes. */
export async function lockVaultWithPasskey(options: {
	member: string;
	vaultKey: VaultKey;
	prf: Bytes;
}): Promise<Bytes> {
	const { member, vaultKey, prf } = options;
	return wrap({
		secret: checked(prf),
		context: passkey(member),
		plaintext: toVaultKey(vaultKey),
	});
}

/** The vault key. Throws `open-failed` when this passkey or member does not open it, `bad-key`, `truncated`. */
export async function unlockVaultWithPasskey(options: {
	member: string;
	wrapped: Bytes;
	prf: Bytes;
}): Promise<VaultKey> {
	const { member, wrapped, prf } = options;
	return toVaultKey(await unwrap({ secret: checked(prf), context: passkey(member), wrapped }));
}

function checked(prf: Bytes): Bytes {
	if (prf.length !== keyBytes) throw new CryptoError('bad-key');
	return prf;
}

const passkey = (member: string) =>
	({ purpose: 'sotto/vault/passkey/v1', belongsTo: member }) as const;

/** Seals data of one copy; `recording` is bound to it. */
export async function sealInVault(
	vaultKey: VaultKey,
	recording: string,
	plaintext: Bytes,
): Promise<Bytes> {
	return wrap({ secret: toVaultKey(vaultKey), context: copy(recording), plaintext });
}

/** Opens what `sealInVault` made. Throws `open-failed` for another key or recording and altered bytes, `truncated`. */
export async function openInVault(
	vaultKey: VaultKey,
	recording: string,
	sealed: Bytes,
): Promise<Bytes> {
	return unwrap({ secret: toVaultKey(vaultKey), context: copy(recording), wrapped: sealed });
}

const copy = (recording: string) =>
	({ purpose: 'sotto/vault/copy/v1', belongsTo: recording }) as const;
