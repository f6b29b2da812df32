import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { fingerprint } from '#crypto/identity/identity.ts';
import { type Identity, createStaffIdentity } from '#crypto/identity/identity.ts';
import { openMemberList, signMemberList } from '#crypto/members/members.ts';
import { openPracticeKey } from '#crypto/members/practice.ts';
import type { SignedInHere } from '../../pwa/src/lib/account/enter.ts';
import { type LocalServer, localServer } from '../local.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer;
let maya: SignedInHere;
let app: Awaited<ReturnType<typeof load>>;

/** The app's own code, as in a page of this server. */
async function load(address: string) {
	const send = globalThis.fetch;
	vi.stubGlobal('location', { origin: address });
	vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
		const headers = new Headers(init.headers);
		headers.set('origin', address);
		return send(url, { ...init, headers });
	});
	const [enrol, keys, practice, token, api] = await Promise.all([
		import('../../pwa/src/lib/account/enrol.ts'),
		import('../../pwa/src/lib/account/keys.ts'),
		import('../../pwa/src/lib/account/practice.ts'),
		import('../../pwa/src/lib/account/token.ts'),
		import('../../pwa/src/lib/net/api.ts'),
	]);
	return { ...enrol, ...keys, ...practice, ...token, ...api };
}

beforeAll(async () => {
	local = await localServer();
	app = await load(local.address);
	maya = await app.enrol({
		token: new URL(local.setupUrl ?? '').hash.slice(1),
		practiceName: 'Alder Street Counseling',
		name: 'Dr. Maya Okafor',
		email: 'maya@alderstreet.example',
		password: 'quiet-harbor-eleven',
	});
});
afterAll(async () => {
	vi.unstubAllGlobals();
	await local.stop();
});

const token = () => new app.Tokens({ device: maya.signedIn.device, signing: maya.signing }).get();
const open = (signedIn = maya.signedIn) =>
	app.openKeys({ accountKey: maya.accountKey, signedIn, known: undefined, token });
const same = async (identity: Identity | undefined, known: Identity['publicIdentity']) =>
	identity !== undefined &&
	toBase64url(await fingerprint(identity.publicIdentity)) === toBase64url(await fingerprint(known));

async function me(): Promise<SignedInHere['signedIn']> {
	const headers = { authorization: `Bearer ${await token()}` };
	return (await app.request({ path: '/api/me', open: true, headers })).json();
}

test('a new practice has a schedule key, and its list vouches for it and for the records key', async () => {
	const { practice, members } = await open();
	expect(members.version).toBe(1);
	expect(await same(practice.schedule, practice.scheduleIdentity)).toBe(true);
	expect(await same(practice.records, practice.recordsIdentity)).toBe(true);
	expect(members.keys?.schedule).toEqual(practice.scheduleIdentity);
});

test('no server can swap a key of the practice', async () => {
	const stranger = (await createStaffIdentity()).identity.publicIdentity;
	const { x25519 } = stranger;
	const { practice } = maya.signedIn;
	const before = await open();
	const told = { ...practice, records: { ...practice.records, x25519: toBase64url(x25519) } };
	const after = await open({ ...maya.signedIn, practice: told });
	expect(after.practice.recordsIdentity).toEqual(before.practice.recordsIdentity);
	const { text } = practice.memberList;
	for (const known of [before.practice.recordsIdentity, before.practice.scheduleIdentity]) {
		const swapped = text.replaceAll(toBase64url(known.x25519), toBase64url(x25519));
		expect(swapped).not.toBe(text);
		const memberList = { ...practice.memberList, text: swapped };
		await expect(open({ ...maya.signedIn, practice: { ...practice, memberList } })).rejects.toThrow(
			'bad-signature',
		);
	}
});

test('a practice of an older version gets its schedule key from an admin’s client, once', async () => {
	const { accountKey, signedIn } = maya;
	const { account, practice } = signedIn;
	const { schedule: _, ...older } = await app.openPracticeSecrets(
		accountKey,
		fromBase64url(account.practice),
	);
	const practiceKey = await openPracticeKey(older.seed ?? new Uint8Array());
	const list = await openMemberList({
		signed: practice.memberList,
		practiceKey: practiceKey.publicKey,
	});
	const sealed = toBase64url(await app.sealPracticeKeys(accountKey, older));
	const without = { ...list, version: 2, keys: undefined };
	await app.request({
		method: 'PUT',
		path: '/api/people/list',
		headers: { authorization: `Bearer ${await token()}` },
		open: true,
		body: {
			memberList: await signMemberList({ practiceKey, list: without }),
			account: { ...account, practice: sealed },
		},
	});
	const first = await open(await me());
	expect(first.members.version).toBe(3);
	expect(await same(first.practice.schedule, first.practice.scheduleIdentity)).toBe(true);
	const again = await open(await me());
	expect(again.members.version).toBe(3);
	expect(again.practice.scheduleIdentity).toEqual(first.practice.scheduleIdentity);
	expect(await same(again.practice.records, again.practice.recordsIdentity)).toBe(true);
});
