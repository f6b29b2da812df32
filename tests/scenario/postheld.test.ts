import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
	contact,
	dana,
	day,
	hour,
	messagesOf,
	minute,
	pass,
	plan,
	type Practice,
	setContacts,
} from '../invited.ts';
import { localPractice, localServer } from '../local.ts';
import { eventsOf, type Mailbox, openMailbox } from '../post.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

let mailbox: Mailbox;
let local: Practice;

beforeEach(async () => {
	[mailbox, local] = await Promise.all([openMailbox(), localPractice()]);
});
afterEach(async () => {
	await local.stop();
	await mailbox.close();
});

const run = () => local.server.context.post.run();
const withMail = () => ({ SMTP_URL: mailbox.url, MAIL_FROM: 'visits@riverside.example' });

/** The same practice on a server with other settings. */
async function restart(env: Record<string, string>, away = 0): Promise<void> {
	const { maya, dataDir, clock } = local;
	await local.close();
	clock.forward(away);
	const port = new URL(local.address).port;
	const again = await localServer({ dataDir, clock, env: { PORT: port, ...env } });
	local = { ...again, maya };
	await maya.unlock();
	await run();
}

const subjects = () => mailbox.received.map(({ mail }) => mail.subject?.split(',')[0]);
async function outbox() {
	const { body } = await local.maya.call('GET', '/api/outbox');
	return body.messages.map(({ kind, way, state, to }: Record<string, unknown>) => ({
		kind,
		way,
		state,
		to,
	}));
}

test('mail is set up later: what was held is sent if its session is still to come, the rest is dropped', async () => {
	const [soon, past, off] = [
		await plan(local),
		await plan(local, { startsAt: local.clock.now() + hour }),
		await plan(local),
	];
	const both = { mobile: '+15550147731', remindBefore: [1440] };
	await setContacts(local, soon.id, [contact(soon.place, both)]);
	await setContacts(local, past.id, [contact(past.place, { email: 'past@patients.example' })]);
	await setContacts(local, off.id, [contact(off.place, { email: 'off@patients.example' })]);
	await run();
	await local.maya.call('POST', `/api/sessions/${off.id}/cancel`);
	await pass(local, day + hour, hour);
	expect(mailbox.received).toEqual([]);
	const held = await outbox();
	expect(held.every(({ state }: { state: string }) => state === 'held')).toBe(true);

	await restart(withMail());
	// The invitation speaks of the time already: the reminder of yesterday would be a second mail at once.
	expect(mailbox.received.map(({ to }) => to[0])).toEqual([dana]);
	expect(subjects()).toEqual(['Your video session']);
	expect(await outbox()).toEqual(
		expect.arrayContaining([
			{ kind: 'invitation', way: 'mail', state: 'sent', to: dana },
			{ kind: 'reminder', way: 'mail', state: 'dropped', to: dana },
			{ kind: 'invitation', way: 'text', state: 'held', to: '+15550147731' },
			{ kind: 'reminder', way: 'text', state: 'held', to: '+15550147731' },
			{ kind: 'invitation', way: 'mail', state: 'dropped', to: 'past@patients.example' },
			{ kind: 'cancellation', way: 'mail', state: 'held', to: null },
		]),
	);
	expect(await outbox()).toHaveLength(6);
	expect(await messagesOf(local, past.id)).toMatchObject([{ state: 'dropped', error: null }]);

	await restart(withMail());
	expect(mailbox.received).toHaveLength(1);
	local.clock.forward(3 * day);
	await local.maya.unlock();
	await run();
	expect(await outbox()).toEqual([]);
});

test('a series that is held is one mail in the outbox, and one that goes out', async () => {
	const first = local.clock.now() + 2 * day;
	const made = [
		await plan(local, { startsAt: first }),
		await plan(local, { startsAt: first + 7 * day }),
	];
	await local.maya.call('PUT', '/api/contacts', {
		sessions: made.map(({ id, place }) => ({ id, contacts: [contact(place)] })),
	});
	await run();
	const { messages } = (await local.maya.call('GET', '/api/outbox')).body;
	expect(messages).toMatchObject([{ session: made[0]?.id, to: dana, state: 'held' }]);
	expect(eventsOf(messages[0].calendar)).toMatchObject(
		made.map(({ id, place, startsAt }) => ({
			uid: expect.stringContaining(`${id}.${place}@`),
			start: startsAt,
			status: 'CONFIRMED',
			attendees: 0,
		})),
	);
	expect(messages[0].calendar).not.toMatch(/^(?:METHOD|ORGANIZER|ATTENDEE)/m);
	for (const { place } of made) expect(messages[0].body).toContain(`${local.address}/j/${place}`);
	await restart(withMail());
	expect(subjects()).toEqual(['Your 2 video sessions']);
	expect(await outbox()).toMatchObject([{ kind: 'invitation', state: 'sent' }]);
});

test('only a reminder was held: it is sent while the session is still to come', async () => {
	await restart(withMail());
	const { id, place, startsAt } = await plan(local);
	await setContacts(local, id, [contact(place, { remindBefore: [1440] })]);
	await run();
	await restart({}, startsAt - day - local.clock.now() + minute);
	expect(await outbox()).toMatchObject([{ kind: 'reminder', state: 'held' }]);
	await restart(withMail(), hour);
	expect(subjects()).toEqual(['Your video session', 'Reminder: your video session']);
	expect(await outbox()).toMatchObject([{ kind: 'reminder', state: 'sent' }]);
});

test('mail is taken away: what was to be tried again lies in the outbox, and is sent when it is back', async () => {
	const { port } = mailbox;
	await mailbox.close();
	await restart(withMail());
	const { id, place } = await plan(local);
	await setContacts(local, id, [contact(place)]);
	await run();
	expect(await messagesOf(local, id)).toMatchObject([{ state: 'waiting', error: 'unreachable' }]);
	await restart({}, 2 * minute);
	expect(await outbox()).toEqual([{ kind: 'invitation', way: 'mail', state: 'held', to: dana }]);
	mailbox = await openMailbox({ port });
	await restart(withMail());
	expect(subjects()).toEqual(['Your video session']);
	expect(await messagesOf(local, id)).toMatchObject([{ state: 'sent' }]);
});

test('a cancellation without an address stays for somebody to pass on, until its session would have begun', async () => {
	const { id, place } = await plan(local);
	await setContacts(local, id, [contact(place)]);
	await run();
	await restart(withMail());
	await restart({}, minute);
	await local.maya.call('POST', `/api/sessions/${id}/cancel`);
	await restart(withMail());
	expect(subjects()).toEqual(['Your video session']);
	expect(await messagesOf(local, id)).toMatchObject([
		{ kind: 'cancellation', state: 'held' },
		{ kind: 'invitation', state: 'sent' },
	]);
	await restart(withMail(), 2 * day);
	expect(await outbox()).toEqual([
		{ kind: 'cancellation', way: 'mail', state: 'dropped', to: null },
		{ kind: 'invitation', way: 'mail', state: 'sent', to: null },
	]);
});
