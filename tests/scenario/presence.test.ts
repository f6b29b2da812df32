import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { certifyDevice } from '#crypto/presence/certificate.ts';
import testKey from '../../extension/test-key.json' with { type: 'json' };
import { readConfig } from '../../signaling/config.ts';
import { presenceDeviceText, presenceDevicesMax } from '../../signaling/protocol/presence.ts';
import { markAbsent } from '../../signaling/room/absent.ts';
import { verifySignature } from '../../signaling/signature.ts';
import { changeMember, colleague } from '../colleagues.ts';
import { Line, waitAt } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { newPresenceDevice, pairDevice, PresenceDevice } from '../presence.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, call, newId, newKey } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
let maya: Staff;
let extension: PresenceDevice;
beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	extension = await pairDevice(maya);
});
afterAll(() => local.stop());

const today = '/api/presence/day?from=0&to=9999999999999';
const devicesOf = async (staff: Staff) =>
	(await staff.call('GET', '/api/presence/devices')).body.devices;

test('the id that a server takes by itself is the one of the test key', () => {
	expect(readConfig({}).extensions).toEqual([testKey.id]);
});

test('an extension hears who comes to wait, and nothing of what was knocked', async () => {
	const { id: session, places } = await maya.session();
	const early = await waitAt(local.address, places[0] ?? '');
	const line = await extension.line();
	expect(await line.next('ready')).toMatchObject({ now: local.clock.now() });
	const { sessions, more } = await line.next('waiting');
	expect(more).toBe(false);
	const here = sessions.find((one) => one.session === session);
	expect(here?.seats).toEqual([
		expect.objectContaining({ seat: early.seat, state: 'waiting', knock: null }),
	]);
	const page = await maya.line();
	await page.next('waiting');
	const { id: second, places: others } = await maya.session();
	const late = await waitAt(local.address, others[0] ?? '');
	const told = await line.next('seat', ({ seat }) => seat.seat === late.seat);
	expect(told).toMatchObject({ session: second, seat: { state: 'waiting', knock: null } });
	// The page of the host is told more in the same moment.
	const full = await page.next('seat', ({ seat }) => seat.seat === late.seat);
	expect(full.seat.knock?.sealed).toBe(late.knock.sealed);
	await late.line.ask({ type: 'leave', id: newId() });
	await line.next('seat', ({ seat }) => seat.seat === late.seat && seat.state === 'gone');
	await Promise.all([line, page, early.line, late.line].map((one) => one.close()));
});

test('it takes no part in a call, and hears nothing of post and members', async () => {
	const { id: session } = await maya.session();
	const line = await extension.line();
	await line.next('waiting');
	const entered = await line.ask({ type: 'enter', id: newId(), session, seat: newId() });
	expect(entered).toMatchObject({ error: 'forbidden' });
	line.received.length = 0;
	const { hub } = local.server.context;
	for (const what of ['members', 'post', 'recordings'] as const) hub.changed(what);
	expect(await line.next('changed')).toMatchObject({ what: 'recordings' });
	expect(line.received.filter(({ type }) => type === 'changed')).toEqual([]);
	await line.close();
});

test('a browser of the member gets no token of an extension, nor the other way round', async () => {
	const staff = await maya.token({ scope: 'presence' });
	expect([staff.status, staff.body.error]).toEqual([404, 'not-found']);
	const device = await extension.token({ scope: 'staff' });
	expect([device.status, device.body.error]).toEqual([401, 'token']);
});

test('an extension stays connected however long nobody is at the member’s browser', async () => {
	const line = await extension.line();
	await line.next('waiting');
	local.clock.forward(60 * 60_000);
	expect((await maya.token()).body.error).toBe('locked');
	const { status } = await extension.call('GET', today);
	expect(status).toBe(200);
	await maya.unlock();
	await line.close();
});

