import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type App, found } from '../app.ts';
import { type LocalServer, localServer } from '../local.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer;
let maya: Planning;
const zone = 'America/New_York';
const day = 24 * 60 * 60_000;
const tomorrow = () => local.clock.now() + day;

async function planning(app: App) {
	const [make, making, change, store, roll, settings, invitations] = await Promise.all([
		import('../../pwa/src/lib/schedule/make.ts'),
		import('../../pwa/src/lib/schedule/making.svelte.ts'),
		import('../../pwa/src/lib/schedule/change.ts'),
		import('../../pwa/src/lib/sessions/store.ts'),
		import('../../pwa/src/lib/sessions/roll.ts'),
		import('../../pwa/src/lib/people/settings.svelte.ts'),
		import('../../pwa/src/lib/schedule/invitations.svelte.ts'),
	]);
	await settings.settings.load();
	return {
		...make,
		...making,
		...change,
		...store,
		...roll,
		...settings,
		...invitations,
		...app,
	};
}
type Planning = Awaited<ReturnType<typeof planning>>;

beforeAll(async () => {
	local = await localServer();
	vi.useFakeTimers({ now: local.clock.now(), toFake: ['Date'] });
	maya = await planning(await found(local));
	await maya.settings.save({ ...maya.settings.value, recording: true, recordAll: false });
});
afterAll(async () => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
	await local.stop();
});

let sending: typeof fetch | undefined;
afterEach(() => {
	if (sending) vi.stubGlobal('fetch', sending);
	sending = undefined;
});

/** From now on, what is asked of the server and whether it, or its answer, is lost. */
function watch(lose?: (at: number) => 'request' | 'answer' | undefined): string[] {
	const send = globalThis.fetch;
	sending ??= send;
	const asked: string[] = [];
	vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
		const path = `${init.method ?? 'GET'} ${new URL(url).pathname}`;
		asked.push(path);
		const lost = path.startsWith('POST /api/sessions')
			? lose?.(asked.filter((one) => one === path).length)
			: undefined;
		if (lost === 'request') throw new TypeError('no network');
		const answer = await send(url, init);
		if (lost === 'answer') throw new TypeError('no network');
		return answer;
	});
	return asked;
}

const wish = (name: string, count = 1) => ({
	host: maya.account.member.id,
	people: [{ name, email: 'dana@example.org', timeZone: 'America/Denver', state: 'WA' }],
	purpose: null,
	startsAt: tomorrow(),
	minutes: 50,
	title: 'Intake',
	repeat: { count, zone },
});

const planned = async (name: string) => {
	const { sessions } = await maya.fetchSchedule(0, local.clock.now() + 366 * day);
	return sessions.filter(
		({ places, state }) => state === 'planned' && places.some((place) => place.name === name),
	);
};

test.each(['request', 'answer'] as const)(
	'a series whose third %s is lost goes on where it stopped, and nothing is made twice',
	async (lost) => {
		const name = `Dana ${lost}`;
		const making = new maya.Making();
		watch((at) => (at === 3 ? lost : undefined));
		expect(await making.start(() => maya.prepareSessions(wish(name, 5)))).toBe(false);
		expect(making).toMatchObject({ state: 'halted', made: 2, count: 5 });
		expect(making.failure).toMatchObject({ code: 'offline' });
		expect(await making.resume()).toBe(true);
		const made = await planned(name);
		expect(made.map(({ series }) => series?.number)).toEqual([1, 2, 3, 4, 5]);
		expect(made[0]?.id).toBe(making.first);
	},
);

test('a series is stopped in the middle, and what was made of it is called off', async () => {
	const making = new maya.Making();
	watch((at) => {
		if (at === 2) making.stop();
		return undefined;
	});
	expect(await making.start(() => maya.prepareSessions(wish('Tom', 6)))).toBe(false);
	expect(making).toMatchObject({ state: 'halted', made: 2, failure: undefined });
	expect(await planned('Tom')).toHaveLength(2);
	await making.undo();
	expect(making).toMatchObject({ state: 'idle', made: 0 });
	expect(await planned('Tom')).toEqual([]);
});

