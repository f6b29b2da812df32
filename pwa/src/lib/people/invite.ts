import { random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type Invitation,
	invitationFragment,
	invitationProof,
	invitationSecret,
} from '#crypto/members/invitation.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import type { Role } from '#protocol/account.ts';

/** An invitation is good for a week. */
const lifeMs = 7 * 24 * 60 * 60_000;

/** The seed of the practice key. Throws `no-key` for whoever is no admin. */
export function practiceSeed() {
	const { seed } = account.practice;
	if (!seed) throw new CryptoError('no-key');
	return seed;
}

/** The link of an invitation, which any admin can make again. */
export async function invitationLink(invitation: Invitation): Promise<string> {
	const secret = await invitationSecret({ practiceSeed: practiceSeed(), invitation });
	const practiceKey = account.practice.publicKey;
	const fragment = await invitationFragment({ secret, practiceKey });
	return `${location.origin}/invite/${invitation.id}#${fragment}`;
}

/** Opens a way in for one address and role; gives its link. Throws `ApiError`: `conflict`, `over-limit`. */
export async function invite(who: { email: string; role: Role }): Promise<string> {
	const email = who.email.trim().toLowerCase();
	const { role } = who;
	const invitation = {
		id: toBase64url(random(16)),
		email,
		role,
		expiresAt: Date.now() + lifeMs,
	};
	const secret = await invitationSecret({ practiceSeed: practiceSeed(), invitation });
	const proof = toBase64url(await invitationProof(secret));
	await request({ method: 'POST', path: '/api/invitations', body: { ...invitation, proof } });
	return invitationLink(invitation);
}
