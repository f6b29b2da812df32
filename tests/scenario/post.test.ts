import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LocalServer, localPractice } from '../local.ts';
import { type Mailbox, openMailbox, type Received, textOf } from '../post.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newId, signedNotice } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const minute = 60_000;
const day = 24 * 60 * minute;
const dana = 'dana.whitfield@patients.example';
const notice = {
	v: 1,
	practice: 'Riverside Therapy',
	host: 'Dr. Maya Okafor',
	purpose: 'Supervision of the clinician',
	recorder: 'device',
	openers: 'Dr. Maya Okafor and the administrators of Riverside Therapy',
	keptUntil: Date.UTC(2028, 0, 31, 12),
};

let mailbox: Mailbox;
let local: LocalServer & { maya: Staff };

beforeEach(async () => {
	mailbox = await openMailbox();
	local = await localPractice({
		env: { SMTP_URL: mailbox.url, MAIL_FROM: 'visits@riverside.example' },
	});
});
afterEach(async () => {
	await local.stop();
	await mailbox.close();
});

const now = () => local.clock.now();
const run = () => local.server.context.post.run();

/** A session in two days, with the sealed texts that every row of it has. */
async function plan(options: { places?: number; recorded?: boolean; startsAt?: number } = {}) {
	const { places = 1, recorded = false, startsAt = now() + 2 * day } = options;
	const id = newId();
	const ids = Array.from({ length: places }, newId);
	const sealed = bytesOf(100);
	const secrets = ids.map(() => bytesOf(50));
	const made = await local.maya.call('POST', '/api/sessions', {
		id,
		startsAt,
		minutes: 50,
		sealed,
		notice: recorded ? signedNotice(local.maya.identity, id, notice) : null,
		places: ids.map((place, at) => ({ id: place, sealed: secrets[at] })),
	});
	expect(made.status).toBe(201);
	return { id, startsAt, place: ids[0] ?? '', places: ids, sealed: [sealed, ...secrets] };
}

const contact = (place: string, more: object = {}) => ({
	place,
	email: dana,
	mobile: null,
	language: 'en',
	timeZone: 'America/Los_Angeles',
	remindBefore: [1440, 60],
	from: 'practice',
	...more,
});

async function invite(session: string, contacts: object[]) {
	const answer = await local.maya.call('PUT', `/api/sessions/${session}/contacts`, { contacts });
	expect(answer.status).toBe(204);
	await run();
}

async function post(session: string) {
	const { body } = await local.maya.call('GET', `/api/post?session=${session}`);
	return body.messages as { kind: string; state: string; error: string | null; at: number }[]; // oxlint-disable-line typescript/no-unsafe-type-assertion
}

/** Every word that people must be told before they are recorded. */
function expectNotice({ mail }: Received): void {
	const { text = '' } = mail;
	for (const word of [notice.practice, notice.host, notice.purpose, notice.openers])
		expect(text).toContain(word);
	expect(text).toContain('the device of Dr. Maya Okafor');
	expect(text).toContain('January 31, 2028');
}

test('an invitation, a new time and a cancellation are one entry of the calendar', async () => {
	const { id, place, startsAt } = await plan();
	await invite(id, [contact(place)]);
	const later = startsAt + 3 * 60 * minute;
	const moved = await local.maya.call('PATCH', `/api/sessions/${id}`, { startsAt: later });
	expect(moved.status).toBeLessThan(300);
	await run();
	expect((await local.maya.call('POST', `/api/sessions/${id}/cancel`)).status).toBeLessThan(300);
	await run();

	const [invited, updated, cancelled] = mailbox.received;
	expect(mailbox.received).toHaveLength(3);
	expect(mailbox.received.every(({ to }) => to.join() === dana)).toBe(true);
	const uid = `${id}.${place}@riverside.example`;
	const entry = (method: string, sequence: number, start: number) => ({
		method,
		uid,
		sequence,
		status: method === 'CANCEL' ? 'CANCELLED' : 'CONFIRMED',
		start,
		end: start + 50 * minute,
	});
	expect(invited?.event).toEqual(entry('REQUEST', 0, startsAt));
	expect(updated?.event).toEqual(entry('REQUEST', 1, later));
	expect(cancelled?.event).toEqual(entry('CANCEL', 2, later));
	expect(invited?.mail.subject).toContain('Your video session');
	expect(invited?.mail.from?.name).toBe('Riverside Therapy');
	expect(invited?.mail.text).toContain(`${local.address}/j/${place}`);
	expect(cancelled?.mail.text).not.toContain('/j/');
	const ids = mailbox.received.map(({ mail }) => mail.messageId);
	expect(new Set(ids).size).toBe(3);
});

