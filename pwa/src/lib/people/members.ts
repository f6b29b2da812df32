import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { decodePublicIdentity } from '#crypto/identity/identity.ts';
import { verifyRegistration } from '#crypto/members/invitation.ts';
import { keysFor, sealMemberKeys } from '#crypto/members/keys.ts';
import {
	type Member,
	type MemberList,
	type Spent,
	memberOf,
	openMemberList,
	signMemberList,
} from '#crypto/members/members.ts';
import { openPracticeKey } from '#crypto/members/practice.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { withFormer } from '#lib/schedule/vouch.ts';
import type { Role } from '#protocol/account.ts';
import { type Invited, People } from '#protocol/people.ts';
import { practiceSeed, secretOf } from './invite.ts';

export const fetchPeople = (): Promise<People> => fetchJson(People, { path: '/api/people' });

/** The newest list, which this device has seen no newer one than. */
async function newestList(): Promise<MemberList> {
	await account.refresh();
	const { memberList } = await fetchPeople();
	const list = await openMemberList({
		signed: memberList,
		practiceKey: account.practice.publicKey,
	});
	if (list.version < account.members.version) throw new CryptoError('stale');
	return list;
}

/** The spent invitations with one more, without those that ended by themselves. */
const spentWith = ({ spent = [] }: MemberList, { id, expiresAt }: Spent): Spent[] => [
	...spent.filter((one) => one.id !== id && one.expiresAt > Date.now()),
	{ id, expiresAt },
];

/** The list after this one with other members, and the keys for `member` when she stays in it. */
async function next(options: { list: MemberList; members: readonly Member[]; member: string }) {
	const { list, members, member } = options;
	const { practice } = account;
	if (list.version < account.members.version) throw new CryptoError('stale');
	const practiceKey = await openPracticeKey(practiceSeed());
	const newer = { ...list, version: list.version + 1, members };
	const memberList = await signMemberList({ practiceKey, list: newer });
	const here = members.find(({ id }) => id === member);
	const keys = here && keysFor(here.role, practice.secrets);
	if (!here || !keys || Object.keys(keys).length === 0) return { memberList, keys: null };
	const to = here.publicIdentity;
	const box = await sealMemberKeys({ to, practice: practice.id, member, keys });
	return { memberList, keys: toBase64url(box) };
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
	const taken = list.members.some((one) => one.id === member.id);
	if (invited.member === null ? taken : invited.member !== member.id)
		throw new CryptoError('bad-signature');
	await verifyRegistration({
		secret,
		practice: account.practice.publicKey,
		member: { ...member, publicIdentity },
		mac: fromBase64url(registration.mac),
	});
	const others = list.members.filter((one) => one.id !== member.id);
	const back = { id: member.id, role, publicIdentity };
	const members = [...others, back];
	const before = memberOf(list, member.id);
	const vouching = before ? await withFormer(list, before, back) : list;
	const body = await next({
		list: { ...vouching, spent: spentWith(list, invited) },
		members,
		member: member.id,
	});
	await request({ method: 'POST', path: `/api/invitations/${id}/confirm`, body });
	await account.refresh();
}

/** Confirms everybody who waits and whose registration is good; gives the ids of those that are not. */
export async function confirmWaiting(people: People): Promise<string[]> {
	const bad: string[] = [];
	for (const invited of people.invitations) {
		try {
			await confirmInvited(invited);
		} catch (error) {
			// Another admin's page was first, or the id is taken: the others go on.
			if (isApiError(error, 'conflict')) continue;
			// A key that is on the list already is a TypeError of `signMemberList`.
			if (!(error instanceof CryptoError) && !(error instanceof TypeError)) throw error;
			bad.push(invited.id);
		}
	}
	return bad;
}

/** Another role, or deactivated. Throws `no-key` for who is not on the list: she needs an invitation; `ApiError`: `conflict` for the last admin. */
export async function changeMember(id: string, to: { role: Role; active: boolean }): Promise<void> {
	const list = await newestList();
	const known = list.members.find((one) => one.id === id);
	// The keys that a server tells are not believed.
	if (!known) throw new CryptoError('no-key');
	const others = list.members.filter((one) => one.id !== id);
	const changed = { ...known, role: to.role };
	const members = to.active ? [...others, changed] : others;
	const vouching = await withFormer(list, known, to.active ? changed : undefined);
	const body = { ...to, ...(await next({ list: vouching, members, member: id })) };
	await request({ method: 'PUT', path: `/api/people/${id}`, body });
	await account.refresh();
}

/** Withdraws an invitation, also for a server that would show it again. */
export async function withdraw(invited: Spent): Promise<void> {
	const { id } = invited;
	const list = await newestList();
	const spent = spentWith(list, invited);
	const { memberList } = await next({
		list: { ...list, spent },
		members: list.members,
		member: '',
	});
	await request({ method: 'PUT', path: '/api/people/list', body: { memberList } });
	await request({ method: 'DELETE', path: `/api/invitations/${id}` });
}
