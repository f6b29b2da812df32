import { toBase64url } from '#crypto/bytes.ts';
import type { AccountKey } from '#crypto/account/key.ts';
import { CryptoError } from '#crypto/errors.ts';
import { createStaffIdentity, openIdentity, toIdentitySecret } from '#crypto/identity/identity.ts';
import { type MemberList, signMemberList } from '#crypto/members/members.ts';
import { openPracticeKey } from '#crypto/members/practice.ts';
import { request } from '#lib/net/api.ts';
import type { Account } from '#protocol/account.ts';
import { type PracticeSecrets, sealPracticeKeys } from './practice.ts';

/**
 * Gives a practice of an older version its schedule key, and has the member list vouch for it and for the
 * records key. Throws `bad-key` for whoever is no admin, `ApiError`: `conflict` when another admin was first.
 */
export async function addScheduleKey(options: {
	accountKey: AccountKey;
	secrets: PracticeSecrets;
	members: MemberList;
	account: Account;
	/** A token of this device. */
	token: () => Promise<string>;
}): Promise<{
	secrets: PracticeSecrets;
	members: MemberList;
	kept: { secrets: PracticeSecrets; sealed: string };
}> {
	const { accountKey, account, token } = options;
	const { seed, records } = options.secrets;
	if (!seed || !records) throw new CryptoError('bad-key');
	const own = await openIdentity(toIdentitySecret(records));
	const schedule = await createStaffIdentity();
	const secrets = { ...options.secrets, schedule: schedule.secret };
	const members = {
		...options.members,
		version: options.members.version + 1,
		keys: { records: own.publicIdentity, schedule: schedule.identity.publicIdentity },
	};
	const sealed = toBase64url(await sealPracticeKeys(accountKey, secrets));
	await request({
		method: 'PUT',
		path: '/api/people/list',
		headers: { authorization: `Bearer ${await token()}` },
		open: true,
		body: {
			memberList: await signMemberList({ practiceKey: await openPracticeKey(seed), list: members }),
			account: { ...account, practice: sealed },
		},
	});
	return { secrets, members, kept: { secrets, sealed } };
}
