import {
	type VaultKey,
	createVaultKey,
	lockVault,
	toVaultKey,
	unlockVault,
} from '#crypto/vault/vault.ts';
import { account } from '#lib/account/account.svelte.ts';
import { readVault, writeVault } from './rows.ts';

const context = 'offline copies';

/** Whether the member who is signed in has chosen a passphrase for this device. */
export async function hasVault(): Promise<boolean> {
	return (await readVault(account.member.id)) !== undefined;
}

/** The vault key with her account open; undefined before she has chosen a passphrase. Throws `locked`, `open-failed`. */
export async function ownVaultKey(): Promise<VaultKey | undefined> {
	const row = await readVault(account.member.id);
	return row && toVaultKey(await account.open(context, row.own));
}

/** Chooses a passphrase for this device, or another one: the copies stay. Throws `bad-key` when it is too short, `locked`. */
export async function choosePassphrase(
	passphrase: string,
	onProgress?: (share: number) => void,
): Promise<VaultKey> {
	const member = account.member.id;
	const before = await readVault(member);
	const vaultKey = (await ownVaultKey()) ?? createVaultKey();
	const lock = await lockVault({
		member,
		vaultKey,
		passphrase,
		...(onProgress && { onProgress }),
	});
	const own = before?.own ?? (await account.seal(context, vaultKey));
	await writeVault({ member, lock, own, seenAt: Math.max(before?.seenAt ?? 0, Date.now()) });
	return vaultKey;
}

/** The vault key of a member without her account: without a connection. Throws `wrong-password`, `not-a-recipient` where there is none. */
export async function unlockWithPassphrase(options: {
	member: string;
	passphrase: string;
	onProgress?: (share: number) => void;
}): Promise<VaultKey | undefined> {
	const row = await readVault(options.member);
	return row && unlockVault({ ...options, lock: row.lock });
}
