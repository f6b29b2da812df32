import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import * as v from 'valibot';
import { InvitationFinish } from '../../signaling/protocol/people.ts';
import { type App, found, invited, join, openApp, password } from '../app.ts';
import { type LocalServer, TestClock, localServer } from '../local.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// What an admin's own app believes of a server, with the real server behind it.
let local: LocalServer;
let maya: App;

beforeAll(async () => {
	local = await localServer({ clock: new TestClock(Date.now()) });
	maya = await found(local);
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
	vi.unstubAllGlobals();
	await local.stop();
});

/** The invitation as the server shows it to admins, accepted. */
async function accepted(email: string, member?: string) {
	const link = await maya.invite({ email, role: 'clinician', ...(member && { member }) });
	const app = await openApp(local.address);
	await invited(app, link, { name: 'Tom Reyes' });
	const { invitations } = await maya.fetchPeople();
	const shown = invitations.find((one) => one.email === email);
	if (!shown?.registration) throw new Error('not accepted');
	return { app, shown, id: shown.registration.member.id };
}
const { member: Member, mac: Mac } = InvitationFinish.entries;
const Registration = v.object({ member: Member, mac: Mac });
const versionNow = () => maya.account.members.version;

test('a member who was deactivated is put back on the list by an invitation only', async () => {
	const { id } = await join(maya, { email: 'una@alderstreet.example', role: 'scheduler' });
	await maya.changeMember(id, { role: 'scheduler', active: false });
	const version = versionNow();
	await expect(maya.changeMember(id, { role: 'scheduler', active: true })).rejects.toThrow(
		'no-key',
	);
	expect(versionNow()).toBe(version);
	const { shown } = await accepted('una@alderstreet.example', id);
	// The registration is of an invitation that knew her off the list: said of one who is on it, it is another's.
	await expect(maya.confirmInvited({ ...shown, member: null })).rejects.toThrow('bad-signature');
	expect(await maya.confirmWaiting(await maya.fetchPeople())).toEqual([]);
	expect(maya.account.members.members.some((member) => member.id === id)).toBe(true);
});

test('an acceptance that was used, and one that was withdrawn, puts nobody on the list again', async () => {
	const { shown, id } = await accepted('leo@alderstreet.example');
	await maya.confirmInvited(shown);
	await maya.changeMember(id, { role: 'clinician', active: false });
	const version = versionNow();
	await expect(maya.confirmInvited(shown)).rejects.toThrow('bad-signature');
	const second = (await accepted('ida@alderstreet.example')).shown;
	await maya.withdraw(second);
	await expect(maya.confirmInvited(second)).rejects.toThrow('bad-signature');
	expect(versionNow()).toBe(version + 1);
});

test('nobody becomes a member by the id of the practice', async () => {
	const link = await maya.invite({ email: 'pia@alderstreet.example', role: 'clinician' });
	const app = await openApp(local.address);
	const { pathname, hash } = new URL(link);
	const id = pathname.split('/').at(-1) ?? '';
	const open = await app.openInvitation(id, hash.slice(1));
	let registered: unknown;
	const send = globalThis.fetch;
	const answers = vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
		const asked = new Request(url, init);
		if (!asked.url.endsWith('/finish')) return send(url, init);
		registered = await asked.json();
		return new Response(null, { status: 204 });
	});
	const view = { ...open.view, member: maya.account.practice.id };
	const made = await app.prepare({ ...open, view }, { name: 'Pia', password });
	await made.send();
	answers.mockRestore();
	const registration = v.parse(Registration, registered);
	const shown = (await maya.fetchPeople()).invitations.find((one) => one.id === id);
	if (!shown) throw new Error('not invited');
	await expect(maya.confirmInvited({ ...shown, registration })).rejects.toThrow('bad-signature');
	await maya.withdraw(shown);
	await maya.account.refresh();
});