test('the time in the words is that of the reader', async () => {
	const { id, place } = await plan({ startsAt: now() + 2 * day });
	await invite(id, [contact(place, { timeZone: 'Asia/Kolkata' })]);
	const words = new Intl.DateTimeFormat('en', {
		weekday: 'long',
		day: 'numeric',
		month: 'long',
		year: 'numeric',
		hour: 'numeric',
		minute: '2-digit',
		timeZone: 'Asia/Kolkata',
		timeZoneName: 'long',
	}).format(now() + 2 * day);
	expect(mailbox.received[0]?.mail.text).toContain(words);
	expect(words).toContain('India');
});

test('every message about a recorded session carries the notice', async () => {
	const { id, place, startsAt } = await plan({ recorded: true });
	await invite(id, [contact(place)]);
	await local.maya.call('PATCH', `/api/sessions/${id}`, { startsAt: startsAt + minute });
	await run();
	await local.maya.call('POST', `/api/sessions/${id}/places/${place}/remind`);
	await run();
	await local.maya.call('POST', `/api/sessions/${id}/cancel`);
	await run();
	expect(mailbox.received.map(({ mail }) => mail.subject?.split(',')[0])).toEqual([
		'Your video session',
		'New time for your video session',
		'Reminder: your video session',
		'Cancelled: your video session',
	]);
	for (const received of mailbox.received) expectNotice(received);
	for (const { mail } of mailbox.received.slice(0, 3))
		expect(mail.text).toContain('This session will be recorded.');
});

test('an unrecorded session says nothing of recording', async () => {
	const { id, place } = await plan();
	await invite(id, [contact(place)]);
	expect(mailbox.received[0]?.mail.text).not.toMatch(/record/i);
});

test('without a notice that can be read nothing of a recorded session is sent', async () => {
	const { id, places } = await local.maya.session({ recorded: true, startsAt: now() + day });
	await local.server.context.store.updateTable('sessions').set({ notice: '{}' }).execute();
	await invite(id, [contact(places[0] ?? '')]);
	expect(mailbox.received).toEqual([]);
	const failed = (await post(id)).find(({ kind }) => kind === 'invitation');
	expect(failed).toMatchObject({ state: 'failed', error: 'notice' });
});

