import { equal, toBase64url } from '#crypto/bytes.ts';
import { request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import type { Keys } from './keys.ts';
import { sealPracticeKeys } from './practice.ts';

/**
 * Seals into the account which member list and which practice key were seen, so that this member's next
 * browser refuses older ones. Gives the keys with what the account keeps now. What could not be sent, or
 * what another browser wrote first, is tried again with the next list.
 */
export async function keepSeen(keys: Keys): Promise<Keys> {
	const { accountKey, kept, practice, seen } = keys;
	const before = kept.secrets.list;
	const isKept =
		before?.version === seen.version &&
		before.noticed === seen.noticed &&
		equal(kept.secrets.publicKey, practice.publicKey);
	if (isKept) return keys;
	const secrets = { ...kept.secrets, publicKey: practice.publicKey, list: seen };
	const sealed = toBase64url(await sealPracticeKeys(accountKey, secrets));
	try {
		const body = { practice: sealed, was: kept.sealed };
		await request({ method: 'PUT', path: '/api/account/practice', body });
	} catch (error) {
		if (!isApiError(error)) throw error;
		return keys;
	}
	return { ...keys, kept: { secrets, sealed } };
}
