import {
	type VaultKey,
	createVaultKey,
	lockVault,
	lockVaultWithPasskey,
	toVaultKey,
	unlockVault,
	unlockVaultWithPasskey,
	vaultSalt,
} from '#crypto/vault/vault.ts';
import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { askPasskey } from '#lib/account/webauthn.ts';
import { type VaultRow, readVault, writeVault } from './rows.ts';

const context = 'offline copies';

/** Whether the member who is signed in has chosen what opens copies on this device. */
export async function hasVault(): Promise<boolean> {
	return (await readVault(account.member.id)) !== undefined;
}

/** The vault key with her account open; undefined before she has chosen what opens them. Throws `locked`, `open-failed`. */
export async function ownVaultKey(): Promise<VaultKey | undefined> {
	const row = await readVault(account.member.id);
	return row && toVaultKey(await account.open(context, row.own));
}

/** The row of the member who is signed in with her vault key, made when there is none. */
async function ownVault(): Promise<{ row: VaultRow; vaultKey: VaultKey }> {
	const member = account.member.id;
	const before = await readVault(member);
	const vaultKey = (await ownVaultKey()) ?? createVaultKey();
	const own = before?.own ?? (await account.seal(context, vaultKey));
	const seenAt = Math.max(before?.seenAt ?? 0, Date.now());
	return { row: { ...before, member, own, seenAt }, vaultKey };
}

/** Chooses a passphrase for this device, or another one: the copies stay. Throws `bad-key` when it is too short, `locked`. */
export async function choosePassphrase(
	passphrase: string,
	onProgress?: (share: number) => void,
): Promise<VaultKey> {
	const { row, vaultKey } = await ownVault();
	const { member } = row;
	const more = onProgress && { onProgress };
	const lock = await lockVault({ member, vaultKey, passphrase, ...more });
	await writeVault({ ...row, lock });
	return vaultKey;
}

/** Lets one of her passkeys open the copies. Throws as `askPasskey`, and `no-key` for the passkey of another. */
export async function choosePasskey(): Promise<VaultKey> {
	const { row, vaultKey } = await ownVault();
	const { member } = row;
	const { credential, owner, prf } = await askPasskey({ salt: await vaultSalt() });
	if (owner !== member) throw new CryptoError('no-key');
	const wrapped = await lockVaultWithPasskey({ member, vaultKey, prf });
	await writeVault({ ...row, passkey: { credential, wrapped } });
	return vaultKey;
}

/** The vault key of a member without her account; undefined where no passphrase was chosen. Throws `wrong-password`. */
export async function unlockWithPassphrase(options: {
	member: string;
	passphrase: string;
	onProgress?: (share: number) => void;
}): Promise<VaultKey | undefined> {
	const row = await readVault(options.member);
	return row?.lock && unlockVault({ ...options, lock: row.lock });
}

/** The same by the passkey that was chosen. Throws as `askPasskey`, `open-failed`. */
export async function unlockWithPasskey(member: string): Promise<VaultKey | undefined> {
	const row = await readVault(member);
	if (!row?.passkey) return undefined;
	const { credential, wrapped } = row.passkey;
	const { prf } = await askPasskey({ salt: await vaultSalt(), only: [credential] });
	return unlockVaultWithPasskey({ member, wrapped, prf });
}
