import { beforeAll, expect, test, vi } from 'vitest';
import { type App, join } from '../app.ts';
import { recorded } from '../apprecorded.ts';
import { founded } from '../practices.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// The app's own code: a host, an admin who opens what is not hers, and a colleague.
const here = founded();
let tom: { app: App; id: string };
let ida: { app: App; id: string };

beforeAll(async () => {
	tom = await join(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	ida = await join(here.maya, { email: 'ida@alderstreet.example', role: 'clinician', name: 'Ida' });
	for (const app of [here.maya, tom.app, ida.app]) await app.account.refresh();
});

const openings = async (app: App) => {
	const found = new app.OpeningsHere();
	await found.load();
	expect(found.failure).toBeUndefined();
	return found;
};

const trackKeys = async (app: App, recording: string) => {
	const { grants } = await app.fetchRecording(recording);
	return app.openTrackKeys({ recording, grants, opener: app.opener() });
};

test('an admin says why, the host reads it, and the server cannot', async () => {
	const { maya } = here;
	const id = await recorded(tom.app);
	const other = await recorded(tom.app);
	expect(tom.app.owesReason(await tom.app.fetchRecording(id))).toBe(false);
	expect(maya.owesReason(await maya.fetchRecording(id))).toBe(true);
	await expect(maya.tellOpened(id)).rejects.toThrow('bad-request');
	const reason = 'A complaint by the client of 12 May';
	await maya.tellReason(await maya.fetchRecording(id), ` ${reason} `);
	await maya.tellReason(await maya.fetchRecording(other), 'Supervision');
	const found = await openings(tom.app);
	expect(found.list.map(({ recording, words, member }) => [recording, words, member])).toEqual([
		[id, reason, maya.account.member.id],
		[other, 'Supervision', maya.account.member.id],
	]);
	const { store } = here.local.server.context;
	const rows = await store
		.selectFrom('history')
		.select('reason')
		.where('recording', '=', id)
		.execute();
	const sealed = rows.flatMap((row) => row.reason ?? []);
	expect(sealed).toHaveLength(1);
	expect(Buffer.from(sealed[0] ?? '', 'base64url').toString('latin1')).not.toContain('complaint');
	// A server that shows a reason in the place of another, or as somebody else's, is not believed.
	const [first, second] = found.list;
	if (!first?.reason || !second?.reason) throw new Error('no reason');
	const keys = await trackKeys(tom.app, id);
	const shown = { id: first.id, member: first.member, reason: first.reason };
	const open = (opening: typeof shown) => tom.app.openReason({ recording: id, keys, opening });
	expect(await open(shown)).toBe(reason);
	await expect(open({ ...shown, reason: second.reason })).rejects.toThrow('open-failed');
	await expect(open({ ...shown, id: second.id })).rejects.toThrow('open-failed');
	await expect(open({ ...shown, member: ida.id })).rejects.toThrow('bad-signature');
	await found.seen(first.id);
	expect(found.list.map(({ recording }) => recording)).toEqual([other]);
	expect((await openings(tom.app)).list.map(({ words }) => words)).toEqual(['Supervision']);
});

test('a colleague opens it until access is taken away', async () => {
	const id = await recorded(tom.app);
	await expect(ida.app.fetchRecording(id)).rejects.toThrow('not-found');
	await tom.app.give(await tom.app.fetchRecording(id), ida.id);
	expect((await trackKeys(ida.app, id)).has(id)).toBe(true);
	await tom.app.takeAway({ recording: id, member: ida.id });
	await expect(ida.app.fetchRecording(id)).rejects.toThrow('not-found');
	const { recipients } = await tom.app.fetchRecording(id);
	expect(recipients).not.toContain(ida.id);
	await expect(here.maya.takeAway({ recording: id, member: tom.id })).rejects.toThrow('forbidden');
});

test('the receipt holds who signed for the deletion, and a forged one is named', async () => {
	const { maya } = here;
	const id = await recorded(tom.app);
	expect(await tom.app.fetchReceipt(id)).toBeUndefined();
	await tom.app.deleteRecording(id);
	const receipt = await tom.app.fetchReceipt(id);
	expect(receipt).toMatchObject({ by: tom.id, act: 'deleted', signed: 'by-her' });
	expect(receipt?.destroyed).toMatchObject({ grants: 2, tracks: 1 });
	if (!receipt) throw new Error('no receipt');
	const { members } = maya.account;
	const judge = (change: object) => maya.judgeWish({ ...receipt, ...change }, members);
	expect(await judge({})).toBe('by-her');
	expect(await judge({ wish: null })).toBe('by-nobody');
	expect(await judge({ by: ida.id })).toBe('forged');
	expect(await judge({ by: null })).toBe('forged');
	expect(await judge({ recording: await recorded(tom.app) })).toBe('forged');
	expect(await ida.app.fetchReceipt(id)).toBeUndefined();
	expect((await maya.fetchReceipt(id))?.signed).toBe('by-her');
});
