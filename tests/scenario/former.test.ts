import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { signNotice } from '#crypto/consent/consent.ts';
import type { Session } from '../../signaling/protocol/sessions.ts';
import { type App, found, join } from '../app.ts';
import { type LocalServer, localServer } from '../local.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer;
let maya: Planning;
const now = () => local.clock.now() + 24 * 60 * 60_000;

/** What plans, in the browser that was opened last. */
async function planning(app: App) {
	const [make, change, store, session, roll, settings] = await Promise.all([
		import('../../pwa/src/lib/schedule/make.ts'),
		import('../../pwa/src/lib/schedule/change.ts'),
		import('../../pwa/src/lib/sessions/store.ts'),
		import('../../pwa/src/lib/sessions/session.ts'),
		import('../../pwa/src/lib/sessions/roll.ts'),
		import('../../pwa/src/lib/people/settings.svelte.ts'),
	]);
	await settings.settings.load();
	return { ...make, ...change, ...store, ...session, ...roll, ...app };
}
type Planning = Awaited<ReturnType<typeof planning>>;

beforeAll(async () => {
	local = await localServer();
	vi.useFakeTimers({ now: local.clock.now(), toFake: ['Date'] });
	maya = await planning(await found(local));
});
afterAll(async () => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
	await local.stop();
});

async function plan(by: Planning, host: string, name: string, purpose: string | null = null) {
	const wish = {
		host,
		people: [{ name }],
		purpose,
		startsAt: now(),
		minutes: 50,
		title: `T ${name}`,
	};
	const prepared = await by.prepareSessions(wish);
	for (const one of prepared) await by.sendSession(one);
	return prepared[0]?.id ?? '';
}

test('what a scheduler planned stays readable when she is one no more, and nothing new of hers is', async () => {
	const joined = await join(maya, { email: 'sam@alderstreet.example', role: 'scheduler' });
	const sam = await planning(joined.app);
	const host = maya.account.member.id;
	const then = await plan(sam, host, 'Dana');
	// Sealed and signed in time, but kept back.
	const wish = { host, people: [{ name: 'Eve' }], purpose: null, startsAt: now(), minutes: 50 };
	const [late] = await sam.prepareSessions(wish);
	await maya.changeMember(joined.id, { role: 'clinician', active: true });
	expect(await maya.fetchSession(then)).toMatchObject({
		title: 'T Dana',
		author: { id: joined.id, former: true },
		hostIs: 'here',
	});
	// A server that lies puts the scheduler’s contents into a session of the host.
	const row: Session = {
		id: late?.id ?? '',
		host,
		startsAt: now(),
		minutes: 50,
		sealed: late?.body.sealed ?? '',
		notice: null,
		places: late?.body.places ?? [],
		state: 'planned',
		generation: 0,
		createdAt: 0,
		endedAt: null,
		cancelled: false,
	};
	await expect(maya.openSession(row)).rejects.toMatchObject({ code: 'bad-signature' });
});

test('sessions of who left are opened, edited and cancelled by the practice, and sealed to her no more', async () => {
	const joined = await join(maya, { email: 'lea@alderstreet.example', role: 'clinician' });
	const lea = await planning(joined.app);
	const [recorded, plain] = [
		await plan(lea, joined.id, 'Ines', 'Supervision'),
		await plan(lea, joined.id, 'Tom'),
	];
	const { identity, member, practice } = lea.account;
	const { signing } = identity;
	await maya.changeMember(joined.id, { role: 'clinician', active: false });
	const opened = await maya.fetchSession(recorded);
	expect(opened).toMatchObject({
		hostIs: 'left',
		author: { id: joined.id, former: true },
		notice: { purpose: 'Supervision' },
		places: [{ name: 'Ines' }],
	});
	const row = await maya.fetchOne(recorded);
	// With the keys that she kept.
	const notice = await signNotice({
		host: signing,
		notice: {
			session: recorded,
			practice: practice.name,
			host: member.name,
			purpose: 'Forged',
			recorder: 'device',
			openers: 'Anybody',
			keptUntil: null,
		},
	});
	await expect(maya.openSession({ ...row, notice })).rejects.toMatchObject({
		code: 'bad-signature',
	});
	await maya.changeText(opened, { title: 'Now Maya’s' });
	const changed = await maya.fetchSession(recorded);
	expect(changed).toMatchObject({ title: 'Now Maya’s', author: { former: false } });
	const { boxes } = JSON.parse(
		Buffer.from((await maya.fetchOne(recorded)).sealed, 'base64url').toString(),
	);
	expect(boxes).toHaveLength(1);
	await maya.cancelSession(plain);
	expect(await maya.fetchSession(plain)).toMatchObject({ cancelled: true, title: 'T Tom' });
	const list = await maya.fetchSchedule(0, now() + 60_000);
	expect(list.failures).toEqual([]);
});

test('sessions of who came back with new keys are opened by the practice, and said to be sealed to the old', async () => {
	const who = { email: 'tom@alderstreet.example', role: 'clinician' } as const;
	const before = await join(maya, who);
	const old = await planning(before.app);
	const id = await plan(old, before.id, 'Noor', 'Supervision');
	const back = await join(maya, { ...who, member: before.id });
	expect(back.id).toBe(before.id);
	const tom = await planning(back.app);
	expect(await maya.fetchSession(id)).toMatchObject({
		hostIs: 'renewed',
		places: [{ name: 'Noor' }],
		notice: { purpose: 'Supervision' },
	});
	// Her new keys open nothing that was sealed to the old.
	await expect(tom.fetchSession(id)).rejects.toMatchObject({ code: 'not-a-recipient' });
	await tom.cancelSession(id);
	const mine = await tom.fetchSchedule(0, now() + 60_000);
	expect(mine.sessions).toEqual([]);
	expect(mine.failures).toHaveLength(1);
});
