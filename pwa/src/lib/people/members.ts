import { fromBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { decodePublicIdentity } from '#crypto/identity/identity.ts';
import { verifyRegistration } from '#crypto/members/invitation.ts';
import { openRotation } from '#crypto/members/rotation.ts';
import { type Member, type MemberList, type Spent, memberOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { withFormer } from '#lib/schedule/vouch.ts';
import type { Role } from '#protocol/account.ts';
import { type Invited, People } from '#protocol/people.ts';
import type { WaitingRotation } from '#protocol/rotation.ts';
import { isOurs, secretOf } from './invite.ts';
import { type Transition, lostKinds, makeTransition } from './transition.ts';

export const fetchPeople = (): Promise<People> => fetchJson(People, { path: '/api/people' });

/** The newest list, which this device has seen no newer one than. */
async function newestList(): Promise<MemberList> {
	await account.refresh();
	return account.members;
}

/** The spent invitations with some more, without those that ended by themselves. */
function spentWith({ spent = [] }: MemberList, more: readonly Spent[]): Spent[] {
	const ids = new Set(more.map(({ id }) => id));
	return [
		...spent.filter((one) => !ids.has(one.id) && one.expiresAt > Date.now()),
		...more.map(({ id, expiresAt }) => ({ id, expiresAt })),
	];
}

/**
 * The list in which `before` has become `after`. Whoever knows the practice key can make the secret of every
 * invitation: when she goes, those that are open end with her.
 */
async function transition(options: {
	list: MemberList;
	before?: Member | undefined;
	after?: Member | undefined;
	spent?: Spent;
}): Promise<Transition & { ended: readonly Spent[] }> {
	const { list, before, after, spent } = options;
	const known = lostKinds(before, after).includes('seed');
	const invitations = known ? (await fetchPeople()).invitations : [];
	const ended = invitations.filter(({ id }) => id !== spent?.id);
	const all = [...ended, ...(spent ? [spent] : [])];
	const made = await makeTransition({
		list: { ...list, ...(all.length > 0 && { spent: spentWith(list, all) }) },
		held: account.practice.secrets,
		before,
		after,
	});
	return { ...made, ended };
}

/** Takes ended invitations from the server; the list says already that they make nobody a member. */
async function endInvitations(ended: readonly Spent[]): Promise<void> {
	for (const { id } of ended)
		await request({ method: 'DELETE', path: `/api/invitations/${id}` }).catch((error: unknown) => {
			if (!isApiError(error, 'not-found')) throw error;
		});
}

/**
 * Puts somebody who accepted on the list, after checking that her keys are those that she made. Throws
 * `bad-signature` when they are not, or the invitation is another, ended or spent; `ApiError`: `conflict` when another admin was first.
 */
export async function confirmInvited(invited: Invited): Promise<void> {
	const { id, email, role, expiresAt, registration } = invited;
	if (!registration) return;
	const list = await newestList();
	// The server could show one again that was used, withdrawn or too old.
	const spent = list.spent?.some((one) => one.id === id);
	if (spent || expiresAt <= Date.now()) throw new CryptoError('bad-signature');
	const secret = await secretOf(invited, list);
	const { member } = registration;
	const publicIdentity = decodePublicIdentity(member.publicIdentity);
	// The invitation says who and as what; the server may say something else about the member.
	if (member.email !== email || member.role !== role) throw new CryptoError('bad-signature');
	const taken = member.id === list.practice || list.members.some((one) => one.id === member.id);
	if (invited.member === null ? taken : invited.member !== member.id)
		throw new CryptoError('bad-signature');
	await verifyRegistration({
		secret,
		practice: account.practice.publicKey,
		member: { ...member, publicIdentity },
		mac: fromBase64url(registration.mac),
	});
	const after = { id: member.id, role, publicIdentity };
	const before = memberOf(list, member.id);
	const vouching = before ? await withFormer(list, before, after) : list;
	const { ended, ...body } = await transition({ list: vouching, before, after, spent: invited });
	await request({ method: 'POST', path: `/api/invitations/${id}/confirm`, body });
	await account.refresh();
	await endInvitations(ended);
}

/**
 * Puts a member's own new keys on the list, after checking that those that the list has of her signed them. Throws
 * `bad-signature` when they did not, or it is over; `ApiError`: `conflict` when another admin was first, or she signed something
 * meanwhile or is in a call. An admin who
 * confirms her own is signed out by it.
 */
export async function confirmRotation({ member, rotation }: WaitingRotation): Promise<void> {
	const list = await newestList();
	const before = memberOf(list, member);
	// The keys that a server tells are not believed.
	if (!before) throw new CryptoError('bad-signature');
	const said = await openRotation({ signed: rotation, from: before.publicIdentity.ed25519 });
	const fits = said.practice === list.practice && said.member === member;
	if (!fits || said.expiresAt <= Date.now()) throw new CryptoError('bad-signature');
	const after = { ...before, publicIdentity: said.to };
	// First: what she signs while her sessions are read, nobody would vouch for.
	const { history } = await fetchPeople();
	const vouching = await withFormer(list, before, after);
	const { ended, ...made } = await transition({ list: vouching, before, after });
	const body = { ...made, signature: rotation.signature, history };
	await request({ method: 'POST', path: `/api/people/${member}/rotation`, body });
	if (member === account.member.id) return;
	await account.refresh();
	await endInvitations(ended);
}

/** Takes from the server what the list has ended; whoever signed it may have been signed out by that. Throws `ApiError`. */
export async function endSpent(): Promise<void> {
	const spent = new Set((account.members.spent ?? []).map(({ id }) => id));
	const { invitations } = await fetchPeople();
	await endInvitations(invitations.filter(({ id }) => spent.has(id)));
}

/**
 * Confirms everybody who waits and whose registration or new keys are good; gives the ids of those that are not: of the
 * invitation, or of the member. Throws `too-large` after the others when the list holds nobody more.
 */
export async function confirmWaiting(people: People): Promise<string[]> {
	const bad: string[] = [];
	let full: CryptoError | undefined;
	const waiting = [
		...people.invitations.map((one) => ({ id: one.id, confirm: () => confirmInvited(one) })),
		...people.rotations.map((one) => ({ id: one.member, confirm: () => confirmRotation(one) })),
	];
	for (const { id, confirm } of waiting) {
		try {
			await confirm();
		} catch (error) {
			// Another admin's page was first, or the id is taken: the others go on.
			if (isApiError(error, 'conflict', 'not-found')) continue;
			// Who comes back still has her place.
			if (error instanceof CryptoError && error.code === 'too-large') {
				full = error;
				continue;
			}
			// A key that is on the list already is a TypeError of `signMemberList`.
			const isBad = error instanceof CryptoError || error instanceof TypeError;
			if (!isBad && !isApiError(error, 'bad-request')) throw error;
			bad.push(id);
		}
	}
	if (full) throw full;
	return bad;
}

/** Another role, or deactivated. Throws `no-key` for who is not on the list: she needs an invitation; `ApiError`: `conflict` for the last admin. */
export async function changeMember(id: string, to: { role: Role; active: boolean }): Promise<void> {
	const list = await newestList();
	const before = memberOf(list, id);
	// The keys that a server tells are not believed.
	if (!before) throw new CryptoError('no-key');
	const after = to.active ? { ...before, role: to.role } : undefined;
	const vouching = await withFormer(list, before, after);
	const { ended, ...made } = await transition({ list: vouching, before, after });
	await request({ method: 'PUT', path: `/api/people/${id}`, body: { ...to, ...made } });
	await account.refresh();
	await endInvitations(ended);
}

/**
 * Withdraws an invitation, also for a server that would show it again. Throws `bad-signature` when the server
 * tells another id, end, role or address than it has: then another one would be withdrawn.
 */
export async function withdraw(invited: Invited): Promise<void> {
	const list = await newestList();
	// What the list ended already, maybe made with a practice key of before, is only taken from the server.
	if (!list.spent?.some(({ id }) => id === invited.id)) {
		if (!(await isOurs(invited))) throw new CryptoError('bad-signature');
		const { memberList } = await transition({ list, spent: invited });
		await request({ method: 'PUT', path: '/api/people/list', body: { memberList } });
	}
	await endInvitations([invited]);
}
