import { fromBase64url, random, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	invitationFragment,
	invitationProof,
	invitationSecret,
} from '#crypto/members/invitation.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import { address } from '#lib/net/origin.ts';
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

/** What makes the secret of an invitation. */
type Known = Omit<Invited, 'registration' | 'proofHash'>;

/** The secret of an invitation, if it is still for who it was: the list says who is a member now. */
export async function secretOf(invitation: Known, list = account.members) {
	const listed = list.members.some((one) => one.id === invitation.member);
	return secretWhen(listed, invitation);
}

function secretWhen(listed: boolean, { id, email, role, expiresAt, member }: Known) {
	return invitationSecret({
		practiceSeed: practiceSeed(),
		invitation: { id, email, role, expiresAt, member, listed },
	});
}

/** Whether an admin made just this invitation: a server cannot tell another id, end, role or address for it. */
export async function isOurs(invitation: Invited): Promise<boolean> {
	// Whom it lets back in may have left the list or come onto it since.
	for (const listed of [true, false]) {
		const proof = await invitationProof(await secretWhen(listed, invitation));
		const hash = await sha256(utf8(toBase64url(proof)));
		if (toBase64url(hash) === invitation.proofHash) return true;
	}
	return false;
}

/** The link of an invitation, which any admin can make again. */
export async function invitationLink(invitation: Known): Promise<string> {
	const secret = await secretOf(invitation);
	const { publicKey: practiceKey, serverKey } = account.practice;
	const fragment = await invitationFragment({
		secret,
		practiceKey,
		serverKey: fromBase64url(serverKey),
	});
	return address(`/invite/${invitation.id}#${fragment}`);
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