test('the certificate that a page makes is the one that the server checks', async () => {
	const identity = await generateSigningKey();
	const keys = { publicKey: random(32), presenceKey: random(32) };
	const device = { practice: newId(), member: newId(), ...keys };
	const text = presenceDeviceText({
		...device,
		publicKey: toBase64url(keys.publicKey),
		presenceKey: toBase64url(keys.presenceKey),
	});
	const good = verifySignature({
		publicKey: toBase64url(identity.publicKey),
		context: 'sotto/presence-device/v1',
		message: Buffer.from(text),
		signature: await certifyDevice(identity, device),
	});
	expect(good).toBe(true);
});

test('only who holds the member’s identity pairs for her', async () => {
	const pair = (body: object) => maya.call('POST', '/api/presence/devices', body);
	const forged = await pair(newPresenceDevice(maya, { identity: newKey() }));
	expect([forged.status, forged.body.error]).toEqual([403, 'forbidden']);
	const good = newPresenceDevice(maya);
	const swapped = await pair({ ...good, presenceKey: bytesOf(32) });
	expect([swapped.status, swapped.body.error]).toEqual([403, 'forbidden']);
	const tom = await colleague(maya);
	const other = await tom.call('POST', '/api/presence/devices', good);
	expect([other.status, other.body.error]).toEqual([403, 'forbidden']);
	// An answer that got lost makes no second one.
	const [first, again] = [await pair(good), await pair(good)];
	expect(first.status).toBe(201);
	expect(again.body).toEqual(first.body);
});

test('one’s own extensions are listed with when they were seen; an admin sees everybody’s', async () => {
	const tom = await colleague(maya);
	const his = await pairDevice(tom);
	const pairedAt = local.clock.now();
	expect(await devicesOf(tom)).toMatchObject([
		{ id: his.id, member: tom.signedIn.member.id, createdAt: pairedAt, seenAt: pairedAt },
	]);
	const all = (await devicesOf(maya)).map(({ id }: { id: string }) => id);
	expect(all).toContain(his.id);
	expect(all).toContain(extension.id);
	const line = await his.line();
	await line.next('waiting');
	expect(await devicesOf(tom)).toMatchObject([{ seenAt: null }]);
	local.clock.forward(5000);
	await line.close();
	await vi.waitFor(async () =>
		expect(await devicesOf(tom)).toMatchObject([{ seenAt: local.clock.now() }]),
	);
	const theirs = await tom.call('DELETE', `/api/presence/devices/${extension.id}`);
	expect([theirs.status, theirs.body.error]).toEqual([404, 'not-found']);
});

test('a revoked extension is cut off at once: token, socket and names', async () => {
	const lost = await pairDevice(maya);
	const { token } = (await lost.token()).body;
	const line = await lost.line();
	await line.next('waiting');
	const { id: session } = await maya.session();
	const names = [{ device: lost.id, session, sealed: bytesOf(90) }];
	await maya.call('PUT', '/api/presence/names', { names });
	const path = `/api/presence/devices/${lost.id}`;
	expect((await maya.call('DELETE', path)).status).toBe(204);
	expect(await line.closed).toBe(4004);
	const { status, body } = await call(local.address, 'GET', today, { token, origin: null });
	expect([status, body.error]).toEqual([401, 'token']);
	expect((await lost.token()).body).toEqual({ error: 'not-found' });
	const { store } = local.server.context;
	const left = await store.selectFrom('presence_names').select('device').execute();
	expect(left).not.toContainEqual({ device: lost.id });
	expect((await maya.call('DELETE', path)).status).toBe(404);
});

test('an extension leaves by itself, and takes no other off', async () => {
	const leaving = await pairDevice(maya);
	const other = await leaving.call('DELETE', `/api/presence/devices/${extension.id}`);
	expect([other.status, other.body.error]).toEqual([404, 'not-found']);
	expect((await leaving.call('DELETE', `/api/presence/devices/${leaving.id}`)).status).toBe(204);
	const left = (await devicesOf(maya)).map(({ id }: { id: string }) => id);
	expect(left).toContain(extension.id);
	expect(left).not.toContain(leaving.id);
});

