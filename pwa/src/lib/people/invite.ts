import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	invitationFragment,
	invitationProof,
	invitationSecret,
} from '#crypto/members/invitation.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import type { Invited } from '#protocol/people.ts';
import type { Role } from '#protocol/account.ts';

/** An invitation is good for a week. */
const lifeMs = 7 * 24 * 60 * 60_000;

/** The seed of the practice key. Throws `no-key` for whoever is no admin. */
export function practiceSeed() {
	const { seed } = account.practice;
	if (!seed) throw new CryptoError('no-key');
	return seed;
}

/** The secret of an invitation, if it is still for who it was: the list says who is a member now. */
export async function secretOf(invitation: Omit<Invited, 'registration'>, list = account.members) {
	const { id, email, role, expiresAt, member } = invitation;
	const listed = list.members.some((one) => one.id === member);
	return invitationSecret({
		practiceSeed: practiceSeed(),
		invitation: { id, email, role, expiresAt, member, listed },
	});
}

/** The link of an invitation, which any admin can make again. */
export async function invitationLink(invitation: Omit<Invited, 'registration'>): Promise<string> {
	const secret = await secretOf(invitation);
	const { publicKey: practiceKey, serverKey } = account.practice;
	const fragment = await invitationFragment({
		secret,
		practiceKey,
		serverKey: fromBase64url(serverKey),
	});
	return `${location.origin}/invite/${invitation.id}#${fragment}`;
}

/** Opens a way in for one address and role, or back in for a `member`; gives its link. Throws `ApiError`: `conflict`, `over-limit`. */
export async function invite(who: { email: string; role: Role; member?: string }): Promise<string> {
	const email = who.email.trim().toLowerCase();
	const { role } = who;
	const invitation = {
		id: toBase64url(random(16)),
		email,
		role,
		expiresAt: Date.now() + lifeMs,
		member: who.member ?? null,
	};
	const secret = await secretOf(invitation);
	const proof = toBase64url(await invitationProof(secret));
	await request({ method: 'POST', path: '/api/invitations', body: { ...invitation, proof } });
	return invitationLink(invitation);
}
