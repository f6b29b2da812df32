import {
	loginFinish,
	loginStart,
	registrationFinish,
	registrationStart,
} from '#crypto/account/opaque.ts';
import type { Pins } from '#crypto/account/browser.ts';
import type { AccountKey } from '#crypto/account/key.ts';
import { type RecoveryKey, parseRecoveryKey, recoveryAuthKey } from '#crypto/account/recovery.ts';
import {
	unlockWithExportKey,
	unlockWithRecoveryKey,
	wrapWithExportKey,
} from '#crypto/account/unlock.ts';
import { concat, fromBase64url, random, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { type SigningKey, sign } from '#crypto/identity/signing.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import {
	LoginStarted,
	PasswordStarted,
	RecoveryStarted,
	SignedIn,
	type Unlocker,
} from '#protocol/account.ts';
import type { Signed } from '#protocol/text.ts';
import { type Device, deviceName, forgetDevice, newDeviceKey, readDevice } from './device.ts';

/** A way in that was walked to its end. */
export interface SignedInHere {
	readonly accountKey: AccountKey;
	readonly signedIn: SignedIn;
	/** The key of this device. */
	readonly signing: SigningKey;
	/** OPAQUE key of the server. */
	readonly serverKey: string;
	/** What another browser of hers, which let this one in, knows of the practice. */
	readonly pins?: Pins;
}

/** E-mail addresses are compared in lower case, here and on the server. */
const plain = (email: string): string => email.trim().toLowerCase();

/** The device of this person in this browser, or a new one. */
async function deviceFor(email: string, known: Device | undefined) {
	if (known?.email === email) return { signing: known.signing, told: known.device };
	const signing = await newDeviceKey();
	return {
		signing,
		told: { publicKey: toBase64url(signing.publicKey), name: deviceName() },
	};
}

function unlockerOf({ account }: SignedIn, kind: Unlocker['kind']): Unlocker {
	const found = account.unlockers.find((unlocker) => unlocker.kind === kind);
	if (!found) throw new CryptoError('no-key');
	return found;
}

/** Walks a way in. A device that the server has forgotten since is none: this browser becomes a new one. Throws as `way`. */
export async function walk(
	way: (known: Device | undefined) => Promise<SignedInHere>,
): Promise<SignedInHere> {
	const known = await readDevice();
	try {
		return await way(known);
	} catch (error) {
		if (!known || !isApiError(error, 'not-found')) throw error;
		await forgetDevice();
		return way(undefined);
	}
}

/** With the password. Throws `wrong-password`, `bad-key` when the server is not the one of before, `ApiError`. */
export async function enterWithPassword(options: {
	email: string;
	password: string;
	known: Device | undefined;
}): Promise<SignedInHere> {
	const { password, known } = options;
	const email = plain(options.email);
	const { startLoginRequest, state } = await loginStart(password);
	const { login, loginResponse } = await fetchJson(LoginStarted, {
		method: 'POST',
		path: '/api/login/start',
		body: { email, startLoginRequest },
		open: true,
	});
	const { finishLoginRequest, exportKey, serverStaticPublicKey } = await loginFinish({
		password,
		state,
		loginResponse,
		pinnedServerKey: known?.email === email ? known.serverKey : undefined,
	});
	const { signing, told } = await deviceFor(email, known);
	const signedIn = await fetchJson(SignedIn, {
		method: 'POST',
		path: '/api/login/finish',
		body: { login, finishLoginRequest, device: told },
		open: true,
	});
	const wrapped = fromBase64url(unlockerOf(signedIn, 'password').wrapped);
	const accountKey = await unlockWithExportKey({
		account: signedIn.member.id,
		exportKey,
		wrapped,
	});
	return { accountKey, signedIn, signing, serverKey: serverStaticPublicKey };
}

