import {
	createRecoveryKey,
	formatRecoveryKey,
	recoveryAuthKey,
	type RecoveryKey,
} from '#crypto/account/recovery.ts';
import { passkeyAuthKey, unlockSalt, wrapWithPasskey } from '#crypto/account/passkey.ts';
import { wrapWithRecoveryKey } from '#crypto/account/unlock.ts';
import { random, toBase64url } from '#crypto/bytes.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { account } from '#lib/account/account.svelte.ts';
import { deviceName } from '#lib/account/device.ts';
import { signUnlockers } from '#lib/account/enter.ts';
import { makePasskey } from '#lib/account/webauthn.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { SignedIn, type Unlocker } from '#protocol/account.ts';
import { Devices } from '#protocol/unlockers.ts';

const newId = (): string => toBase64url(random(16));

/** The ways into this member's account, as the server has them now. Throws `ApiError`. */
export async function readUnlockers(): Promise<Unlocker[]> {
	return (await fetchJson(SignedIn, { path: '/api/me' })).account.unlockers;
}

/** Puts others in the place of `was`, signed by this member. Throws `ApiError`: `conflict` when another device was first. */
async function replace(was: readonly Unlocker[], next: readonly Unlocker[]): Promise<void> {
	const { member, identity } = account;
	const signed = await signUnlockers({ key: identity.signing, member: member.id, was, next });
	await request({ method: 'PUT', path: '/api/account/unlockers', body: { signed } });
}

/** Makes a passkey on an authenticator of this person and lets it in. Throws as `makePasskey`, `ApiError`. */
export async function addPasskey(): Promise<void> {
	const { member } = account;
	const was = await readUnlockers();
	const { credential, prf } = await makePasskey({
		owner: member.id,
		name: member.email,
		displayName: member.name,
		salt: await unlockSalt(),
		known: was.flatMap(({ passkey }) => passkey?.credential ?? []),
	});
	const wrapped = await account.wrapped((accountKey) =>
		wrapWithPasskey({ account: member.id, accountKey, prf }),
	);
	const made: Unlocker = {
		id: newId(),
		kind: 'passkey',
		wrapped: toBase64url(wrapped),
		publicKey: toBase64url((await passkeyAuthKey(prf)).publicKey),
		passkey: { credential, name: deviceName(), createdAt: Date.now() },
	};
	prf.fill(0);
	await replace(was, [...was, made]);
}

/** Lets a passkey in no more. Throws `ApiError`. */
export async function removePasskey(id: string): Promise<void> {
	const was = await readUnlockers();
	await replace(
		was,
		was.filter((one) => one.id !== id || one.kind !== 'passkey'),
	);
}

/** A recovery key that was made and is not in force yet: first it has to be written down. */
export interface NewRecoveryKey {
	/** As it is shown: groups with spaces between. */
	readonly text: string;
	/** Puts it in the place of the old one. Throws `ApiError`; then the old one still holds. */
	confirm(): Promise<void>;
}

export function newRecoveryKey(): NewRecoveryKey {
	const key = createRecoveryKey();
	return { text: formatRecoveryKey(key), confirm: () => useRecoveryKey(key) };
}

async function useRecoveryKey(recoveryKey: RecoveryKey): Promise<void> {
	const { member } = account;
	const was = await readUnlockers();
	const wrapped = await account.wrapped((accountKey) =>
		wrapWithRecoveryKey({ account: member.id, accountKey, recoveryKey }),
	);
	const made: Unlocker = {
		id: newId(),
		kind: 'recovery',
		wrapped: toBase64url(wrapped),
		publicKey: toBase64url((await recoveryAuthKey(recoveryKey)).publicKey),
	};
	await replace(
		was,
		was.map((one) => (one.kind === 'recovery' ? made : one)),
	);
}

/** Browsers that this member is signed in with. Throws `ApiError`. */
export async function readDevices(): Promise<Devices['devices']> {
	return (await fetchJson(Devices, { path: '/api/account/devices' })).devices;
}

/** Signs another browser out, signed by this member. Throws `ApiError`. */
export async function removeDevice(id: string): Promise<void> {
	const { member, identity } = account;
	const signed = await signJson({
		key: identity.signing,
		context: 'sotto/unlockers/v1',
		value: { member: member.id, removed: id },
	});
	await request({ method: 'DELETE', path: `/api/account/devices/${id}`, body: { signed } });
}
