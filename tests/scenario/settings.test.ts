import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { changeSettings, colleague } from '../colleagues.ts';
import { type LocalServer, localPractice, localServer } from '../local.ts';
import { setupRequest, type Staff } from '../staff.ts';
import { call, newId, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let local: LocalServer & { maya: Staff };
let maya: Staff;
let tom: Staff;

const path = '/api/practice/settings';
const read = async (who: Staff) => (await who.call('GET', path)).body;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	tom = await colleague(maya, 'supervisor');
});
afterAll(() => local.stop());

test('settings: read by every member, changed by admins, and told to who waits', async () => {
	expect(await read(maya)).toMatchObject({
		name: 'Riverside Therapy',
		recording: true,
		recordAll: false,
		policy: null,
	});
	const emergency = 'Call 911, or the clinic at 555-0100.';
	const changed = { name: 'Riverside', emergency, languages: ['es'], supervisorsOpen: true };
	expect((await changeSettings(maya, changed)).status).toBe(204);
	const after = await read(tom);
	expect(after).toMatchObject(changed);
	expect(JSON.parse(after.policy.text)).toMatchObject({ version: 1, supervisorsOpen: true });
	const { idleMostMs: _, ...own } = after;
	expect((await tom.call('PUT', path, own)).body.error).toBe('forbidden');
	const { places } = await maya.session();
	const place = await call(local.address, 'GET', `/api/places/${places[0]}`);
	expect(place.body).toMatchObject({ practice: 'Riverside', emergency });
});

test('what an admin did not sign is not kept, nor an older version', async () => {
	const before = await read(maya);
	const wrong = [
		{ recordAll: true },
		{ idleMs: before.idleMs + 1 },
		{ share: { mail: false, maxHours: 72, links: false } },
		{ share: { mail: true, maxHours: 72, links: true } },
		{ author: tom.signedIn.member.id },
		{ practice: newId() },
		{ v: 2 },
		{ version: 'x' },
	];
	for (const said of wrong)
		expect((await changeSettings(maya, {}, said)).body.error).toBe('bad-request');
	expect((await changeSettings(maya, { idleMs: 0 })).body.error).toBe('bad-request');
	const { idleMostMs: _, ...own } = before;
	const forged = signed(tom.identity, 'sotto/practice-settings/v1', JSON.parse(own.policy.text));
	expect((await maya.call('PUT', path, { ...own, policy: forged })).body.error).toBe('bad-request');
	expect((await maya.call('PUT', path, own)).body.error).toBe('conflict');
	expect(await read(maya)).toEqual(before);
});

test('every change is in the history of the practice, for admins', async () => {
	const acts = async (who: Staff) =>
		(await who.call('GET', '/api/history')).body.rows.map(({ act }: { act: string }) => act);
	const count = (all: string[]) => all.filter((act) => act === 'settings-changed').length;
	const before = await acts(maya);
	expect(before).toContain('colleague-confirmed');
	expect((await changeSettings(maya, { recordAll: true })).status).toBe(204);
	expect((await changeSettings(maya, {}, { recordAll: false })).status).toBe(400);
	expect(count(await acts(maya))).toBe(count(before) + 1);
	expect(await acts(tom)).toEqual([]);
});

test('a change that could not be kept does not hold either', async () => {
	const { settings, store } = local.server.context;
	const before = settings.idleMs;
	await sql`CREATE TRIGGER failing BEFORE INSERT ON history
		BEGIN SELECT RAISE(ABORT, 'disk'); END`.execute(store);
	expect((await changeSettings(maya, { idleMs: 2 * 60_000 })).status).toBe(500);
	await sql`DROP TRIGGER failing`.execute(store);
	expect(settings.idleMs).toBe(before);
	expect((await read(maya)).idleMs).toBe(before);
});

test('where nothing is recorded, no session can be made that is', async () => {
	expect((await changeSettings(maya, { recording: false })).status).toBe(204);
	await expect(maya.session({ recorded: true })).rejects.toThrow('forbidden');
	expect((await maya.session()).places).toHaveLength(1);
	expect((await changeSettings(maya, { recording: true })).status).toBe(204);
	expect((await maya.session({ recorded: true })).places).toHaveLength(1);
});

test('a shorter idle lock holds at once, and nobody can wish for a longer one than the server has', async () => {
	const { idleMostMs } = await read(maya);
	expect((await changeSettings(maya, { idleMs: idleMostMs * 2 })).status).toBe(204);
	expect((await read(maya)).idleMs).toBe(idleMostMs);
	expect((await changeSettings(maya, { idleMs: 5 * 60_000 })).status).toBe(204);
	local.clock.forward(5 * 60_000);
	expect((await tom.token()).body.error).toBe('locked');
	expect((await maya.token()).body.error).toBe('locked');
});

test('a new practice begins with settings that its first admin signed', async () => {
	const fresh = await localServer();
	const token = new URL(fresh.setupUrl ?? '').hash.slice(1);
	const { finish, staff } = await setupRequest(fresh.address, token);
	const choice = {
		recording: true,
		recordAll: false,
		supervisorsOpen: false,
		share: { mail: false, maxHours: 1, links: false },
		idleMs: 60_000,
	};
	const said = {
		v: 1,
		practice: finish.practice.id,
		version: 1,
		author: finish.member.id,
		...choice,
	};
	const context = 'sotto/practice-settings/v1';
	const set = (key: typeof staff.identity) =>
		call(fresh.address, 'POST', '/api/setup/finish', {
			body: { ...finish, policy: signed(key, context, said) },
		});
	expect((await set(staff.deviceKey)).body.error).toBe('bad-request');
	// The setup was not used up by it; with her own key it is done.
	const { status } = await set({
		...staff.identity,
		publicKey: finish.member.publicIdentity.ed25519,
	});
	expect(status).toBe(200);
	const { settings, store } = fresh.server.context;
	expect(await settings.read(store)).toMatchObject(choice);
	await fresh.stop();
});
