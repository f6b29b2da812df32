import { expect, test, vi } from 'vitest';
import { openAccount } from '#crypto/account/account.ts';
import { fromBase64url, random, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { type Identity, createStaffIdentity } from '#crypto/identity/identity.ts';
import { signDropped, signRotation } from '#crypto/members/rotation.ts';
import { type AccountKey, toAccountKey } from '#crypto/account/key.ts';
import { openText } from '#lib/schedule/sealed.ts';
import type { SignedIn } from '../../signaling/protocol/account.ts';
import type { SignedRotation } from '../../signaling/protocol/rotation.ts';
import { type App, join, openApp, password } from '../app.ts';
import { recorded } from '../apprecorded.ts';
import { founded } from '../practices.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// A member who fears that somebody has her keys replaces all of them by herself.
const here = founded();
const email = 'maya@alderstreet.example';
const next = 'a-lantern-for-the-stairs';

/** What replaces keys, in the browser that was opened last. */
async function renewing(app: App) {
	const [rotation, regive, roll, session, settings, make] = await Promise.all([
		import('../../pwa/src/lib/vault/rotation.ts'),
		import('../../pwa/src/lib/vault/regive.ts'),
		import('../../pwa/src/lib/sessions/roll.ts'),
		import('../../pwa/src/lib/sessions/session.ts'),
		import('../../pwa/src/lib/people/settings.svelte.ts'),
		import('../../pwa/src/lib/schedule/make.ts'),
	]);
	return { ...app, ...rotation, ...regive, ...roll, ...session, ...settings, ...make };
}
type Renewing = Awaited<ReturnType<typeof renewing>>;

async function browser(): Promise<Renewing> {
	return renewing(await openApp(here.local.address));
}

async function opens(app: App, id: string): Promise<boolean> {
	const { grants } = await app.fetchRecording(id);
	return app.openTrackKeys({ recording: id, grants, opener: app.opener() }).then(
		(keys) => keys.has(id),
		() => false,
	);
}

const me = async (app: App): Promise<SignedIn> => (await app.request({ path: '/api/me' })).json();

async function end(app: Renewing): Promise<void> {
	for (const { id, state } of await app.fetchRoll(0, 8_640_000_000_000_000))
		if (state !== 'ended')
			await app.request({ method: 'POST', path: `/api/sessions/${id}/cancel` });
}

/** Wants the old keys dropped, signed by this identity. */
async function dropAs(app: Renewing, { signing: key }: Identity): Promise<void> {
	const former = await sha256(utf8((await me(app)).account.former ?? ''));
	const signed = await signDropped({ key, member: app.account.member.id, former });
	await app.request({ method: 'DELETE', path: '/api/account/former', body: { signed } });
}

const nothing = { recordings: 0, planned: 0, shares: 0, visits: 0, unreadable: 0 };
const acts = async (app: App): Promise<string[]> => {
	const { rows } = await (await app.request({ path: '/api/history?practice=true' })).json();
	return rows.map(({ act }: { act: string }) => act);
};

/** What the server still has of her opens with nothing of before. */
async function opensNothing(
	app: Renewing,
	recording: string,
	before: { id: string; key: AccountKey; opener: ReturnType<App['opener']> },
): Promise<void> {
	const { account } = await me(app);
	expect(account.former).toBeUndefined();
	const sealedIdentity = fromBase64url(account.identity);
	const { id, key: accountKey } = before;
	await expect(openAccount({ account: id, accountKey, sealedIdentity })).rejects.toThrow(
		'open-failed',
	);
	const { grants } = await app.fetchRecording(recording);
	const own = grants.filter(({ recipient }) => recipient === id);
	expect(own).toHaveLength(1);
	const opener = { ...before.opener, members: app.account.members };
	await expect(app.openTrackKeys({ recording, grants: own, opener })).rejects.toThrow(
		'not-a-recipient',
	);
	const [row] = await app.fetchRoll(0, 8_640_000_000_000_000);
	if (!row) throw new Error('no session');
	expect(await app.openSession(row)).toMatchObject({ hostIs: 'here' });
	const openers = before.opener.identities.get(id) ?? [];
	expect(openers).toHaveLength(1);
	for (const { sealed: text } of [row, ...row.places]) {
		const sealed = fromBase64url(text);
		const opening = openText({ openers, context: '', sealed });
		await expect(opening).rejects.toThrow('not-a-recipient');
	}
}

test('an administrator alone replaces her keys: the old ones open nothing, and no step leaves her outside', async () => {
	const maya = await browser();
	await maya.account.signIn(email, password);
	await maya.settings.load();
	const recording = await recorded(maya);
	let oldKey: AccountKey | undefined;
	await maya.account.wrapped(async (key) => {
		oldKey = toAccountKey(key.slice());
		return key;
	});
	const before = { opener: maya.opener(), id: maya.account.member.id, me: await me(maya) };
	if (!oldKey) throw new Error('no key');

	// Until it is sent nothing is changed, and it cannot be sent without a proof at this browser.
	await maya.account.prove({ password });
	const prepared = await maya.prepareKeys(next);
	const first = await browser();
	await first.account.signIn(email, password);
	expect(await opens(first, recording)).toBe(true);

	expect(await maya.useKeys(prepared)).toBe('renewed');
	expect(maya.account.keyChanges).toEqual([]);
	const signedIn = await me(maya);
	expect(maya.account.member.id).toBe(before.id);
	expect(signedIn.member.publicIdentity).not.toEqual(before.me.member.publicIdentity);
	// The page was left before anything was given: everything opens by the keys of before.
	const second = await browser();
	here.maya = second;
	await expect(second.account.signIn(email, password)).rejects.toThrow();
	await second.account.signIn(email, next);
	expect(second.account.former).toHaveLength(1);
	expect(await opens(second, recording)).toBe(true);
	expect(await second.fetchPeople()).toMatchObject({ rotations: [] });
	// Her other browser is signed out.
	await expect(first.fetchRecording(recording)).rejects.toThrow('token');

	// What is planned waits until it is made anew, and the old keys with it.
	expect(await second.regive(() => {})).toEqual({ ...nothing, planned: 1 });
	expect(second.account.former).toHaveLength(1);
	await end(second);
	await expect(dropAs(second, (await createStaffIdentity()).identity)).rejects.toThrow(
		'bad-request',
	);
	const progress: number[][] = [];
	expect(await second.regive((done, of) => progress.push([done, of]))).toEqual(nothing);
	expect(progress).toEqual([
		[0, 1],
		[1, 1],
	]);
	expect(second.account.former).toEqual([]);
	expect(await opens(second, recording)).toBe(true);
	expect(await acts(second)).toContain('keys-rotated');

	await opensNothing(second, recording, { ...before, key: oldKey });

	// The recovery key that she wrote down is a way in, and the browser that did it goes on.
	const third = await browser();
	await third.account.recover({
		email,
		recoveryKey: prepared.recoveryKey,
		password: 'the-third-harbor-light',
	});
	expect(await opens(third, recording)).toBe(true);
	await maya.account.refresh();
	expect(await opens(maya, recording)).toBe(true);
	// What she signed for the practice she has signed anew: a browser that never saw it believes it.
	await third.settings.load();
	expect(third.settings.doubt).toBeUndefined();
	here.maya = third;
});

test('a page that closes between sending and confirming leaves the old way in whole, and keys can be replaced again', async () => {
	const maya = await browser();
	const mine = { email, password: 'the-third-harbor-light' };
	await maya.account.signIn(mine.email, mine.password);
	const recording = await recorded(maya);
	const swap = async (app: Renewing, from: string, to: string) => {
		await app.account.prove({ password: from });
		const { rotation, account, registrationRecord } = await app.prepareKeys(to);
		const body = { rotation, account, registrationRecord };
		await app.request({ method: 'POST', path: '/api/account/rotation', body });
	};
	await swap(maya, mine.password, next);
	const other = await browser();
	await expect(other.account.signIn(email, next)).rejects.toThrow();
	await other.account.signIn(email, mine.password);
	expect(await opens(other, recording)).toBe(true);
	// Any page of hers that is opened later finishes it.
	expect(await other.confirmWaiting(await other.fetchPeople())).toEqual([]);
	const renewed = await browser();
	await expect(renewed.account.signIn(email, mine.password)).rejects.toThrow();
	await renewed.account.signIn(email, next);
	expect(await opens(renewed, recording)).toBe(true);

	// Once more before anything was given: both old ones are kept.
	await swap(renewed, next, 'one-more-quiet-evening');
	await renewed.confirmWaiting(await renewed.fetchPeople());
	const last = await browser();
	await last.account.signIn(email, 'one-more-quiet-evening');
	expect(last.account.former).toHaveLength(2);
	expect(await opens(last, recording)).toBe(true);
	await end(last);
	expect(await last.regive(() => {})).toEqual(nothing);
	expect(last.account.former).toEqual([]);
	expect(await opens(last, recording)).toBe(true);
	here.maya = last;
});

/** What a server makes up that has no signature of the old keys, or none of the new ones. */
async function forgeries(genuine: SignedRotation): Promise<SignedRotation[]> {
	const { text, signature, countersignature } = genuine;
	const stranger = (await createStaffIdentity()).identity;
	const rotation = { ...JSON.parse(text), account: random(32), record: random(32) };
	const made = await signRotation({ from: stranger.signing, to: stranger, rotation });
	return [
		made,
		{ ...made, signature },
		{ ...made, signature, countersignature },
		{ text, signature, countersignature: made.countersignature },
	];
}

test('a colleague goes on with her old keys until an administrator’s browser has verified both signatures', async () => {
	const admin = here.maya;
	const joined = await join(admin, { email: 'tom@alderstreet.example', role: 'clinician' });
	const tom = await renewing(joined.app);
	const hers = await recorded(admin);
	const his = await recorded(tom);
	await admin.give(await admin.fetchRecording(hers), joined.id);
	await tom.account.prove({ password });
	const prepared = await tom.prepareKeys(next);
	expect(await tom.useKeys(prepared)).toBe('waiting');
	expect(await tom.waitsUntil()).toBeGreaterThan(Date.now());
	expect(await opens(tom, his)).toBe(true);

	const people = await admin.fetchPeople();
	for (const one of await forgeries(prepared.rotation)) {
		const rotations = [{ member: joined.id, rotation: one }];
		expect(await admin.confirmWaiting({ ...people, rotations })).toEqual([joined.id]);
	}
	// Nor is his good for somebody else.
	const other = { member: admin.account.member.id, rotation: prepared.rotation };
	await expect(admin.confirmRotation(other)).rejects.toThrow('bad-signature');
	await tom.account.refresh();
	expect(await opens(tom, his)).toBe(true);

	const version = admin.account.members.version;
	expect(await admin.confirmWaiting(people)).toEqual([]);
	expect(admin.account.members.version).toBe(version + 1);
	expect(admin.account.members.changed).toContainEqual({ id: joined.id, version: version + 1 });
	expect(admin.account.keyChanges).toContain(joined.id);
	await expect(tom.fetchRecording(his)).rejects.toThrow('token');
	const again = await browser();
	await again.account.signIn('tom@alderstreet.example', next);
	await again.settings.load();
	// He makes what is planned anew, for links that fit his new keys.
	const [planned] = await again.fetchRoll(0, 8_640_000_000_000_000);
	if (!planned) throw new Error('nothing planned');
	const before = await again.openSession(planned);
	expect(before.hostIs).toBe('renewed');
	const anew = await again.prepareMove(before, joined.id);
	await again.sendSession(anew);
	expect(await again.openSession(await again.fetchOne(anew.id))).toMatchObject({
		hostIs: 'here',
		places: [{ name: 'Dana Whitfield' }],
	});
	await end(again);
	expect(await again.regive(() => {})).toEqual(nothing);
	expect(again.account.former).toEqual([]);
	for (const id of [hers, his]) expect(await opens(again, id)).toBe(true);
	// What he signed before is his still.
	expect((await again.openSession(await again.fetchOne(planned.id))).notice).not.toBeNull();
	// A statement that was used says nothing about the keys that he has now.
	await expect(
		admin.confirmRotation({ member: joined.id, rotation: prepared.rotation }),
	).rejects.toThrow('bad-signature');
});

test('a token alone starts nothing and drops nothing, and what was taken back is not confirmed', async () => {
	const admin = here.maya;
	const joined = await join(admin, { email: 'una@alderstreet.example', role: 'clinician' });
	const una = await renewing(joined.app);
	const stranger = await createStaffIdentity();
	const send = (prepared: {
		rotation: SignedRotation;
		account: string;
		registrationRecord: string;
	}) => {
		const { rotation, account, registrationRecord } = prepared;
		const body = { rotation, account, registrationRecord };
		return una.request({ method: 'POST', path: '/api/account/rotation', body });
	};
	await una.account.prove({ password });
	const prepared = await una.prepareKeys(next);
	// In her name, without her key.
	const { signing } = stranger.identity;
	const from = { ...signing, publicKey: una.account.identity.signing.publicKey };
	const rotation = await signRotation({
		from,
		to: (await createStaffIdentity()).identity,
		rotation: {
			practice: una.account.practice.id,
			member: joined.id,
			account: await sha256(utf8(prepared.account)),
			record: await sha256(utf8(prepared.registrationRecord)),
			expiresAt: Date.now() + 60_000,
		},
	});
	await expect(send({ ...prepared, rotation })).rejects.toThrow('bad-request');
	await expect(send({ ...prepared, account: `${prepared.account} ` })).rejects.toThrow(
		'bad-request',
	);
	await expect(send({ ...prepared, registrationRecord: toBase64url(random(192)) })).rejects.toThrow(
		'bad-request',
	);
	await send(prepared);
	// One proof is good for one change.
	await expect(send(prepared)).rejects.toThrow('locked');
	await una.takeBack();
	expect(await una.waitsUntil()).toBeNull();
	expect((await admin.fetchPeople()).rotations).toEqual([]);
	await expect(
		admin.confirmRotation({ member: joined.id, rotation: prepared.rotation }),
	).rejects.toThrow('not-found');
	await una.account.refresh();
	expect(una.account.state).toBe('unlocked');
});
