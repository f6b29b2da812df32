import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
	accept,
	changeMember,
	colleague,
	confirm,
	newInvitation,
	nextList,
} from '../colleagues.ts';
import { limits } from '../../signaling/protocol/limits.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { logIn, type Staff } from '../staff.ts';
import { bytesOf, call, newId, newKey, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let local: LocalServer & { maya: Staff };
let maya: Staff;
let address: string;

beforeAll(async () => {
	local = await localPractice();
	({ maya, address } = local);
});
afterAll(() => local.stop());

const look = (id: string, proof: string) =>
	call(address, 'POST', `/api/invitations/${id}/look`, { body: { proof } });
const people = async (who: Staff) => (await who.call('GET', '/api/people')).body;

test('an invitation: accepted, confirmed, and signed in', async () => {
	const invitation = newInvitation();
	expect((await maya.call('POST', '/api/invitations', invitation)).status).toBe(201);
	expect((await look(invitation.id, invitation.proof)).body).toMatchObject({
		practice: 'Riverside Therapy',
		publicKey: maya.signedIn.practice.publicKey,
		email: invitation.email,
		state: 'open',
		member: null,
	});
	const { answer, member, credentials } = await accept(address, invitation);
	expect(answer.status).toBe(204);
	const { email, password } = credentials;
	const device = { publicKey: newKey().publicKey, name: 'Her browser' };
	const early = await logIn(address, { email, password, device });
	expect(early.body.error).toBe('login-failed');
	const [waiting] = (await people(maya)).invitations;
	expect(waiting).toMatchObject({ id: invitation.id, registration: { member: { id: member } } });
	expect((await confirm(maya, invitation, member)).status).toBe(204);
	expect((await look(invitation.id, invitation.proof)).body.state).toBe('confirmed');
	const { body } = await logIn(address, { email, password, device });
	expect(body.member).toMatchObject({ id: member, role: 'clinician' });
	expect(JSON.parse(body.practice.memberList.text)).toMatchObject({ version: 2 });
	expect((await people(maya)).invitations).toEqual([]);
	expect((await confirm(maya, invitation, member)).body.error).toBe('conflict');
});

test('an invitation opens only for its proof, only once, only until it expires or is withdrawn', async () => {
	const invitation = newInvitation({ expiresAt: local.clock.now() + 60_000 });
	const { id, proof } = invitation;
	await maya.call('POST', '/api/invitations', invitation);
	expect((await look(id, bytesOf(32))).body.error).toBe('not-found');
	expect((await look(newId(), proof)).body.error).toBe('not-found');
	const twin = newInvitation({ email: invitation.email });
	expect((await maya.call('POST', '/api/invitations', twin)).body.error).toBe('conflict');
	const other = await accept(address, { ...invitation, role: 'admin' });
	expect(other.answer.body.error).toBe('bad-request');
	const stranger = await accept(address, { ...invitation, email: 'eve@example.org' });
	expect(stranger.answer.body.error).toBe('bad-request');
	local.clock.forward(60_000);
	expect((await look(id, proof)).body.error).toBe('not-found');
	expect((await accept(address, invitation)).answer.body.error).toBe('not-found');
	const second = newInvitation({ email: invitation.email });
	expect((await maya.call('POST', '/api/invitations', second)).status).toBe(201);
	const withdrawn = await maya.call('DELETE', `/api/invitations/${second.id}`);
	expect(withdrawn.status).toBe(204);
	expect((await accept(address, second)).answer.body.error).toBe('not-found');
	const third = newInvitation({ email: invitation.email });
	await maya.call('POST', '/api/invitations', third);
	expect((await accept(address, third)).answer.status).toBe(204);
	expect((await accept(address, third)).answer.body.error).toBe('conflict');
	await maya.call('DELETE', `/api/invitations/${third.id}`);
});

test('a list counts only when the practice key signed it, when it is the next, and when it says the same', async () => {
	const invitation = newInvitation();
	await maya.call('POST', '/api/invitations', invitation);
	const { member } = await accept(address, invitation);
	const send = (memberList: unknown) =>
		maya.call('POST', `/api/invitations/${invitation.id}/confirm`, { memberList, keys: null });
	const joined = { id: member, role: 'clinician' };
	const right = await nextList(maya, (members) => [...members, joined]);
	const value = JSON.parse(right.text);
	const sign = (key = maya.practiceKey, change: object = {}) =>
		key && signed(key, 'sotto/member-list/v1', { ...value, ...change });
	expect((await send(sign(newKey()))).body.error).toBe('bad-request');
	expect((await send(sign(undefined, { practice: newId() }))).body.error).toBe('bad-request');
	for (const version of [value.version - 1, value.version + 1])
		expect((await send(sign(undefined, { version }))).body.error).toBe('conflict');
	const withoutHer = await nextList(maya, (members) => members);
	expect((await send(withoutHer)).body.error).toBe('conflict');
	const asAdmin = await nextList(maya, (members) => [...members, { ...joined, role: 'admin' }]);
	expect((await send(asAdmin)).body.error).toBe('conflict');
	expect((await people(maya)).members.some(({ id }: { id: string }) => id === member)).toBe(false);
	expect((await send(right)).status).toBe(204);
});

test('who is deactivated is out at once: tokens, sockets, sign-in', async () => {
	const tom = await colleague(maya);
	const { token } = (await tom.token()).body;
	const line = await tom.line();
	const { id } = tom.signedIn.member;
	const gone = await changeMember(maya, id, { role: 'clinician', active: false });
	expect(gone.status).toBe(204);
	expect((await call(address, 'GET', '/api/me', { token })).body.error).toBe('token');
	expect((await tom.token()).body.error).toBe('token');
	await line.closed;
	const { email, password } = tom;
	const device = { publicKey: newKey().publicKey, name: 'Her browser' };
	expect((await logIn(address, { email, password, device })).body.error).toBe('deactivated');
	expect((await people(maya)).memberList.text).not.toContain(id);
});

test('who was deactivated does not come back by a mere change of state, nor with her old keys', async () => {
	const tom = await colleague(maya, 'scheduler');
	const { id } = tom.signedIn.member;
	await changeMember(maya, id, { role: 'scheduler', active: false });
	const { memberList } = await people(maya);
	for (const role of ['scheduler', 'clinician'] as const) {
		const back = await changeMember(maya, id, { role, active: true });
		expect(back.body.error).toBe('conflict');
	}
	// Nor by a list that has her while her row says that she is out.
	const listed = await nextList(maya, (members) => [...members, { id, role: 'scheduler' }]);
	const put = await maya.call('PUT', '/api/people/list', { memberList: listed });
	expect(put.body.error).toBe('conflict');
	expect((await people(maya)).memberList).toEqual(memberList);
	const { email, password, identity } = tom;
	const device = { publicKey: newKey().publicKey, name: 'Her browser' };
	expect((await logIn(address, { email, password, device })).body.error).toBe('deactivated');
	const invitation = newInvitation({ email, role: 'scheduler' });
	await maya.call('POST', '/api/invitations', invitation);
	const old = await accept(address, invitation, { member: id, identity });
	expect(old.answer.body.error).toBe('bad-request');
	expect((await accept(address, invitation, { member: id })).answer.status).toBe(204);
	expect((await confirm(maya, invitation, id)).status).toBe(204);
});

test('a new role ends the tokens and sockets that the old one opened', async () => {
	const tom = await colleague(maya);
	const { token } = (await tom.token()).body;
	const line = await tom.line();
	const { id } = tom.signedIn.member;
	expect((await changeMember(maya, id, { role: 'scheduler', active: true })).status).toBe(204);
	expect((await call(address, 'GET', '/api/me', { token })).body.error).toBe('token');
	await line.closed;
	expect((await tom.token()).status).toBe(200);
});

test('an invitation that names nobody takes nobody’s id, and looking does not use up tries', async () => {
	const invitation = newInvitation();
	const stranger = { ...newInvitation(), member: newId() };
	expect((await maya.call('POST', '/api/invitations', stranger)).body.error).toBe('conflict');
	await maya.call('POST', '/api/invitations', invitation);
	const taken = await accept(address, invitation, {
		member: maya.signedIn.member.id,
	});
	expect(taken.answer.body.error).toBe('conflict');
	const { practice } = maya.signedIn;
	const asPractice = await accept(address, invitation, { member: practice.id });
	expect(asPractice.answer.body.error).toBe('bad-request');
	for (let at = 0; at < 150; at++)
		expect((await look(invitation.id, invitation.proof)).status).toBe(200);
	await maya.call('DELETE', `/api/invitations/${invitation.id}`);
});

test('nobody puts more on the list than a client opens', async () => {
	const invitation = newInvitation();
	await maya.call('POST', '/api/invitations', invitation);
	const { member } = await accept(address, invitation);
	const crowd = Array.from({ length: limits.practiceMembersMax }, () => ({
		id: newId(),
		role: 'clinician',
	}));
	const memberList = await nextList(maya, (members) => [
		...members,
		{ id: member, role: 'clinician' },
		...crowd,
	]);
	const path = `/api/invitations/${invitation.id}`;
	const answer = await maya.call('POST', `${path}/confirm`, { memberList, keys: null });
	expect(answer.body.error).toBe('bad-request');
	expect((await confirm(maya, invitation, member)).status).toBe(204);
});

test('who would be one member too many is not invited', async () => {
	const { store } = local.server.context;
	const row = await store.selectFrom('members').selectAll().limit(1).executeTakeFirstOrThrow();
	const crowd = Array.from({ length: limits.practiceMembersMax }, (_, at) => ({
		...row,
		id: newId(),
		email: `crowd${at}@example.org`,
		active: 1,
	}));
	await store.insertInto('members').values(crowd).execute();
	const late = await maya.call('POST', '/api/invitations', newInvitation());
	expect(late.body.error).toBe('over-limit');
	// Who is on the list already takes no other place.
	const back = newInvitation({ email: 'crowd0@example.org' });
	expect((await maya.call('POST', '/api/invitations', back)).status).toBe(201);
	await maya.call('DELETE', `/api/invitations/${back.id}`);
	await store.deleteFrom('members').where('email', 'like', 'crowd%').execute();
});

test('a dismissal with everybody’s keys at their longest is taken, and from nobody else', async () => {
	const tom = await colleague(maya);
	const { id } = tom.signedIn.member;
	const keys = 'A'.repeat(limits.memberKeysChars);
	const others = Array.from({ length: limits.practiceMembersMax }, () => ({
		member: maya.signedIn.member.id,
		keys,
	}));
	const memberList = await nextList(maya, (members) => members.filter((one) => one.id !== id));
	const body = { role: 'clinician', active: false, memberList, keys: null, others };
	const stranger = await call(address, 'PUT', `/api/people/${id}`, { body });
	expect(stranger.body.error).toBe('token');
	expect((await maya.call('PUT', `/api/people/${id}`, body)).status).toBe(204);
});

test('the last admin stays one', async () => {
	const { id } = maya.signedIn.member;
	for (const to of [
		{ role: 'clinician', active: true },
		{ role: 'admin', active: false },
	] as const)
		expect((await changeMember(maya, id, to)).body.error).toBe('conflict');
	expect((await maya.call('GET', '/api/me')).body.member.role).toBe('admin');
});

test('a member who lost her keys comes back with new ones, and is signed out everywhere else', async () => {
	const tom = await colleague(maya, 'supervisor');
	const { id } = tom.signedIn.member;
	const invitation = newInvitation({ email: tom.email, role: 'supervisor' });
	await maya.call('POST', '/api/invitations', invitation);
	expect((await look(invitation.id, invitation.proof)).body.member).toBe(id);
	const asAnother = await accept(address, invitation);
	expect(asAnother.answer.body.error).toBe('bad-request');
	const { answer, credentials } = await accept(address, invitation, { member: id });
	expect(answer.status).toBe(204);
	// Until an admin's client has looked at it, nothing changes for her.
	expect((await tom.call('GET', '/api/me')).status).toBe(200);
	expect((await confirm(maya, invitation, id)).status).toBe(204);
	expect((await tom.token()).body.error).toBe('token');
	const { email, password } = credentials;
	const device = { publicKey: newKey().publicKey, name: 'Her new browser' };
	const { body } = await logIn(address, { email, password, device });
	expect(body.member.publicIdentity.ed25519).toBe(credentials.identity.publicKey);
});
