import * as opaque from '@serenity-kit/opaque';
import type { Role } from '../signaling/protocol/account.ts';
import type { KnownSettings, People } from '../signaling/protocol/people.ts';
import { keyStretching, logIn, newAccount, publicIdentity, Staff } from './staff.ts';
import { type Answer, type Key, bytesOf, call, newId, newKey, signed } from './wire.ts';

export interface Invitation {
	id: string;
	email: string;
	role: Role;
	proof: string;
	expiresAt: number;
}

export const newInvitation = (change: Partial<Invitation> = {}): Invitation => ({
	id: newId(),
	email: `${newId()
		.toLowerCase()
		.replaceAll(/[^a-z]/g, 'x')}@example.org`,
	role: 'clinician',
	proof: bytesOf(32),
	// The clock of a local server stands in 2027.
	expiresAt: 1_900_000_000_000,
	...change,
});

/** The newest list after `change`, signed by the practice key as an admin's client does. */
export async function nextList(
	admin: Staff,
	change: (members: { id: string; role: string }[]) => { id: string; role: string }[],
) {
	const { members, memberList }: People = (await admin.call('GET', '/api/people')).body;
	const { version }: { version: number } = JSON.parse(memberList.text);
	const listed = members.filter(({ active }) => active).map(({ id, role }) => ({ id, role }));
	if (!admin.practiceKey) throw new Error('no practice key');
	return signed(admin.practiceKey, 'sotto/member-list/v1', {
		practice: admin.signedIn.practice.id,
		version: version + 1,
		members: change(listed),
	});
}

/** Accepts an invitation in a browser of one's own; the last answer, and what a `Staff` is made of. */
export async function accept(
	address: string,
	invitation: Invitation,
	who: { member?: string; identity?: Key } = {},
) {
	await opaque.ready;
	const { member = newId(), identity = newKey() } = who;
	const { id, email, role, proof } = invitation;
	const password = 'another long password';
	const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({
		password,
	});
	const path = `/api/invitations/${id}`;
	const started = await call(address, 'POST', `${path}/start`, {
		body: { proof, registrationRequest },
	});
	const [recovery, deviceKey] = [newKey(), newKey()];
	const credentials = { address, email, password, identity, recovery, deviceKey };
	if (started.status !== 200) return { answer: started, member, credentials };
	const { registrationRecord } = opaque.client.finishRegistration({
		clientRegistrationState,
		registrationResponse: started.body.registrationResponse,
		password,
		keyStretching,
	});
	const answer = await call(address, 'POST', `${path}/finish`, {
		body: {
			proof,
			member: {
				id: member,
				name: 'Tom Reyes',
				email,
				role,
				publicIdentity: publicIdentity(identity),
			},
			registrationRecord,
			account: newAccount(recovery),
			mac: bytesOf(32),
		},
	});
	return { answer, member, credentials };
}

/** An admin's client adds whoever accepted. */
export async function confirm(
	admin: Staff,
	invitation: Invitation,
	member: string,
): Promise<Answer> {
	const memberList = await nextList(admin, (members) => [
		...members.filter(({ id }) => id !== member),
		{ id: member, role: invitation.role },
	]);
	return admin.call('POST', `/api/invitations/${invitation.id}/confirm`, {
		memberList,
		keys: null,
	});
}

/** A colleague, signed in: invited, accepted, confirmed. */
export async function colleague(admin: Staff, role: Role = 'clinician'): Promise<Staff> {
	const { address } = admin;
	const invitation = newInvitation({ role });
	const invited = await admin.call('POST', '/api/invitations', invitation);
	if (invited.status !== 201) throw new Error(`not invited: ${invited.body.error}`);
	const { answer, member, credentials } = await accept(address, invitation);
	if (answer.status !== 204) throw new Error(`not accepted: ${answer.body.error}`);
	const confirmed = await confirm(admin, invitation, member);
	if (confirmed.status !== 204) throw new Error(`not confirmed: ${confirmed.body.error}`);
	const { email, password, deviceKey } = credentials;
	const device = { publicKey: deviceKey.publicKey, name: 'Her browser' };
	const { status, body } = await logIn(address, { email, password, device });
	if (status !== 200) throw new Error(`not signed in: ${body.error}`);
	return new Staff({ ...credentials, signedIn: body });
}

/** Another role, or deactivated. */
export async function changeMember(
	admin: Staff,
	id: string,
	to: { role: Role; active: boolean },
): Promise<Answer> {
	const memberList = await nextList(admin, (members) => {
		const others = members.filter((member) => member.id !== id);
		return to.active ? [...others, { id, role: to.role }] : others;
	});
	return admin.call('PUT', `/api/people/${id}`, { ...to, memberList, keys: null });
}

/** Changes settings, signed as an admin's client does; `said` is what the signed text says instead. */
export async function changeSettings(
	admin: Staff,
	change: Partial<KnownSettings>,
	said: Record<string, unknown> = {},
): Promise<Answer> {
	const path = '/api/practice/settings';
	const { policy, idleMostMs: _, ...before }: KnownSettings = (await admin.call('GET', path)).body;
	const { name, recording, recordAll, supervisorsOpen, share, idleMs, ...open } = {
		...before,
		...change,
	};
	const choice = { recording, recordAll, supervisorsOpen, share, idleMs };
	const { version }: { version: number } = policy ? JSON.parse(policy.text) : { version: 0 };
	const text = {
		v: 1,
		practice: admin.signedIn.practice.id,
		version: version + 1,
		author: admin.signedIn.member.id,
		...choice,
		...said,
	};
	const signedText = signed(admin.identity, 'sotto/practice-settings/v1', text);
	return admin.call('PUT', path, { name, ...open, ...choice, policy: signedText });
}
