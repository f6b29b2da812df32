import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
	contact,
	dana,
	day,
	hour,
	minute,
	messagesOf,
	move,
	pass,
	plan,
	type Practice,
	setContacts,
} from '../invited.ts';
import { localPractice } from '../local.ts';
import { type Gateway, type Mailbox, openGateway, openMailbox, type Received } from '../post.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const other = 'dana@elsewhere.example';

let mailbox: Mailbox;
let gateway: Gateway;
let local: Practice;

beforeAll(async () => {
	[mailbox, gateway] = await Promise.all([openMailbox(), openGateway()]);
	local = await localPractice({
		env: {
			SMTP_URL: mailbox.url,
			MAIL_FROM: 'visits@riverside.example',
			SMS_URL: `${gateway.address}/send?to={to}&text={text}`,
		},
	});
});
afterAll(async () => {
	await local?.stop();
	await Promise.all([mailbox?.close(), gateway?.close()]);
});
beforeEach(() => {
	mailbox.received.length = 0;
	gateway.received.length = 0;
});

const run = () => local.server.context.post.run();
const kindOf = ({ mail }: Received) => mail.subject?.split(',')[0];
/** What arrived, as people would list it. */
const arrived = () =>
	mailbox.received.map((one) => [one.to[0], kindOf(one), one.event?.sequence, one.event?.start]);

/** While the next mail is under way something happens; then the mail server asks to be tried again. */
function meanwhile(happens: () => Promise<unknown>): void {
	mailbox.ontaken = async () => {
		mailbox.ontaken = () => Promise.resolve();
		await happens();
		throw Object.assign(new Error('try again'), { responseCode: 451 });
	};
}

const invited = 'Your video session';
const updated = 'New time for your video session';
const cancelled = 'Cancelled: your video session';
const reminded = 'Reminder: your video session';

test('moved while its invitation is being retried: one invitation, with the new time', async () => {
	const { id, place, startsAt } = await plan(local);
	meanwhile(() => move(local, id, startsAt + hour));
	await setContacts(local, id, [contact(place)]);
	await pass(local, hour);
	expect(arrived()).toEqual([[dana, invited, 1, startsAt + hour]]);
	expect(await messagesOf(local, id)).toMatchObject([{ kind: 'invitation', state: 'sent' }]);
});

test('moved again while the new time is being retried: one mail about it', async () => {
	const { id, place, startsAt } = await plan(local);
	await setContacts(local, id, [contact(place)]);
	await run();
	meanwhile(() => move(local, id, startsAt + 2 * hour));
	await move(local, id, startsAt + hour);
	await pass(local, hour);
	expect(arrived()).toEqual([
		[dana, invited, 0, startsAt],
		[dana, updated, 2, startsAt + 2 * hour],
	]);
});

test('cancelled, or taken out, while the invitation is being retried: nothing is sent at all', async () => {
	for (const how of ['cancelled', 'taken out']) {
		const { id, place } = await plan(local);
		meanwhile(() =>
			how === 'cancelled'
				? local.maya.call('POST', `/api/sessions/${id}/cancel`)
				: setContacts(local, id, []),
		);
		await setContacts(local, id, [contact(place)]);
		await pass(local, hour);
		expect(arrived()).toEqual([]);
		expect(await messagesOf(local, id)).toEqual([]);
	}
});

test('cancelled while a new time is being retried: only the cancellation', async () => {
	const { id, place, startsAt } = await plan(local);
	await setContacts(local, id, [contact(place)]);
	await run();
	meanwhile(() => local.maya.call('POST', `/api/sessions/${id}/cancel`));
	await move(local, id, startsAt + hour);
	await pass(local, hour);
	expect(arrived().map(([, kind]) => kind)).toEqual([invited, cancelled]);
});

test('another address while the invitation is being retried: only that one is invited', async () => {
	const { id, place } = await plan(local);
	meanwhile(() => setContacts(local, id, [contact(place, { email: other })]));
	await setContacts(local, id, [contact(place)]);
	await pass(local, hour);
	expect(arrived().map(([to, kind]) => [to, kind])).toEqual([[other, invited]]);
	await setContacts(local, id, []);
	await run();
	expect(arrived().map(([to, kind]) => [to, kind])).toEqual([
		[other, invited],
		[other, cancelled],
	]);
});

test('taken out and put in again while the cancellation waits: never called off', async () => {
	for (const when of ['under way', 'waiting']) {
		mailbox.received.length = 0;
		const { id, place, startsAt } = await plan(local);
		await setContacts(local, id, [contact(place)]);
		await run();
		const again = () => setContacts(local, id, [contact(place)]);
		meanwhile(when === 'under way' ? again : () => Promise.resolve());
		await setContacts(local, id, []);
		await run();
		if (when === 'waiting') await again();
		await pass(local, hour);
		expect(arrived()).toEqual([
			[dana, invited, 0, startsAt],
			[dana, invited, 2, startsAt],
		]);
	}
});

test('whoever was never told is neither told of a new time nor called off', async () => {
	const unknown = 'unknown@patients.example';
	const { id, place, startsAt } = await plan(local);
	await setContacts(local, id, [contact(place, { email: unknown })]);
	await run();
	await move(local, id, startsAt + hour);
	await run();
	expect((await messagesOf(local, id)).map(({ kind }) => kind)).toEqual([
		'invitation',
		'invitation',
	]);
	await setContacts(local, id, []);
	await run();
	expect((await messagesOf(local, id)).filter(({ kind }) => kind === 'cancellation')).toEqual([]);
});

test('moved by days while a reminder is being retried: reminded once, before the new time', async () => {
	const { id, place, startsAt } = await plan(local);
	await setContacts(local, id, [contact(place, { remindBefore: [1440] })]);
	await run();
	local.clock.forward(day + minute);
	await local.maya.unlock();
	meanwhile(() => move(local, id, startsAt + 3 * day));
	await pass(local, 4 * day, hour);
	expect(arrived().map(([, kind]) => kind)).toEqual([invited, updated, reminded]);
});

test('a reminder that is being retried outlives a change of the people', async () => {
	const { id, place } = await plan(local);
	const reminders = contact(place, { remindBefore: [1440] });
	await setContacts(local, id, [reminders]);
	await run();
	local.clock.forward(day + minute);
	await local.maya.unlock();
	meanwhile(() => setContacts(local, id, [reminders]));
	await run();
	await setContacts(local, id, [reminders]);
	await pass(local, hour);
	expect(arrived().map(([, kind]) => kind)).toEqual([invited, reminded]);
});

test('text messages: moved while the invitation is being retried, one with the new time', async () => {
	const { id, place, startsAt } = await plan(local);
	gateway.status = 503;
	gateway.ontaken = async () => {
		gateway.ontaken = () => Promise.resolve();
		await move(local, id, startsAt + hour);
	};
	await setContacts(local, id, [contact(place, { email: null, mobile: '+15550147731' })]);
	await vi.waitFor(() => expect(gateway.received.length).toBeGreaterThan(0));
	await run();
	gateway.status = 202;
	gateway.received.length = 0;
	await pass(local, hour);
	expect(gateway.received).toHaveLength(1);
	expect(await messagesOf(local, id)).toMatchObject([{ kind: 'invitation', state: 'sent' }]);
});
