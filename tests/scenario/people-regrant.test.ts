import { expect, test, vi } from 'vitest';
import { random } from '#crypto/bytes.ts';
import { makeGrant } from '#crypto/grant/grant.ts';
import type { PublicIdentity } from '#crypto/identity/identity.ts';
import { createTrackKey } from '#crypto/track/key.ts';
import { type App, join, password } from '../app.ts';
import { Device } from '../device.ts';
import { founded } from '../practices.ts';
import { storeRecording } from '../recorded.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// Who lost her keys opens her recordings again when somebody who can open them wraps them for the new ones.
const here = founded();

/** A finished recording of this host with Dana. */
async function recorded(email: string): Promise<string> {
	const { address } = here.local;
	const device = await Device.signIn({ address, email, password });
	const filmed = (name: string) => ({ name, film: random(9000), startMs: 0, durationMs: 60_000 });
	const people = [filmed('The host'), filmed('Dana Whitfield')] as const;
	return (await storeRecording(device, { people: [people[0], people[1]] })).id;
}

/** Whether this app gets the track's key from the grants that the server gives it. */
async function opens(app: App, id: string): Promise<boolean> {
	const { grants } = await app.fetchRecording(id);
	return app.openTrackKeys({ recording: id, grants, opener: app.opener() }).then(
		(keys) => keys.has(id),
		() => false,
	);
}

/** A grant as somebody signs it who has none of the keys. */
function grantBy(
	{ app, id }: { app: App; id: string },
	recording: string,
	recipient: { id: string; publicIdentity: PublicIdentity },
) {
	const grantor = { id, signing: app.account.identity.signing };
	const keys = [{ track: recording, key: createTrackKey() }];
	return makeGrant({ recording, recipient, grantor, expiresAt: null, keys });
}

/** What the server says of who hosts a recording. */
const says = (id: string, host: string, madeBy: string | null) =>
	here.local.server.context.store
		.updateTable('recordings')
		.set({ host, made_by: madeBy })
		.where('id', '=', id)
		.execute();

test('new keys open again what the old ones opened, and no other recording; the old keys get nothing', async () => {
	const tom = await join(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	const una = await join(here.maya, { email: 'una@alderstreet.example', role: 'supervisor' });
	const email = 'tom@alderstreet.example';
	const [hers, other] = [await recorded(email), await recorded(email)];
	await tom.app.give(await tom.app.fetchRecording(hers), una.id);
	expect(await opens(una.app, hers)).toBe(true);
	const oldOpener = una.app.opener();
	const oldIdentity = una.app.account.identity.publicIdentity;
	const again = await join(here.maya, {
		email: 'una@alderstreet.example',
		role: 'supervisor',
		member: una.id,
	});
	expect(await opens(again.app, hers)).toBe(false);
	// The host can, and so can an admin by the records key.
	await tom.app.account.refresh();
	for (const app of [tom.app, here.maya]) {
		const [member] = app.comebacks();
		if (!member) throw new Error('nobody came back');
		expect(member.id).toBe(una.id);
		expect((await app.lostBy(member)).map(({ recording }) => recording)).toEqual([hers]);
	}
	// A colleague who may let nobody open it is told nothing.
	const ida = await join(here.maya, { email: 'ida@alderstreet.example', role: 'clinician' });
	await tom.app.give(await tom.app.fetchRecording(hers), ida.id);
	const [member] = ida.app.comebacks();
	if (!member) throw new Error('nobody came back');
	expect(await ida.app.lostBy(member)).toEqual([]);
	const [lost] = await here.maya.lostBy(member);
	if (!lost) throw new Error('nothing lost');
	// A server that says more than was granted: by nobody, by herself, about another recording.
	const [grant] = lost.grants;
	if (!grant) throw new Error('no grant');
	const forged = [
		{ recording: other, grants: [] },
		{ recording: other, grants: lost.grants },
		{ recording: other, grants: [{ ...grant, recording: other }] },
		{ recording: other, grants: [{ ...grant, recording: other, grantor: una.id }] },
	];
	for (const one of forged) expect(await here.maya.regrant(one, una.id)).toBe(false);
	// Nor is anybody its host because the server says so: what she signed lets nobody in.
	const to = { id: una.id, publicIdentity: oldIdentity };
	const signed = await grantBy(ida, other, to);
	for (const madeBy of [tom.id, null]) {
		await says(other, ida.id, madeBy);
		const one = { recording: other, grants: [signed] };
		await expect(here.maya.regrant(one, una.id)).rejects.toThrow(/bad-signature|forged/);
	}
	await says(other, tom.id, null);
	expect(await here.maya.regrant(lost, una.id)).toBe(true);
	expect(await opens(again.app, hers)).toBe(true);
	const { grants } = await again.app.fetchRecording(hers);
	expect(grants).toHaveLength(1);
	await expect(
		again.app.openTrackKeys({ recording: hers, grants, opener: oldOpener }),
	).rejects.toThrow('not-a-recipient');
	await expect(again.app.fetchRecording(other)).rejects.toThrow('not-found');
	expect(await here.maya.lostBy(member)).toEqual([]);
	expect(await opens(tom.app, hers)).toBe(true);
});

test('a host who comes back opens her own recordings again, signed by the keys that she had', async () => {
	const email = 'eva@alderstreet.example';
	const eva = await join(here.maya, { email, role: 'clinician' });
	const own = await recorded(email);
	const again = await join(here.maya, { email, role: 'clinician', member: eva.id });
	expect(await opens(again.app, own)).toBe(false);
	// The admin opens it although the keys that signed its grants are on the list no more.
	expect(await opens(here.maya, own)).toBe(true);
	const member = here.maya.comebacks().find(({ id }) => id === eva.id);
	if (!member) throw new Error('she did not come back');
	const lost = await here.maya.lostBy(member);
	expect(lost.map(({ recording }) => recording)).toEqual([own]);
	for (const one of lost) expect(await here.maya.regrant(one, eva.id)).toBe(true);
	expect(await opens(again.app, own)).toBe(true);
	// And it stays open to the practice after she has left.
	await here.maya.changeMember(eva.id, { role: 'clinician', active: false });
	expect(await opens(here.maya, own)).toBe(true);
	await expect(here.maya.give(await here.maya.fetchRecording(own), eva.id)).rejects.toThrow(
		'no-key',
	);
});
