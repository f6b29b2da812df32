import { beforeAll, expect, test, vi } from 'vitest';
import { random } from '#crypto/bytes.ts';
import type { Grant } from '../../signaling/protocol/recordings.ts';
import { type App, join, openApp, password } from '../app.ts';
import { recorded } from '../apprecorded.ts';
import { Device } from '../device.ts';
import { founded } from '../practices.ts';
import { storeRecording } from '../recorded.ts';
import { bytesOf, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// What a member with new keys may write over, and what is believed of it afterwards.
const here = founded();
const email = 'tom@alderstreet.example';
const next = 'a-lantern-for-the-stairs';

async function renewing(app: App) {
	const [rotation, regive, roll, change] = await Promise.all([
		import('../../pwa/src/lib/vault/rotation.ts'),
		import('../../pwa/src/lib/vault/regive.ts'),
		import('../../pwa/src/lib/sessions/roll.ts'),
		import('../../pwa/src/lib/schedule/change.ts'),
	]);
	return { ...app, ...rotation, ...regive, ...roll, ...change };
}

let tom: Awaited<ReturnType<typeof renewing>>;
let member: string;
/** His recording, and one that somebody else let him open. */
let his: string;
let hers: string;
/** Sessions of his: one that has ended, and one that keeps his old keys. */
let ended: string;
let planned: string;

/** A recording of the administrator's with all that belongs to it: whoever wraps it for others opens it first. */
async function whole(): Promise<string> {
	const { email: host } = here.maya.account.member;
	const device = await Device.signIn({ address: here.local.address, email: host, password });
	const filmed = (name: string) => ({ name, film: random(9000), startMs: 0, durationMs: 60_000 });
	const { id } = await storeRecording(device, { people: [filmed('Maya'), filmed('Dana')] });
	return id;
}

const send = (grant: Grant, replaces: readonly string[]) =>
	tom.request({
		method: 'POST',
		path: `/api/recordings/${grant.recording}/grants`,
		body: { grant, replaces },
	});

async function ownGrant(recording: string): Promise<Grant> {
	const { grants } = await tom.fetchRecording(recording);
	const own = grants.find(({ recipient }) => recipient === member);
	if (!own) throw new Error('no grant');
	return own;
}

const wrapped = async (recording: string): Promise<Grant> =>
	tom.wrapFor(await tom.fetchRecording(recording), { to: member, expiresAt: null });

beforeAll(async () => {
	const joined = await join(here.maya, { email, role: 'clinician' });
	member = joined.id;
	tom = await renewing(joined.app);
	hers = await whole();
	await here.maya.give(await here.maya.fetchRecording(hers), member);
	his = await recorded(tom);
	const [first] = await tom.fetchRoll(0, 8_640_000_000_000_000);
	ended = first?.id ?? '';
	await tom.request({ method: 'POST', path: `/api/sessions/${ended}/cancel` });
	await recorded(tom);
	const sessions = await tom.fetchRoll(0, 8_640_000_000_000_000);
	planned = sessions.find(({ id }) => id !== ended)?.id ?? '';
});

/** He has new keys from here on, and nothing is given to them yet. */
async function renew(): Promise<void> {
	await tom.account.prove({ password });
	const prepared = await tom.prepareKeys(next);
	await tom.useKeys(prepared);
	await here.maya.confirmRotation({ member, rotation: prepared.rotation });
	const app = await openApp(here.local.address);
	await app.account.signIn(email, next);
	tom = await renewing(app);
}

const patch = (sealed: string) =>
	tom.request({ method: 'PATCH', path: `/api/sessions/${ended}`, body: { sealed } });

test('a token alone puts nothing in the place of grants and texts, before, while and after they are given to new keys', async () => {
	const [before, old] = [await ownGrant(his), await ownGrant(hers)];
	for (const one of [before, old])
		await expect(send(await wrapped(one.recording), [one.id])).rejects.toThrow('forbidden');
	await expect(patch(bytesOf(200))).rejects.toThrow('session-ended');

	await renew();
	for (const { id, recording } of [before, old]) {
		const good = await wrapped(recording);
		const { ciphertext } = before;
		await expect(send({ ...good, ciphertext }, [id])).rejects.toThrow('bad-request');
		await expect(send({ ...good, id: newId() }, [id])).rejects.toThrow('bad-request');
		await expect(send(good, [newId()])).rejects.toThrow(/conflict|forbidden/);
	}
	expect(await tom.regive(() => {})).toMatchObject({ recordings: 0, unreadable: 0 });
	// His old keys are kept for what is planned; what was given to the new ones stays.
	expect(tom.account.former).toHaveLength(1);
	for (const recording of [his, hers]) {
		const { id } = await ownGrant(recording);
		expect([before.id, old.id]).not.toContain(id);
		await expect(send(await wrapped(recording), [id])).rejects.toThrow('forbidden');
	}
	await expect(patch(bytesOf(200))).rejects.toThrow('session-ended');
	const places = [{ id: (await tom.fetchOne(ended)).places[0]?.id, sealed: bytesOf(200) }];
	const path = `/api/sessions/${ended}`;
	await expect(tom.request({ method: 'PATCH', path, body: { places } })).rejects.toThrow(
		'session-ended',
	);
	const { rows } = await (await tom.request({ path: `${path}/history` })).json();
	expect(rows.map(({ act }: { act: string }) => act)).toContain('session-sealed-again');
	expect((await tom.openSession(await tom.fetchOne(ended))).hostIs).toBe('here');
	expect((await tom.fetchOne(planned)).state).toBe('planned');
});

test('what he signs while an administrator’s browser reads his sessions is not lost: it reads them again', async () => {
	await tom.account.prove({ password: next });
	const prepared = await tom.prepareKeys('one-more-quiet-evening');
	await tom.useKeys(prepared);
	// Between the reading of his sessions and the sending of the list he gives one another title.
	const fetched = globalThis.fetch;
	const session = await tom.openSession(await tom.fetchOne(planned));
	let read = 0;
	let written: Promise<void> | undefined;
	vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
		const answer = await fetched(url, init);
		if (url.includes('/api/sessions?') && read++ === 0) {
			written = tom.changeText(session, { title: 'Moved by a week' });
			await written;
		}
		return answer;
	});
	const confirm = () => here.maya.confirmRotation({ member, rotation: prepared.rotation });
	await expect(confirm()).rejects.toThrow('conflict');
	await written;
	await confirm();
	vi.stubGlobal('fetch', fetched);
	const app = await openApp(here.local.address);
	await app.account.signIn(email, 'one-more-quiet-evening');
	tom = await renewing(app);
	const opened = await tom.openSession(await tom.fetchOne(planned));
	expect(opened).toMatchObject({ title: 'Moved by a week', hostIs: 'renewed' });
});

test('who has wrapped for new keys of his own and then loses them all is let back in', async () => {
	await join(here.maya, { email, role: 'clinician', member });
	const who = here.maya.comebacks().find(({ id }) => id === member);
	if (!who) throw new Error('he did not come back');
	const lost = (await here.maya.lostBy(who)).find(({ recording }) => recording === hers);
	if (!lost) throw new Error('nothing lost');
	expect(lost.grants.map(({ grantor }) => grantor)).toEqual([member]);
	// Nobody let him open this one.
	const other = await whole();
	const made = lost.grants.map((one) => ({ ...one, recording: other }));
	expect(await here.maya.regrant({ recording: other, grants: made }, member)).toBe(false);
	expect(await here.maya.regrant(lost, member)).toBe(true);
});
