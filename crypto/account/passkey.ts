import { type Bytes, sha256, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { hkdf } from '#crypto/hkdf.ts';
import { type SigningKey, signingKeyOf } from '#crypto/identity/signing.ts';
import { type AccountKey, toAccountKey } from './key.ts';
import { type WrapContext, unwrap, wrap } from './wrap.ts';

/** Bytes of one result of the PRF extension of a passkey (WebAuthn level 3, §10.1.4). */
export const prfBytes = 32;

/** The input of the PRF for unlocking an account: the same for everybody, because each credential has a secret of its own. */
export async function unlockSalt(): Promise<Bytes> {
	return sha256(utf8('sotto/account/passkey/salt/v1'));
}

/** Wraps the account key for a passkey. `prf` is the result for `unlockSalt`. Throws `bad-key` unless it is 32 bytes. */
export async function wrapWithPasskey(options: {
	account: string;
	accountKey: AccountKey;
	prf: Bytes;
}): Promise<Bytes> {
	const { account, accountKey, prf } = options;
	return wrap({
		secret: checked(prf),
		context: passkey(account),
		plaintext: toAccountKey(accountKey),
	});
}

/** The account key. Throws `open-failed` when this passkey does not open it, `bad-key`, `truncated`, `unknown-version`. */
export async function unlockWithPasskey(options: {
	account: string;
	prf: Bytes;
	wrapped: Bytes;
}): Promise<AccountKey> {
	const { account, prf, wrapped } = options;
	return toAccountKey(await unwrap({ secret: checked(prf), context: passkey(account), wrapped }));
}

/**
 * The Ed25519 key that proves possession of the passkey to the server: it signs the server's nonce in context
 * `sotto/passkey/v1`. The server keeps its public half, which tells nothing about what unwraps the account key.
 */
export async function passkeyAuthKey(prf: Bytes): Promise<SigningKey> {
	const info = utf8('sotto/account/passkey-auth/v1');
	const salt = new Uint8Array();
	const ikm = checked(prf);
	return signingKeyOf(await hkdf({ hash: 'SHA-256', ikm, salt, info, lengthBytes: 32 }));
}

function checked(prf: Bytes): Bytes {
	if (prf.length !== prfBytes) throw new CryptoError('bad-key');
	return prf;
}

const passkey = (account: string): WrapContext => ({
	purpose: 'sotto/account/passkey/v1',
	belongsTo: account,
});