test('whose account is closed, her extensions hear nothing more', async () => {
	const tom = await colleague(maya);
	const his = await pairDevice(tom);
	const line = await his.line();
	await line.next('waiting');
	await changeMember(maya, tom.signedIn.member.id, { role: 'clinician', active: false });
	expect(await line.closed).toBe(4004);
	expect((await his.token()).body).toEqual({ error: 'not-found' });
});

test('names are kept for the host’s own sessions and extensions, and erased when a session ends', async () => {
	const tom = await colleague(maya);
	const his = await pairDevice(tom);
	const startsAt = local.clock.now();
	const { id: hers } = await maya.session({ startsAt });
	const { id: notHers } = await tom.session({ startsAt });
	const [one, two] = [bytesOf(80), bytesOf(80)];
	const line = await extension.line();
	await line.next('waiting');
	line.received.length = 0;
	const put = (names: object[]) => maya.call('PUT', '/api/presence/names', { names });
	await put([
		{ device: extension.id, session: hers, sealed: bytesOf(80) },
		{ device: extension.id, session: notHers, sealed: one },
		{ device: his.id, session: hers, sealed: one },
		{ device: extension.id, session: newId(), sealed: one },
	]);
	await put([{ device: extension.id, session: hers, sealed: two }]);
	expect(await line.next('changed')).toMatchObject({ what: 'sessions' });
	const dayOf = async (device: PresenceDevice) => (await device.call('GET', today)).body;
	const day = await dayOf(extension);
	const row = day.sessions.find(({ id }: { id: string }) => id === hers);
	expect(row).toMatchObject({ minutes: 50, recorded: false, ended: false, names: two });
	expect(day.sessions.map(({ id }: { id: string }) => id)).not.toContain(notHers);
	expect((await dayOf(his)).sessions).toMatchObject([{ id: notHers, names: null }]);
	await maya.call('POST', `/api/sessions/${hers}/end`, {});
	const after = (await dayOf(extension)).sessions.find(({ id }: { id: string }) => id === hers);
	expect(after).toMatchObject({ ended: true, names: null });
	await put([{ device: extension.id, session: hers, sealed: two }]);
	const { store } = local.server.context;
	const left = await store
		.selectFrom('presence_names')
		.select('session')
		.where('session', 'in', [hers, notHers])
		.execute();
	expect(left).toEqual([]);
	await line.close();
});

test('an extension reads the sessions around today, and none beyond', async () => {
	const tom = await colleague(maya);
	const his = await pairDevice(tom);
	const hour = 60 * 60_000;
	const now = local.clock.now();
	const made = [-49, -47, 0, 47, 49].map((hours) => tom.session({ startsAt: now + hours * hour }));
	const [, ...near] = (await Promise.all(made)).map(({ id }) => id);
	near.pop();
	const { sessions } = (await his.call('GET', today)).body;
	expect(sessions.map(({ id }: { id: string }) => id)).toEqual(near);
	const { body } = await his.call('GET', `/api/presence/day?from=${now}&to=${now}`);
	expect(body.sessions).toMatchObject([{ id: near[1] }]);
});

