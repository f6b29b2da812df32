import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limits } from '../../signaling/protocol/limits.ts';
import { protocolVersion } from '../../signaling/protocol/version.ts';
import { claimPlace, Line, waitAt } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { callOf } from '../room.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

/** The server lets so many sockets of one address in; loopback has many addresses. */
const perAddress = 100;

let local: LocalServer & { maya: Staff };
const lines: Line[] = [];

beforeEach(async () => {
	local = await localPractice();
});
afterEach(async () => {
	await Promise.all(lines.splice(0).map((line) => line.close()));
	await local.stop();
});

/** Somebody who knocks from one of many addresses, with so much to say. */
async function guest(place: string, at: number, chars: number): Promise<Line> {
	const { address } = local;
	const { token } = await claimPlace(address, place);
	const localAddress = `127.0.0.${2 + Math.floor(at / perAddress)}`;
	const line = await Line.open(address, { localAddress });
	lines.push(line);
	line.send({ type: 'hello', token, version: protocolVersion });
	const keyPackage = bytesOf(300);
	const knock = { keyPackage, sealed: bytesOf(chars), proof: null };
	const answer = await line.ask({ type: 'knock', id: newId(), ...knock });
	expect(answer).toMatchObject({ type: 'done' });
	return line;
}

/** So many sessions as the server stores them, each with one place. */
async function stored(count: number): Promise<{ id: string; place: string }[]> {
	const { store } = local.server.context;
	const { id: first } = await local.maya.session({ startsAt: local.clock.now() });
	const row = await store
		.selectFrom('sessions')
		.selectAll()
		.where('id', '=', first)
		.executeTakeFirstOrThrow();
	const made = Array.from({ length: count }, () => ({ id: newId(), place: newId() }));
	await store.transaction().execute(async (db) => {
		for (const { id, place } of made) {
			await db
				.insertInto('sessions')
				.values({ ...row, id })
				.execute();
			const values = { id: place, session: id, position: 0, sealed: bytesOf(50) };
			await db.insertInto('places').values(values).execute();
		}
	});
	return made;
}

/** What a dashboard that was just opened is told, all pages together. */
async function snapshot(line: Line): Promise<{ session: string; seats: number; page: number }[]> {
	const all = [];
	for (let page = 0; ; page++) {
		const { sessions, more } = await line.next('waiting');
		all.push(...sessions.map((one) => ({ ...one, seats: one.seats.length, page })));
		if (!more) return all;
	}
}

test('everybody who waits is on the dashboard, also with more sessions than one page of a list has', async () => {
	const { maya } = local;
	const count = limits.pageRows + 5;
	const sessions = await stored(count);
	await Promise.all(sessions.map(({ place }, n) => guest(place, n, 80)));
	const dashboard = await maya.line();
	lines.push(dashboard);
	const all = await snapshot(dashboard);
	expect(all.map(({ session }) => session).toSorted()).toEqual(
		sessions.map(({ id }) => id).toSorted(),
	);
	expect(new Set(all.map(({ seats }) => seats))).toEqual(new Set([1]));
});

test('knocks as long as they may be come in pages, so that they never close the dashboard', async () => {
	const { maya, clock } = local;
	const longest = (limits.sealedChars * 3) / 4;
	const ids = [];
	for (let n = 0; n < 8; n++) {
		const { id, places } = await maya.session({ startsAt: clock.now(), places: 5 });
		ids.push(id);
		await Promise.all(places.map((place, at) => guest(place, n * 5 + at, longest)));
	}
	const dashboard = await maya.line();
	lines.push(dashboard);
	const all = await snapshot(dashboard);
	expect(new Map(all.map(({ session, seats }) => [session, seats]))).toEqual(
		new Map(ids.map((id) => [id, 5])),
	);
	// 40 knocks of 16,000 characters are more than one page.
	expect(new Set(all.map(({ page }) => page)).size).toBeGreaterThan(1);
});

test('who went away hides nobody, and a call whose people are all offline is still one', async () => {
	const { maya, address, clock } = local;
	for (let n = 0; n < 3; n++) {
		const { places } = await maya.session({ startsAt: clock.now() });
		const gone = await waitAt(address, places[0] ?? '');
		await gone.line.close();
	}
	const here = await maya.session({ startsAt: clock.now() });
	await guest(here.places[0] ?? '', 0, 80);
	const { host, guests, session } = await callOf(maya, 1);
	const watching = await maya.line();
	lines.push(watching);
	await watching.next('waiting');
	await Promise.all([host.line.close(), ...guests.map(({ line }) => line.close())]);
	await Promise.all(
		[host, ...guests].map((one) =>
			watching.next('seat', ({ seat }) => seat.seat === one.seat && !seat.present),
		),
	);
	const dashboard = await maya.line();
	lines.push(dashboard);
	const all = await snapshot(dashboard);
	expect(all.map((one) => one.session).toSorted()).toEqual([here.id, session].toSorted());
});
