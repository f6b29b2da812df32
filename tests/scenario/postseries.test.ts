import { sql } from 'kysely';
import { expect, test, vi } from 'vitest';
import { colleague } from '../colleagues.ts';
import { contact, dana, day, hour, messagesOf, move, notice, pass, plan } from '../invited.ts';
import { posting } from '../practices.ts';
import { eventsOf, type Received, textOf } from '../post.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const week = 7 * day;
const seconds = 1000;
const mobile = '+15550147731';

const here = posting();

const run = () => here.local.server.context.post.run();
const uidOf = ({ id, place }: { id: string; place: string }) => `${id}.${place}@riverside.example`;
const entriesOf = ({ mail }: Received) =>
	mail.attachments
		.filter(({ mimeType }) => mimeType === 'text/calendar')
		.flatMap(({ content }) => eventsOf(textOf(content)));

/** Weekly sessions, and the same person invited to all of them at once. */
async function series(count: number, options: { more?: object; recorded?: boolean } = {}) {
	const first = here.local.clock.now() + 2 * day;
	const made: Awaited<ReturnType<typeof plan>>[] = [];
	for (let at = 0; at < count; at++) {
		const one = { startsAt: first + at * week, notice: options.recorded ? notice : null };
		made.push(await plan(here.local, one));
	}
	await invite(made, options.more);
	return made;
}

async function invite(sessions: { id: string; place: string }[], more: object = {}) {
	const answer = await here.local.maya.call('PUT', '/api/contacts', {
		sessions: sessions.map(({ id, place }) => ({ id, contacts: [contact(place, more)] })),
	});
	expect(answer.status).toBe(204);
	await run();
}

test('a series is one mail with an entry for each session, and sent again it is none', async () => {
	const made = await series(8, { recorded: true });
	expect(here.mailbox.received).toHaveLength(1);
	const [received] = here.mailbox.received;
	if (!received) throw new Error('nothing came');
	const { text = '', subject = '' } = received.mail;
	expect(subject).toContain('Your 8 video sessions');
	expect(text).toContain('you are invited to 8 video sessions with Dr. Maya Okafor.');
	for (const { place } of made) expect(text).toContain(`${here.local.address}/j/${place}`);
	expect(text.match(/Each of these sessions will be recorded/g)).toHaveLength(1);
	for (const word of [notice.purpose, notice.openers, 'January 31, 2028'])
		expect(text).toContain(word);
	expect(entriesOf(received)).toEqual(
		made.map((one) => ({
			// What speaks of several entries is no REQUEST (RFC 5546 §3.2.2).
			method: 'PUBLISH',
			uid: uidOf(one),
			sequence: 0,
			status: 'CONFIRMED',
			start: one.startsAt,
			end: one.startsAt + 50 * 60 * seconds,
			organizer: 'mailto:visits@riverside.example',
			attendees: 0,
		})),
	);
	await invite(made);
	expect(here.mailbox.received).toHaveLength(1);
	for (const { id } of made)
		expect(await messagesOf(here.local, id)).toMatchObject([{ kind: 'invitation', state: 'sent' }]);
});

test('one of a series is moved, another called off: each by its own entry', async () => {
	const made = await series(4);
	const [, second, third] = made;
	if (!second || !third) throw new Error('no series');
	await move(here.local, second.id, second.startsAt + hour);
	await pass(here.local, 10 * seconds, 6 * seconds);
	await here.local.maya.call('POST', `/api/sessions/${third.id}/cancel`);
	await pass(here.local, 10 * seconds, 6 * seconds);
	const [, moved, off] = here.mailbox.received;
	expect(here.mailbox.received).toHaveLength(3);
	expect(moved && entriesOf(moved)).toMatchObject([
		{ method: 'REQUEST', uid: uidOf(second), sequence: 1, start: second.startsAt + hour },
	]);
	expect(off && entriesOf(off)).toMatchObject([
		{ method: 'CANCEL', uid: uidOf(third), sequence: 1, status: 'CANCELLED' },
	]);
});

test('the rest of a series is moved, then called off: one mail each, an entry for every session', async () => {
	const made = await series(5, { recorded: true });
	const rest = made.slice(1);
	for (const { id, startsAt } of rest) await move(here.local, id, startsAt + hour);
	await run();
	expect(here.mailbox.received).toHaveLength(1);
	await pass(here.local, 10 * seconds, 6 * seconds);
	for (const { id } of rest) await here.local.maya.call('POST', `/api/sessions/${id}/cancel`);
	await pass(here.local, 10 * seconds, 6 * seconds);
	const [, moved, off] = here.mailbox.received;
	expect(here.mailbox.received).toHaveLength(3);
	expect(moved?.mail.subject).toContain('New times for 4 video sessions');
	expect(moved && entriesOf(moved)).toMatchObject(
		rest.map((one) => ({
			method: 'PUBLISH',
			uid: uidOf(one),
			sequence: 1,
			start: one.startsAt + hour,
		})),
	);
	expect(off?.mail.subject).toContain('Cancelled: 4 video sessions');
	// One UID in each file (RFC 5546 §3.2.5).
	expect(off && entriesOf(off)).toMatchObject(
		rest.map((one) => ({ method: 'CANCEL', uid: uidOf(one), sequence: 2, status: 'CANCELLED' })),
	);
	for (const { mail } of here.mailbox.received) expect(mail.text).toContain(notice.purpose);
});

