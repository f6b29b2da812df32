import { signJson } from '#crypto/identity/signed.ts';
import { account } from '#lib/account/account.svelte.ts';
import type { SaidAct } from '#protocol/acts.ts';
import type { Signed } from '#protocol/text.ts';

/**
 * What this member signs of an act of hers, for the body of the request that does it: the history keeps it, so that
 * nobody can say later that the server made the row up. Throws `locked`.
 */
export async function signAct(act: {
	act: SaidAct['act'];
	recording: string;
	/** As the row will have it: a member whose access it is, the id of a reason. */
	about?: string;
}): Promise<Signed> {
	const { member, identity } = account;
	const { about = null, ...what } = act;
	const value: SaidAct = { v: 1, ...what, about, who: member.id, at: Date.now() };
	return signJson({ key: identity.signing, context: 'sotto/act/v1', value });
}