test('who is invited to what was kept of a stopped series hears of that, and of nothing else', async () => {
	const making = new maya.Making();
	watch((at) => {
		if (at === 2) making.stop();
		return undefined;
	});
	await making.start(() => maya.prepareSessions(wish('Lena', 4)));
	const { store } = local.server.context;
	const told = async () => {
		const made = new Set((await planned('Lena')).map(({ id }) => id));
		const rows = await store.selectFrom('contacts').select('session').execute();
		return rows.filter(({ session }) => made.has(session)).length;
	};
	expect(await told()).toBe(0);
	await making.keep();
	expect(await told()).toBe(2);
});

test('what arrived without an answer is called off with the rest', async () => {
	const making = new maya.Making();
	watch((at) => (at === 2 ? 'answer' : undefined));
	await making.start(() => maya.prepareSessions(wish('Ines', 3)));
	expect(await planned('Ines')).toHaveLength(2);
	await making.undo();
	expect(await planned('Ines')).toEqual([]);
});

test('what the server refuses was not made: the form can be changed', async () => {
	const making = new maya.Making();
	const years = { ...wish('Eve'), startsAt: tomorrow() + 3 * 366 * day };
	expect(await making.start(() => maya.prepareSessions(years))).toBe(false);
	expect(making).toMatchObject({ state: 'idle', made: 0, failure: { code: 'bad-request' } });
});

test('a person whose place arrived without an answer is not added twice', async () => {
	const [one] = await maya.prepareSessions(wish('Noor'));
	if (!one) throw new Error('nothing prepared');
	await maya.sendSession(one);
	const session = await maya.fetchSession(one.id);
	const place = maya.newPlace({ name: 'Lea' });
	watch((at) => (at === 1 ? 'answer' : undefined));
	await expect(maya.addPerson(session, place)).rejects.toMatchObject({ code: 'offline' });
	await maya.addPerson(session, { ...place, name: 'Lea Brandt' });
	const { places } = await maya.fetchSession(one.id);
	expect(places.map(({ name }) => name)).toEqual(['Noor', 'Lea Brandt']);
});

test('Schedule next keeps people, contacts and the choice to record, and asks the server for nothing', async () => {
	const [first] = await maya.prepareSessions({ ...wish('Kofi'), purpose: 'Supervision' });
	if (!first) throw new Error('nothing prepared');
	await maya.sendSession(first);
	const session = await maya.fetchSession(first.id);
	const asked = watch();
	const [next] = await maya.prepareNext(session, zone);
	expect(asked).toEqual([]);
	if (!next) throw new Error('nothing prepared');
	await maya.sendSession(next);
	const made = await maya.fetchSession(next.id);
	const { secret: _, id: place, ...person } = made.places[0] ?? { secret: 0, id: '' };
	expect(person).toEqual(wish('Kofi').people[0]);
	expect(place).not.toBe(session.places[0]?.id);
	expect(made.places[0]?.secret).not.toEqual(session.places[0]?.secret);
	expect(made).toMatchObject({
		title: 'Intake',
		minutes: 50,
		startsAt: session.startsAt + 7 * day,
		notice: { purpose: 'Supervision', session: next.id },
	});
});

test('one of a series is cancelled, or it and all that follow', async () => {
	const making = new maya.Making();
	await making.start(() => maya.prepareSessions(wish('Ada', 4)));
	const [, second, third] = await planned('Ada');
	if (!second || !third) throw new Error('no series');
	await maya.cancelSession(second.id);
	expect((await planned('Ada')).map(({ series }) => series?.number)).toEqual([1, 3, 4]);
	const { sessions, unopened } = await maya.laterInSeries(third);
	expect(unopened).toBe(0);
	for (const { id } of sessions) await maya.cancelSession(id);
	expect((await planned('Ada')).map(({ series }) => series?.number)).toEqual([1]);
});

test('a session that is made anew has the same people, time and series, and other links', async () => {
	const [one] = await maya.prepareSessions({ ...wish('Ben', 2), purpose: 'Supervision' });
	if (!one) throw new Error('nothing prepared');
	await maya.sendSession(one);
	const session = await maya.fetchSession(one.id);
	const moved = await maya.prepareMove(session, session.host);
	await maya.sendSession(moved);
	const made = await maya.fetchSession(moved.id);
	const { title, startsAt, minutes, series, host } = session;
	expect(made).toMatchObject({ title, startsAt, minutes, series, host });
	const { places, notice } = made;
	expect(notice).toMatchObject({ purpose: 'Supervision', session: moved.id });
	expect(places[0]).toMatchObject(wish('Ben').people[0] ?? {});
	expect(places[0]?.secret).not.toEqual(session.places[0]?.secret);
});

