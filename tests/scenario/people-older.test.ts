import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { toBase64url, utf8 } from '#crypto/bytes.ts';
import { signMemberList } from '#crypto/members/members.ts';
import { openPracticeKey } from '#crypto/members/practice.ts';
import { type App, found, openApp, password } from '../app.ts';
import { type LocalServer, TestClock, localServer } from '../local.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// A practice of an older version, which has no schedule key yet.
const email = 'maya@alderstreet.example';
let local: LocalServer;
let recoveryKey: string;

/** Takes from the practice what an older version did not make. */
async function age({ account }: App): Promise<void> {
	const { store } = local.server.context;
	const { id, publicKey, seed = new Uint8Array(), records, serverKey } = account.practice.secrets;
	const { keys: _, ...list } = account.members;
	const practiceKey = await openPracticeKey(seed);
	const kept = {
		v: 1,
		id,
		publicKey: toBase64url(publicKey),
		seed: toBase64url(seed),
		records: toBase64url(records ?? new Uint8Array()),
		serverKey,
	};
	const practice = toBase64url(await account.seal('practice keys', utf8(JSON.stringify(kept))));
	const row = await store.selectFrom('members').select('account').executeTakeFirstOrThrow();
	await store
		.updateTable('members')
		.set({ account: JSON.stringify({ ...JSON.parse(row.account), practice }) })
		.execute();
	const memberList = JSON.stringify(await signMemberList({ practiceKey, list }));
	await store.updateTable('practice').set({ member_list: memberList }).execute();
}

beforeAll(async () => {
	local = await localServer({ clock: new TestClock(Date.now()) });
	const maya = await found(local);
	recoveryKey = maya.account.unsavedRecoveryKey ?? '';
	await age(maya);
});
afterAll(async () => {
	vi.unstubAllGlobals();
	await local.stop();
});

test('who comes in by her recovery key first keeps the schedule key that this made', async () => {
	const first = await openApp(local.address);
	await first.account.recover({ email, recoveryKey, password });
	const { scheduleIdentity } = first.account.practice;
	expect(first.account.members.version).toBe(2);
	expect(first.account.practice.schedule?.publicIdentity).toEqual(scheduleIdentity);
	await first.account.refresh();
	expect(first.account.practice.schedule?.publicIdentity).toEqual(scheduleIdentity);
	const next = await openApp(local.address);
	await next.account.signIn(email, password);
	expect(next.account.practice.schedule?.publicIdentity).toEqual(scheduleIdentity);
});
