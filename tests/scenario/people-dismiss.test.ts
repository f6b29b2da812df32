import { expect, test, vi } from 'vitest';
import { type Bytes, toBase64url, utf8 } from '#crypto/bytes.ts';
import { type Identity, type PublicIdentity, fingerprint } from '#crypto/identity/identity.ts';
import { openSealed, sealTo } from '#crypto/seal/seal.ts';
import { type App, join, openApp, password } from '../app.ts';
import { founded } from '../practices.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// Who leaves takes with her what she knew: what comes after is sealed to keys that she never had.
const here = founded();

const about = { info: 'sotto/session/v1', aad: utf8('session') };
const seal = (to: PublicIdentity) => sealTo({ to, ...about, plaintext: utf8('Dana') });
const opens = async (opener: Identity | undefined, sealed: Bytes) => {
	if (!opener) return false;
	return openSealed({ opener, ...about, sealed }).then(
		() => true,
		() => false,
	);
};
const nameOf = async (key: PublicIdentity) => toBase64url(await fingerprint(key));
const leave = (admin: App, id: string) =>
	admin.changeMember(id, { role: 'scheduler', active: false });

test('what is sealed after a scheduler left, her keys do not open; what is older, those who stay still open', async () => {
	const una = await join(here.maya, { email: 'una@alderstreet.example', role: 'scheduler' });
	const tom = await join(here.maya, { email: 'tom@alderstreet.example', role: 'scheduler' });
	const before = una.app.account.practice;
	const old = await seal(before.scheduleIdentity);
	const records = await nameOf(here.maya.account.practice.recordsIdentity);
	const { publicKey } = here.maya.account.practice;
	await leave(here.maya, una.id);
	await tom.app.account.refresh();
	for (const { account } of [here.maya, tom.app]) {
		const { practice, members } = account;
		expect(members.keys?.schedule).toEqual(practice.scheduleIdentity);
		expect(await nameOf(practice.scheduleIdentity)).not.toBe(await nameOf(before.scheduleIdentity));
		const fresh = await seal(practice.scheduleIdentity);
		expect(await opens(practice.schedule, fresh)).toBe(true);
		expect(await opens(before.schedule, fresh)).toBe(false);
		expect(await opens(before.schedule, old)).toBe(true);
		expect(await opens(practice.schedule, old)).toBe(false);
		expect(await opens(practice.oldSchedule[0], old)).toBe(true);
	}
	// She never had the others, so they stay.
	expect(await nameOf(here.maya.account.practice.recordsIdentity)).toBe(records);
	expect(here.maya.account.practice.publicKey).toEqual(publicKey);
	expect(tom.app.account.practice.records).toBeUndefined();
});

test('a new browser, and a scheduler who comes later, open what is older than they', async () => {
	const { practice } = here.maya.account;
	expect(practice.oldSchedule).toHaveLength(1);
	const old = await seal(practice.oldSchedule[0]?.publicIdentity ?? practice.scheduleIdentity);
	const eva = await join(here.maya, { email: 'eva@alderstreet.example', role: 'scheduler' });
	expect(await opens(eva.app.account.practice.oldSchedule[0], old)).toBe(true);
	const other = await openApp(here.local.address);
	await other.account.signIn('maya@alderstreet.example', password);
	expect(await opens(other.account.practice.oldSchedule[0], old)).toBe(true);
	expect(other.account.practice.oldRecords).toHaveLength(0);
});

test('an admin who leaves knows no key of the practice that is used after her', async () => {
	const ben = await join(here.maya, { email: 'ben@alderstreet.example', role: 'admin' });
	const leo = await join(here.maya, { email: 'leo@alderstreet.example', role: 'clinician' });
	const open = await here.maya.invite({ email: 'ida@alderstreet.example', role: 'clinician' });
	const before = ben.app.account.practice;
	expect(before.seed).toBeDefined();
	const old = await seal(before.recordsIdentity);
	await here.maya.changeMember(ben.id, { role: 'clinician', active: true });
	const { practice } = here.maya.account;
	expect(await opens(before.records, await seal(practice.recordsIdentity))).toBe(false);
	expect(await opens(before.schedule, await seal(practice.scheduleIdentity))).toBe(false);
	expect(await opens(practice.oldRecords[0], old)).toBe(true);
	expect(practice.publicKey).not.toEqual(before.publicKey);
	expect(practice.seed).not.toEqual(before.seed);
	// She could make the secrets of invitations that were open.
	expect((await here.maya.fetchPeople()).invitations).toEqual([]);
	const { pathname, hash } = new URL(open);
	const late = await openApp(here.local.address);
	await expect(
		late.openInvitation(pathname.split('/').at(-1) ?? '', hash.slice(1)),
	).rejects.toThrow('not-found');
	// Colleagues follow the new key, and are told; so is she, who stays.
	await leo.app.account.refresh();
	await ben.app.account.refresh();
	for (const { account } of [leo.app, ben.app]) {
		expect(account.practice.publicKey).toEqual(practice.publicKey);
		expect(account.practice.records).toBeUndefined();
		expect(account.practice.seed).toBeUndefined();
		expect(account.keyChanges).toEqual([practice.id]);
	}
	// Who is told of the new key signs and invites with it, and what she knew ends when she comes back with new keys.
	const max = await join(here.maya, { email: 'max@alderstreet.example', role: 'admin' });
	await join(max.app, { email: 'zoe@alderstreet.example', role: 'clinician' });
	expect(max.app.account.practice.publicKey).toEqual(practice.publicKey);
	await max.app.invite({ email: 'ron@alderstreet.example', role: 'clinician' });
	const again = { email: 'max@alderstreet.example', role: 'admin' as const, member: max.id };
	const back = await join(here.maya, again);
	expect((await here.maya.fetchPeople()).invitations).toEqual([]);
	expect(back.app.account.practice.publicKey).not.toEqual(practice.publicKey);
	expect(back.app.account.practice.oldRecords).toHaveLength(2);
	expect(back.app.account.practice.seed).toEqual(here.maya.account.practice.seed);
});