test('no byte of a mail is a fragment, a sealed text or a name that was sealed', async () => {
	const { id, places, sealed } = await plan({ places: 2, recorded: true });
	await invite(
		id,
		places.map((place, at) => contact(place, { email: `person${at}@patients.example` })),
	);
	expect(mailbox.received).toHaveLength(2);
	for (const { raw, mail, to } of mailbox.received) {
		const parts = [raw.toString('latin1'), mail.text ?? ''];
		for (const { content } of mail.attachments) parts.push(textOf(content));
		const all = parts.join('\n');
		expect(all).not.toMatch(/\/j\/[\w-]+#/);
		for (const text of sealed) expect(all).not.toContain(text.slice(0, 20));
		// Nobody learns who else comes.
		const other = to[0] === 'person0@patients.example' ? 'person1' : 'person0';
		expect(all).not.toContain(other);
	}
});

test('reminders go out a day and an hour before, also after a new time, and once by hand a minute', async () => {
	const { id, place, startsAt } = await plan();
	await invite(id, [contact(place)]);
	const later = startsAt + day;
	await local.maya.call('PATCH', `/api/sessions/${id}`, { startsAt: later });
	await run();
	const reminders = () =>
		mailbox.received.filter(({ mail }) => mail.subject?.startsWith('Reminder')).length;
	local.clock.forward(later - day - now() - minute);
	await run();
	expect(reminders()).toBe(0);
	local.clock.forward(2 * minute);
	await run();
	expect(reminders()).toBe(1);
	local.clock.forward(later - 60 * minute - now());
	await local.maya.unlock();
	await run();
	await run();
	expect(reminders()).toBe(2);
	const path = `/api/sessions/${id}/places/${place}/remind`;
	expect((await local.maya.call('POST', path)).status).toBe(204);
	const again = await local.maya.call('POST', path);
	expect(again).toMatchObject({ status: 429, body: { error: 'slow-down', next: 60 } });
	await run();
	expect(reminders()).toBe(3);
	local.clock.forward(minute);
	expect((await local.maya.call('POST', path)).status).toBe(204);
});

test('a server that was away in between sends one reminder, not two', async () => {
	const { id, place, startsAt } = await plan();
	await invite(id, [contact(place)]);
	local.clock.forward(startsAt - now() - 30 * minute);
	await run();
	expect(mailbox.received.map(({ mail }) => mail.subject?.split(',')[0])).toEqual([
		'Your video session',
		'Reminder: your video session',
	]);
});

test('a mail server that is not there is tried again, and again later; then it is given up', async () => {
	const { port } = mailbox;
	await mailbox.close();
	const { id, place } = await plan();
	await invite(id, [contact(place, { remindBefore: [] })]);
	expect(await post(id)).toMatchObject([{ state: 'waiting', error: 'unreachable', tries: 1 }]);
	await run();
	expect(await post(id)).toMatchObject([{ tries: 1 }]);
	local.clock.forward(minute);
	await run();
	expect(await post(id)).toMatchObject([{ tries: 2, at: now() + 2 * minute }]);
	mailbox = await openMailbox({ port });
	local.clock.forward(2 * minute);
	await run();
	expect(mailbox.received).toHaveLength(1);
	expect(await post(id)).toMatchObject([{ state: 'sent', error: null, tries: 3 }]);
	await mailbox.close();
	const other = await plan();
	await invite(other.id, [contact(other.place, { remindBefore: [] })]);
	for (let pause = 1; pause <= 128; pause *= 2) {
		local.clock.forward(pause * minute);
		await run();
	}
	await local.maya.unlock();
	expect(await post(other.id)).toMatchObject([{ state: 'failed', error: 'unreachable', tries: 8 }]);
	mailbox = await openMailbox({ port });
});

test('an address that the mail server does not know fails at once, with its reason', async () => {
	const { id, place } = await plan();
	await invite(id, [contact(place, { email: 'unknown@patients.example', remindBefore: [] })]);
	expect(await post(id)).toMatchObject([{ state: 'failed', error: 'address', tries: 1 }]);
	const { body } = await local.maya.call('GET', `/api/sessions/${id}/history`);
	expect(body.rows.map(({ act }: { act: string }) => act)).toContain('send-failed');
});

test('a mail that was taken but not answered is not sent again', async () => {
	mailbox.ontaken = () => mailbox.cut();
	const { id, place } = await plan();
	await invite(id, [contact(place, { remindBefore: [] })]);
	expect(await post(id)).toMatchObject([{ state: 'failed', error: 'interrupted' }]);
	expect(mailbox.received).toHaveLength(1);
	mailbox.ontaken = () => Promise.resolve();
	local.clock.forward(day);
	await run();
	expect(mailbox.received).toHaveLength(1);
});

test('another address: the old one is called off, the new one invited; nobody twice', async () => {
	const { id, place } = await plan();
	await invite(id, [contact(place)]);
	await invite(id, [contact(place)]);
	expect(mailbox.received).toHaveLength(1);
	await invite(id, [contact(place, { email: 'new@patients.example' })]);
	await invite(id, []);
	expect(mailbox.received.map(({ to, event }) => [to[0], event?.method])).toEqual([
		[dana, 'REQUEST'],
		[dana, 'CANCEL'],
		['new@patients.example', 'REQUEST'],
		['new@patients.example', 'CANCEL'],
	]);
});

async function onDisk(text: string): Promise<string[]> {
	const names = await readdir(local.dataDir);
	const found: string[] = [];
	for (const name of names.filter((one) => one.startsWith('sotto.db')))
		if ((await readFile(join(local.dataDir, name))).includes(text)) found.push(name);
	return found;
}

test('contacts are in no file any more when the session has ended, or was cancelled', async () => {
	for (const how of ['end', 'cancel']) {
		const { id, place } = await plan();
		const mobile = '+15550147731';
		await invite(id, [contact(place, { mobile })]);
		expect(await onDisk(dana)).not.toEqual([]);
		expect(await onDisk(mobile)).not.toEqual([]);
		const over = await local.maya.call('POST', `/api/sessions/${id}/${how}`);
		expect(over.status).toBeLessThan(300);
		await run();
		expect(await onDisk(dana)).toEqual([]);
		expect(await onDisk(mobile)).toEqual([]);
		const refused = await local.maya.call('PUT', `/api/sessions/${id}/contacts`, {
			contacts: [contact(place)],
		});
		expect(refused).toMatchObject({ status: 410, body: { error: 'session-ended' } });
	}
	const log = local.log();
	expect(log).not.toContain('patients.example');
	expect(log).not.toContain('15550147731');
});

test('the history says who was invited and reminded', async () => {
	const { id, place } = await plan();
	await invite(id, [contact(place)]);
	await local.maya.call('POST', `/api/sessions/${id}/places/${place}/remind`);
	await run();
	const { body } = await local.maya.call('GET', `/api/sessions/${id}/history`);
	expect(body.rows).toMatchObject([
		{ act: 'session-made' },
		{ act: 'invited', who: place },
		{ act: 'reminded', who: place },
	]);
});