test('a series by text is one message with the first link; without reminders each has its own', async () => {
	const made = await series(6, { more: { email: null, mobile, remindBefore: [60] } });
	expect(here.gateway.received).toHaveLength(1);
	const text = here.gateway.received[0]?.query.get('text') ?? '';
	expect(text).toContain('invited to 6 video sessions');
	expect(text).toContain(`${here.local.address}/j/${made[0]?.place}`);
	expect(text.match(/\/j\//g)).toHaveLength(1);
	expect(text.length).toBeLessThan(400);
	for (const { id } of made) await here.local.maya.call('POST', `/api/sessions/${id}/cancel`);
	await pass(here.local, 10 * seconds, 6 * seconds);
	expect(here.gateway.received).toHaveLength(2);
	expect(here.gateway.received[1]?.query.get('text')).toContain('6 of your video sessions');
	here.gateway.received.length = 0;
	await series(3, { more: { email: null, mobile, remindBefore: [] } });
	expect(here.gateway.received).toHaveLength(3);
});

test('a series that was refused for a moment goes out once, without what was called off meanwhile', async () => {
	here.mailbox.ontaken = () => {
		here.mailbox.ontaken = () => Promise.resolve();
		return Promise.reject(Object.assign(new Error('try again'), { responseCode: 451 }));
	};
	const made = await series(3);
	expect(here.mailbox.received).toEqual([]);
	expect((await here.local.maya.call('POST', `/api/sessions/${made[1]?.id}/cancel`)).status).toBe(
		204,
	);
	await pass(here.local, 5 * 60 * seconds, 60 * seconds);
	expect(here.mailbox.received.map((one) => entriesOf(one).map(({ uid }) => uid))).toEqual([
		[made[0], made[2]].map((one) => one && uidOf(one)),
	]);
});

test('when the database fails while a series is gathered, nothing is left under way', async () => {
	const { store } = here.local.server.context;
	const first = await plan(here.local);
	const second = await plan(here.local);
	const last = await plan(here.local);
	await sql`CREATE TRIGGER failing BEFORE UPDATE OF state ON post
		WHEN NEW.state = 'sending' AND NEW.place = ${sql.lit(last.place)}
		BEGIN SELECT RAISE(ABORT, 'disk'); END`.execute(store);
	await expect(invite([first, second, last])).rejects.toThrow('disk');
	await sql`DROP TRIGGER failing`.execute(store);
	const rows = await store.selectFrom('post').selectAll().where('state', '=', 'sending').execute();
	expect(rows).toEqual([]);
	await run();
	expect(await messagesOf(here.local, last.id)).toMatchObject([{ state: 'sent' }]);
});

test('two who share an address get a mail each, with their own links', async () => {
	const first = here.local.clock.now() + 2 * day;
	const made = [
		await plan(here.local, { places: 2, startsAt: first }),
		await plan(here.local, { places: 2, startsAt: first + week }),
	];
	const { status } = await here.local.maya.call('PUT', '/api/contacts', {
		sessions: made.map(({ id, places }) => ({ id, contacts: places.map((one) => contact(one)) })),
	});
	expect(status).toBe(204);
	await run();
	expect(here.mailbox.received.map((one) => one.mail.subject?.split(',')[0])).toEqual([
		'Your 2 video sessions',
		'Your 2 video sessions',
	]);
	for (const place of made.flatMap(({ places }) => places))
		expect(here.mailbox.received.filter(({ mail }) => mail.text?.includes(place))).toHaveLength(1);
});

test('another address leaves the series', async () => {
	const made = await series(2);
	const [first] = made;
	if (!first) throw new Error('no series');
	here.mailbox.received.length = 0;
	await invite([first], { email: 'new@patients.example' });
	await pass(here.local, 10 * seconds, 6 * seconds);
	expect(here.mailbox.received.map((one) => [one.to[0], entriesOf(one)[0]?.method])).toEqual(
		expect.arrayContaining([
			['new@patients.example', 'REQUEST'],
			[dana, 'CANCEL'],
		]),
	);
	expect(here.mailbox.received).toHaveLength(2);
});

test('sessions of others, unknown ones and too many are refused, all or none', async () => {
	const one = await plan(here.local);
	const contacts = [contact(one.place)];
	const none = { id: one.id.replace(/^./, one.id.startsWith('A') ? 'B' : 'A'), contacts: [] };
	const put = (sessions: object[]) => here.local.maya.call('PUT', '/api/contacts', { sessions });
	expect((await put([{ id: one.id, contacts }, none])).status).toBe(404);
	// One's own before it, so that nothing of that is kept either.
	const other = await colleague(here.local.maya);
	const own = await other.session();
	const ownContacts = own.places.map((place) => contact(place));
	const sessions = [
		{ id: own.id, contacts: ownContacts },
		{ id: one.id, contacts },
	];
	expect((await other.call('PUT', '/api/contacts', { sessions })).status).toBe(404);
	expect((await put(Array.from({ length: 27 }, () => ({ id: one.id, contacts })))).status).toBe(
		400,
	);
	expect((await put([])).status).toBe(400);
	await run();
	for (const { id } of [one, own]) expect(await messagesOf(here.local, id)).toEqual([]);
	expect(here.mailbox.received).toEqual([]);
	// An admin writes to everybody's: what was refused was whose it is.
	expect((await put(sessions)).status).toBe(204);
	await run();
	expect(await messagesOf(here.local, own.id)).toHaveLength(1);
});
