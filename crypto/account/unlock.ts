import { type Bytes, concat, fromBase64url } from '#crypto/bytes.ts';
import { CryptoError, type CryptoErrorCode, assert } from '#crypto/errors.ts';
import { type AccountKey, toAccountKey } from './key.ts';
import type { RecoveryKey } from './recovery.ts';
import { type WrapContext, unwrap, wrap } from './wrap.ts';

// RFC 9807 §2.1: the export key has the length of the hash, SHA-512.
const exportKeyBytes = 64;
const deviceHalfBytes = 32;

/** Wraps the account key for the password. `exportKey` is OPAQUE's, base64url; a new password needs a new wrap only. */
export async function wrapWithExportKey(options: {
	account: string;
	accountKey: AccountKey;
	exportKey: string;
}): Promise<Bytes> {
	const { account, accountKey, exportKey } = options;
	const context = password(account);
	return wrap({ secret: exportKeyOf(exportKey), context, plaintext: toAccountKey(accountKey) });
}

/** The account key. Throws `wrong-password` when this export key does not open it, `truncated` and `unknown-version` for what is no wrap. */
export async function unlockWithExportKey(options: {
	account: string;
	exportKey: string;
	wrapped: Bytes;
}): Promise<AccountKey> {
	const { account, exportKey, wrapped } = options;
	const secret = exportKeyOf(exportKey);
	return unlock({ secret, context: password(account), wrapped }, 'wrong-password');
}

/** Wraps the account key for the recovery key. */
export async function wrapWithRecoveryKey(options: {
	account: string;
	accountKey: AccountKey;
	recoveryKey: RecoveryKey;
}): Promise<Bytes> {
	const { account, accountKey, recoveryKey } = options;
	return wrap({
		secret: recoveryKey,
		context: recovery(account),
		plaintext: toAccountKey(accountKey),
	});
}

/** The account key. Throws `wrong-recovery-key` when this key does not open it, `truncated` and `unknown-version` for what is no wrap. */
export async function unlockWithRecoveryKey(options: {
	account: string;
	recoveryKey: RecoveryKey;
	wrapped: Bytes;
}): Promise<AccountKey> {
	const { account, recoveryKey, wrapped } = options;
	return unlock({ secret: recoveryKey, context: recovery(account), wrapped }, 'wrong-recovery-key');
}

/** The two halves that open a device's copy of the account key. */
export interface DeviceHalves {
	readonly account: string;
	readonly device: string;
	/** 32 random bytes that stay on the device. */
	readonly deviceSecret: Bytes;
	/** 32 random bytes that the server releases only to a live session inside the idle limit. */
	readonly serverHalf: Bytes;
}

/** Wraps the account key for a device: neither half opens it alone. Throws TypeError unless both are 32 bytes. */
export async function wrapForDevice(
	options: DeviceHalves & { readonly accountKey: AccountKey },
): Promise<Bytes> {
	const plaintext = toAccountKey(options.accountKey);
	return wrap({ secret: halves(options), context: device(options), plaintext });
}

/** The account key. Throws `open-failed` when the halves, the account or the device are not those it was wrapped for; TypeError as `wrapForDevice`. */
export async function unwrapForDevice(
	options: DeviceHalves & { readonly wrapped: Bytes },
): Promise<AccountKey> {
	const { wrapped } = options;
	return unlock({ secret: halves(options), context: device(options), wrapped }, 'open-failed');
}

function exportKeyOf(text: string): Bytes {
	const bytes = fromBase64url(text);
	if (bytes.length !== exportKeyBytes) throw new CryptoError('bad-key');
	return bytes;
}

function halves({ deviceSecret, serverHalf }: DeviceHalves): Bytes {
	assert(deviceSecret.length === deviceHalfBytes, 'the secret of a device is 32 bytes');
	assert(serverHalf.length === deviceHalfBytes, 'the half of the server is 32 bytes');
	return concat(deviceSecret, serverHalf);
}

const password = (account: string): WrapContext => ({
	purpose: 'sotto/account/password/v1',
	belongsTo: account,
});

const recovery = (account: string): WrapContext => ({
	purpose: 'sotto/account/recovery/v1',
	belongsTo: account,
});

const device = (of: DeviceHalves): WrapContext => ({
	purpose: 'sotto/account/device/v1',
	belongsTo: [of.account, of.device],
});

async function unlock(
	options: Parameters<typeof unwrap>[0],
	wrong: CryptoErrorCode,
): Promise<AccountKey> {
	try {
		return toAccountKey(await unwrap(options));
	} catch (cause) {
		if (cause instanceof CryptoError && cause.code === 'open-failed')
			throw new CryptoError(wrong, { cause });
		throw cause;
	}
}
