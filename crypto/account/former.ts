import { type Bytes, concat } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type IdentitySecret, openIdentity, toIdentitySecret } from '#crypto/identity/identity.ts';
import type { Account } from './account.ts';
import {
	type AccountKey,
	accountKeyBytes,
	openUnderAccountKey,
	sealUnderAccountKey,
	toAccountKey,
} from './key.ts';

/** Keys that an account had before and that something is still sealed to. */
export interface FormerKeys {
	readonly accountKey: AccountKey;
	readonly secret: IdentitySecret;
}

/** The most that an account keeps: who replaces her keys again before all is given to the newer ones has several. */
export const formerKeysMax = 4;

const secretBytes = 97;
const entryBytes = accountKeyBytes + secretBytes;

const contextOf = (account: string): string => `former keys ${account}`;

/** Seals them under the account key of now, the newest first. Throws `too-large` for more than `formerKeysMax`. */
export async function sealFormerKeys(options: {
	account: string;
	accountKey: AccountKey;
	former: readonly FormerKeys[];
}): Promise<Bytes> {
	const { account, accountKey, former } = options;
	if (former.length > formerKeysMax) throw new CryptoError('too-large');
	const entries = former.map((one) =>
		concat(toAccountKey(one.accountKey), toIdentitySecret(one.secret)),
	);
	return sealUnderAccountKey(accountKey, contextOf(account), concat(...entries));
}

/** What `sealFormerKeys` sealed. Throws `open-failed` for another account's or altered, `truncated`. */
export async function openFormerKeys(options: {
	account: string;
	accountKey: AccountKey;
	sealed: Bytes;
}): Promise<FormerKeys[]> {
	const { account, accountKey, sealed } = options;
	const bytes = await openUnderAccountKey(accountKey, contextOf(account), sealed);
	if (bytes.length % entryBytes !== 0) throw new CryptoError('truncated');
	return Array.from({ length: bytes.length / entryBytes }, (_, at) => {
		const start = at * entryBytes;
		return {
			accountKey: toAccountKey(bytes.slice(start, start + accountKeyBytes)),
			secret: toIdentitySecret(bytes.slice(start + accountKeyBytes, start + entryBytes)),
		};
	});
}

/** The same keys in use. */
export async function openFormerAccounts(
	options: Parameters<typeof openFormerKeys>[0],
): Promise<Account[]> {
	const former = await openFormerKeys(options);
	return Promise.all(
		former.map(async ({ accountKey, secret }) => ({
			accountKey,
			identity: await openIdentity(secret),
		})),
	);
}
