import type { Bytes } from '#crypto/bytes.ts';
import {
	type Identity,
	type IdentitySecret,
	createStaffIdentity,
	openIdentity,
	toIdentitySecret,
} from '#crypto/identity/identity.ts';
import {
	type AccountKey,
	createAccountKey,
	openUnderAccountKey,
	sealUnderAccountKey,
} from './key.ts';
import { type RecoveryKey, createRecoveryKey, recoveryAuthKey } from './recovery.ts';
import { wrapWithExportKey, wrapWithRecoveryKey } from './unlock.ts';

/** What the server keeps of an account; it opens none of it. */
export interface AccountRecord {
	readonly wrappedByPassword: Bytes;
	readonly wrappedByRecoveryKey: Bytes;
	/** Verifies the signatures of `recoveryAuthKey`; 32 bytes. */
	readonly recoveryPublicKey: Bytes;
	readonly sealedIdentity: Bytes;
}

/** An account that is unlocked. */
export interface Account {
	readonly accountKey: AccountKey;
	readonly identity: Identity;
}

const identityContext = (account: string): string => `identity ${account}`;

/**
 * A new staff account: fresh account key, identity and recovery key. `account` is its id, bound into
 * everything; `exportKey` comes from OPAQUE's registration. The recovery key is shown once and not kept.
 */
export async function createAccount(options: {
	account: string;
	exportKey: string;
}): Promise<Account & { readonly recoveryKey: RecoveryKey; readonly record: AccountRecord }> {
	const { account, exportKey } = options;
	const accountKey = createAccountKey();
	const recoveryKey = createRecoveryKey();
	const { secret, identity } = await createStaffIdentity();
	const record = {
		wrappedByPassword: await wrapWithExportKey({ account, accountKey, exportKey }),
		wrappedByRecoveryKey: await wrapWithRecoveryKey({ account, accountKey, recoveryKey }),
		recoveryPublicKey: (await recoveryAuthKey(recoveryKey)).publicKey,
		sealedIdentity: await sealUnderAccountKey(accountKey, identityContext(account), secret),
	};
	return { accountKey, identity, recoveryKey, record };
}

interface Sealed {
	readonly account: string;
	readonly accountKey: AccountKey;
	readonly sealedIdentity: Bytes;
}

/** The identity of an unlocked account. Throws `open-failed` when it is another account's or altered. */
export async function openAccount(options: Sealed): Promise<Account> {
	const { accountKey } = options;
	return { accountKey, identity: await openIdentity(await openIdentitySecret(options)) };
}

/** The same as it is kept at rest. Throws as `openAccount`. */
export async function openIdentitySecret(options: Sealed): Promise<IdentitySecret> {
	const { account, accountKey, sealedIdentity } = options;
	return toIdentitySecret(
		await openUnderAccountKey(accountKey, identityContext(account), sealedIdentity),
	);
}