/** With the recovery key. Throws `wrong-recovery-key`, `ApiError`. A new password has to follow: `changePassword`. */
export async function enterWithRecoveryKey(options: {
	email: string;
	recoveryKey: string;
	known: Device | undefined;
}): Promise<SignedInHere> {
	const { known } = options;
	const email = plain(options.email);
	const recoveryKey = parseRecoveryKey(options.recoveryKey);
	const { recovery, nonce } = await fetchJson(RecoveryStarted, {
		method: 'POST',
		path: '/api/recovery/start',
		body: { email },
		open: true,
	});
	const signature = await signNonce({ email, recoveryKey, nonce });
	const { signing, told } = await deviceFor(email, known);
	const signedIn = await fetchJson(SignedIn, {
		method: 'POST',
		path: '/api/recovery/finish',
		body: { recovery, signature, device: told },
		open: true,
	}).catch((cause: unknown) => {
		throw isApiError(cause, 'login-failed')
			? new CryptoError('wrong-recovery-key', { cause })
			: cause;
	});
	const wrapped = fromBase64url(unlockerOf(signedIn, 'recovery').wrapped);
	const accountKey = await unlockWithRecoveryKey({
		account: signedIn.member.id,
		recoveryKey,
		wrapped,
	});
	return { accountKey, signedIn, signing, serverKey: signedIn.account.serverKey };
}

async function signNonce(options: { email: string; recoveryKey: RecoveryKey; nonce: string }) {
	const { email, recoveryKey, nonce } = options;
	const key = await recoveryAuthKey(recoveryKey);
	const message = concat(fromBase64url(nonce), utf8(email));
	return toBase64url(await sign(key, 'sotto/recovery/v1', message));
}

/** The OPAQUE record of another password, which nothing is wrapped with yet. Needs a token. Throws `bad-key`, `ApiError`. */
export async function registerAnew(
	password: string,
	pinnedServerKey: string,
): Promise<Awaited<ReturnType<typeof registrationFinish>>> {
	const { registrationRequest, state } = await registrationStart(password);
	const { registrationResponse } = await fetchJson(PasswordStarted, {
		method: 'POST',
		path: '/api/password/start',
		body: { registrationRequest },
	});
	return registrationFinish({
		password,
		state,
		registrationResponse,
		pinnedServerKey,
	});
}

/**
 * A new password for an account that is open, signed by its owner; the other unlockers stay. Needs a token. Throws
 * `bad-key` when the server is not the one of before, `ApiError`: `conflict` when another device was first.
 */
export async function changePassword(options: {
	entered: Pick<SignedInHere, 'accountKey' | 'signedIn' | 'serverKey'>;
	/** Of her identity. */
	key: SigningKey;
	password: string;
}): Promise<void> {
	const { entered, key, password } = options;
	const { account, member } = entered.signedIn;
	const { registrationRecord, exportKey } = await registerAnew(password, entered.serverKey);
	const wrapped = await wrapWithExportKey({
		account: member.id,
		accountKey: entered.accountKey,
		exportKey,
	});
	const own: Unlocker = {
		id: toBase64url(random(16)),
		kind: 'password',
		wrapped: toBase64url(wrapped),
	};
	const signed = await signUnlockers({
		key,
		member: member.id,
		was: account.unlockers,
		next: account.unlockers.map((one) => (one.kind === 'password' ? own : one)),
		record: toBase64url(await sha256(utf8(registrationRecord))),
	});
	await request({
		method: 'POST',
		path: '/api/password/finish',
		body: { registrationRecord, signed },
	});
}

/** Other ways in in the place of `was`, as the server wants them signed: see `UnlockersText`. */
export function signUnlockers(options: {
	key: SigningKey;
	member: string;
	was: readonly Unlocker[];
	next: readonly Unlocker[];
	record?: string;
}): Promise<Signed> {
	const { key, member, was, next, record } = options;
	const value = {
		member,
		was: was.map(({ id }) => id),
		// Left out, not undefined: what is signed is JSON.
		unlockers: next.map((one) => JSON.parse(JSON.stringify(one))),
		...(record !== undefined && { record }),
	};
	return signJson({ key, context: 'sotto/unlockers/v1', value });
}