test('“Not now” is heard by all devices of the member, also by one that comes later', async () => {
	const { id: session, places } = await maya.session();
	const guest = await waitAt(local.address, places[0] ?? '');
	const line = await extension.line();
	const page = await maya.line();
	const { sessions } = await line.next('waiting');
	const since = sessions.find((it) => it.session === session)?.seats[0]?.since ?? 0;
	const arrival = { session, seat: guest.seat, since };
	const tom = await colleague(maya);
	const say = (who: Staff | PresenceDevice, arrivals: object[]) =>
		who.call('POST', '/api/presence/dismissed', { arrivals });
	await say(tom, [arrival]);
	await say(extension, [{ ...arrival, since: since - 1 }]);
	expect((await extension.call('GET', today)).body.dismissed).toEqual([]);
	expect((await say(extension, [arrival, arrival])).status).toBe(204);
	for (const one of [line, page]) expect((await one.next('dismissed')).arrivals).toEqual([arrival]);
	// Before anybody could be announced.
	const again = await extension.line();
	await vi.waitFor(() =>
		expect(again.received.map(({ type }) => type)).toEqual(['ready', 'dismissed', 'waiting']),
	);
	expect((await extension.call('GET', today)).body.dismissed).toEqual([arrival]);
	// Who comes and goes within a minute waits on.
	const leave = async (awayMs: number) => {
		const here = await Line.greeted(local.address, guest.token);
		await here.ask({ ...guest.knock, id: newId() });
		await here.ask({ type: 'leave', id: newId() });
		local.clock.forward(awayMs);
		const back = await Line.greeted(local.address, guest.token);
		await back.ask({ ...guest.knock, id: newId() });
		const { dismissed } = (await extension.call('GET', today)).body;
		await Promise.all([here, back].map((one) => one.close()));
		return dismissed;
	};
	expect(await leave(60_000)).toEqual([arrival]);
	expect(await leave(60_001)).toEqual([]);
	await maya.call('POST', `/api/sessions/${session}/end`, {});
	const { store } = local.server.context;
	expect(await store.selectFrom('dismissals').selectAll().execute()).toEqual([]);
	await Promise.all([line, page, again, guest.line].map((one) => one.close()));
});

test('whose page was closed for more than a minute has arrived anew, and waits since then', async () => {
	const { id: session, places } = await maya.session();
	const guest = await waitAt(local.address, places[0] ?? '');
	const { hub } = local.server.context;
	// Nobody is at the session then, so its room is read from the rows when she is back.
	const close = async (line: Line) => {
		await line.close();
		await vi.waitFor(() => expect(hub.inhabited(session)).toBe(false));
	};
	const comeBack = async () => {
		const line = await Line.greeted(local.address, guest.token);
		await line.ask({ ...guest.knock, id: newId() });
		const listening = await extension.line();
		const { sessions } = await listening.next('waiting');
		await listening.close();
		return { line, since: sessions.find((it) => it.session === session)?.seats[0]?.since };
	};
	const first = local.clock.now();
	await close(guest.line);
	local.clock.forward(60_000);
	const soon = await comeBack();
	expect(soon.since).toBe(first);
	await extension.call('POST', '/api/presence/dismissed', {
		arrivals: [{ session, seat: guest.seat, since: first }],
	});
	await close(soon.line);
	local.clock.forward(60_001);
	const later = await comeBack();
	expect(later.since).toBe(local.clock.now());
	expect((await extension.call('GET', today)).body.dismissed).toEqual([]);
	const { rows } = (await maya.call('GET', `/api/sessions/${session}/history`)).body;
	expect(rows.filter(({ act }: { act: string }) => act === 'waited')).toHaveLength(2);
	await later.line.close();
});

test('who closed the page while the server was away has a minute from its start', async () => {
	const { id: session, places } = await maya.session();
	const guest = await waitAt(local.address, places[0] ?? '');
	const { context } = local.server;
	const first = local.clock.now();
	await guest.line.close();
	await vi.waitFor(() => expect(context.hub.inhabited(session)).toBe(false));
	// A server that ends at once writes of nobody that she has gone.
	const row = context.store.updateTable('seats').where('id', '=', guest.seat);
	await row.set({ absent_at: null }).execute();
	await markAbsent(context);
	local.clock.forward(60_001);
	const line = await Line.greeted(local.address, guest.token);
	await line.ask({ ...guest.knock, id: newId() });
	const listening = await extension.line();
	const { sessions } = await listening.next('waiting');
	const since = sessions.find((it) => it.session === session)?.seats[0]?.since;
	expect(since).toBe(first + 60_001);
	await Promise.all([line, listening].map((one) => one.close()));
});

test('a member pairs so many and no more', async () => {
	const tom = await colleague(maya);
	for (let n = 0; n < presenceDevicesMax; n++) await pairDevice(tom);
	await expect(pairDevice(tom)).rejects.toThrow('over-limit');
});