/** Every byte of the database, its journal included. */
async function database(): Promise<Buffer> {
	const names = (await readdir(local.dataDir)).filter((name) => name.startsWith('sotto.db'));
	return Buffer.concat(await Promise.all(names.map((name) => readFile(join(local.dataDir, name)))));
}

test('the rows of a session hold no name, title, note or contact, and of a recorded one the signed notice', async () => {
	const person = {
		name: 'Quentin Abernathy',
		email: 'quentin@patients.example',
		mobile: '+15550147731',
		timeZone: 'America/Denver',
		state: 'WY',
	};
	const [one] = await maya.prepareSessions({
		...wish(''),
		people: [person],
		title: 'Quarterly review',
		note: 'Ask about his sleep',
		purpose: 'Supervision',
	});
	if (!one) throw new Error('nothing prepared');
	await maya.sendSession(one);
	const bytes = await database();
	const { name, email, mobile } = person;
	for (const text of [name, 'Abernathy', email, mobile, 'Quarterly', 'his sleep'])
		expect(bytes.includes(text)).toBe(false);
	// What has to be there is found by the same search.
	expect(bytes.includes(one.id)).toBe(true);
	const { store } = local.server.context;
	const row = await store.selectFrom('sessions').selectAll().where('id', '=', one.id).execute();
	const { sealed, notice, ...plain } = row[0] ?? { sealed: '', notice: null };
	expect(plain).toEqual({
		id: one.id,
		host: maya.account.member.id,
		starts_at: one.body.startsAt,
		minutes: 50,
		state: 'planned',
		generation: 0,
		created_at: local.clock.now(),
		ended_at: null,
		cancelled: 0,
	});
	expect(sealed).toBe(one.body.sealed);
	expect(JSON.parse(notice ?? '')).toEqual(one.body.notice);
	expect(Object.keys(JSON.parse(one.body.notice?.text ?? '')).toSorted()).toEqual(
		'host hostKey keptUntil openers practice purpose recorder session v'.split(' '),
	);
});

test('where every session is recorded, only its host makes it, with a purpose', async () => {
	const [plain, recorded] = await Promise.all(
		[null, 'Supervision'].map(async (purpose) => {
			const [one] = await maya.prepareSessions({ ...wish('Ivo'), purpose });
			if (!one) throw new Error('nothing prepared');
			await maya.sendSession(one);
			return maya.fetchSession(one.id);
		}),
	);
	if (!plain || !recorded) throw new Error('nothing made');
	const [own, other] = [plain.host, 'AAAAAAAAAAAAAAAAAAAAAA'];
	const may = (): unknown => ({
		forOther: maya.mayMakeFor(other),
		forMe: maya.mayMakeFor(own),
		nextPlain: maya.mayPrepareNext(plain),
		nextRecorded: maya.mayPrepareNext(recorded),
		moveToOther: maya.mayMoveTo(recorded, other),
		anew: maya.mayMoveTo(recorded, own),
	});
	const all = { forOther: true, forMe: true, nextPlain: true, nextRecorded: true };
	expect(may()).toEqual({ ...all, moveToOther: true, anew: true });
	expect(maya.movesRecorded(recorded, other)).toBe(false);
	await maya.settings.save({ ...maya.settings.value, recordAll: true });
	expect(may()).toEqual({
		forOther: false,
		forMe: true,
		nextPlain: false,
		nextRecorded: true,
		moveToOther: false,
		anew: true,
	});
	const [unrecorded] = await maya.prepareSessions(wish('Ivo'));
	if (!unrecorded) throw new Error('nothing prepared');
	await expect(maya.sendSession(unrecorded)).rejects.toMatchObject({ code: 'forbidden' });
	await maya.settings.save({ ...maya.settings.value, recording: false, recordAll: false });
	const [next] = await maya.prepareNext(recorded, zone);
	// Nothing is recorded any more, so what follows is not.
	expect(next?.body.notice).toBe(null);
	await maya.settings.save({ ...maya.settings.value, recording: true });
});