test('an acceptance is too late after the end of its invitation, whatever end the server tells', async () => {
	const { shown } = await accepted('max@alderstreet.example');
	const version = versionNow();
	const later = shown.expiresAt + 1;
	vi.spyOn(Date, 'now').mockReturnValue(later);
	await expect(maya.confirmInvited(shown)).rejects.toThrow('bad-signature');
	const longer = { ...shown, expiresAt: later + 60_000 };
	await expect(maya.confirmInvited(longer)).rejects.toThrow('bad-signature');
	expect(versionNow()).toBe(version);
});

test('a server that tells another id, end, role or address cannot save an invitation from withdrawal', async () => {
	const { shown } = await accepted('kai@alderstreet.example');
	const version = versionNow();
	const lies = [
		{ id: maya.account.practice.id },
		{ expiresAt: Date.now() + 1000 },
		{ role: 'scheduler' as const },
		{ email: 'kay@alderstreet.example' },
		{ proofHash: maya.account.practice.serverKey },
	];
	for (const lie of lies)
		await expect(maya.withdraw({ ...shown, ...lie })).rejects.toThrow('bad-signature');
	await maya.account.refresh();
	expect(versionNow()).toBe(version);
	expect(maya.account.members.spent?.some(({ id }) => id === shown.id)).not.toBe(true);
	await maya.withdraw(shown);
	await maya.account.refresh();
	expect(maya.account.members.spent).toContainEqual({ id: shown.id, expiresAt: shown.expiresAt });
	await expect(maya.confirmInvited(shown)).rejects.toThrow('bad-signature');
});

test('one bad registration among many does not stop the others', async () => {
	const emails = ['a', 'b', 'c'].map((name) => `${name}@alderstreet.example`);
	const [first, bad, last] = [
		await accepted(emails[0] ?? ''),
		await accepted(emails[1] ?? ''),
		await accepted(emails[2] ?? ''),
	];
	// Nor does one that the server itself will not take.
	const refused = await accepted('d@alderstreet.example');
	const send = globalThis.fetch;
	const answers = vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
		if (new Request(url, init).url.endsWith(`/api/invitations/${refused.shown.id}/confirm`))
			return Response.json({ error: 'bad-request' }, { status: 400 });
		return send(url, init);
	});
	const people = await maya.fetchPeople();
	const invitations = people.invitations.map((one) => {
		if (one.id !== bad.shown.id || !one.registration || !first.shown.registration) return one;
		const { publicIdentity } = first.shown.registration.member;
		const member = { ...one.registration.member, publicIdentity };
		return { ...one, registration: { ...one.registration, member } };
	});
	const refusals = await maya.confirmWaiting({ ...people, invitations });
	expect(refusals).toEqual(expect.arrayContaining([bad.shown.id, refused.shown.id]));
	expect(answers).toHaveBeenCalled();
	const listed = maya.account.members.members.map(({ id }) => id);
	expect(listed).toEqual(expect.arrayContaining([first.id, last.id]));
	expect(listed).not.toContain(bad.id);
	expect(listed).not.toContain(refused.id);
});

test('an invitation of another practice key or another server key is refused before anything is sent', async () => {
	const link = new URL(await maya.invite({ email: 'eva@alderstreet.example', role: 'clinician' }));
	const [id = '', fragment] = [link.pathname.split('/').at(-1), link.hash.slice(1)];
	const eva = await openApp(local.address);
	const bytes = Buffer.from(fragment, 'base64url');
	expect(bytes).toHaveLength(96);
	for (const at of [40, 80]) {
		const other = Buffer.from(bytes);
		other[at] = (other[at] ?? 0) ^ 1;
		await expect(eva.openInvitation(id, other.toString('base64url'))).rejects.toThrow('bad-key');
	}
	// A server that shows the right key first, and answers the password with another.
	const open = await eva.openInvitation(id, fragment);
	const serverKey = Buffer.alloc(32, 7).toString('base64url');
	const who = { name: 'Eva', password: 'green-lantern-twelve' };
	await expect(eva.prepare({ ...open, serverKey }, who)).rejects.toThrow('bad-key');
	expect((await eva.openInvitation(id, fragment)).view.state).toBe('open');
	const shown = (await maya.fetchPeople()).invitations.find((one) => one.id === id);
	if (!shown) throw new Error('not shown');
	await maya.withdraw(shown);
});
