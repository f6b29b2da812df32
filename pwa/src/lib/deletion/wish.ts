import { signJson, type Signed } from '#crypto/identity/signed.ts';
import { account } from '#lib/account/account.svelte.ts';

/** What this member signs when she deletes a recording; it stays with the receipt. Throws `locked`. */
export async function signWish(recording: string): Promise<Signed> {
	const { member, identity } = account;
	return signJson({
		key: identity.signing,
		context: 'sotto/deletion/v1',
		value: { recording, author: member.id, at: Date.now() },
	});
}
