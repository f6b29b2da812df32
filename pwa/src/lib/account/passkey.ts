import { passkeyAuthKey, unlockSalt, unlockWithPasskey } from '#crypto/account/passkey.ts';
import { concat, fromBase64url, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { sign } from '#crypto/identity/signing.ts';
import { fetchJson } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { SignedIn } from '#protocol/account.ts';
import { PasskeyStarted } from '#protocol/unlockers.ts';
import { type Device, deviceName, newDeviceKey } from './device.ts';
import { type SignedInHere, enterWithPassword } from './enter.ts';
import { askPasskey } from './webauthn.ts';

/**
 * In with a passkey: no address, no password. Throws `no-key` where the person says no, `unknown-version` where the
 * passkey has no PRF, `not-a-recipient` where it is none of an account here, `ApiError`.
 */
export async function enterWithPasskey(options: {
	known: Device | undefined;
	/** Credential ids of those that `known` has: no others will do. */
	only?: readonly string[];
}): Promise<SignedInHere> {
	const { known, only } = options;
	const answered = await askPasskey({ salt: await unlockSalt(), ...(only && { only }) });
	const { credential, prf } = answered;
	// An authenticator need not say whose it is when it was asked for certain ones.
	const owner = only ? (known?.member ?? null) : answered.owner;
	if (owner === null) throw new CryptoError('no-key');
	const { login, nonce } = await fetchJson(PasskeyStarted, {
		method: 'POST',
		path: '/api/passkey/start',
		body: { member: owner },
		open: true,
	});
	const message = concat(fromBase64url(nonce), utf8(owner));
	const signature = await sign(await passkeyAuthKey(prf), 'sotto/passkey/v1', message);
	const own = known?.member === owner ? known : undefined;
	const signing = own?.signing ?? (await newDeviceKey());
	const signedIn = await fetchJson(SignedIn, {
		method: 'POST',
		path: '/api/passkey/finish',
		body: {
			login,
			signature: toBase64url(signature),
			device: own?.device ?? { publicKey: toBase64url(signing.publicKey), name: deviceName() },
		},
		open: true,
	}).catch((cause: unknown) => {
		throw isApiError(cause, 'login-failed') ? new CryptoError('not-a-recipient', { cause }) : cause;
	});
	const { account, member } = signedIn;
	const unlocker = account.unlockers.find(({ passkey }) => passkey?.credential === credential);
	if (!unlocker) throw new CryptoError('not-a-recipient');
	const wrapped = fromBase64url(unlocker.wrapped);
	const accountKey = await unlockWithPasskey({ account: member.id, prf, wrapped });
	return { accountKey, signedIn, signing, serverKey: account.serverKey };
}

/** What shows that it is still she: her password, or one of these passkeys (credential ids). */
export type Proof = { readonly password: string } | { readonly passkeys: readonly string[] };

/** In once more at a device where she is. Throws as `enterWithPassword`, `enterWithPasskey`. */
export function enterAgain(known: Device, by: Proof): Promise<SignedInHere> {
	if ('passkeys' in by) return enterWithPasskey({ known, only: by.passkeys });
	return enterWithPassword({ email: known.email, password: by.password, known });
}
