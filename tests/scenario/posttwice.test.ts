import { expect, test, vi } from 'vitest';
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
	setContacts,
} from '../invited.ts';
import { posting } from '../practices.ts';
import { type Received } from '../post.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const other = 'dana@elsewhere.example';

const here = posting();

const run = () => here.local.server.context.post.run();
const kindOf = ({ mail }: Received) => mail.subject?.split(',')[0];
/** What arrived, as people would list it. */
const arrived = () =>
	here.mailbox.received.map((one) => [
		one.to[0],
		kindOf(one),
		one.event?.sequence,
		one.event?.start,
	]);

/** While the next mail is under way something happens; then the mail server asks to be tried again. */
function meanwhile(happens: () => Promise<unknown>): void {
	here.mailbox.ontaken = async () => {
		here.mailbox.ontaken = () => Promise.resolve();
		await happens();
		throw Object.assign(new Error('try again'), { responseCode: 451 });
	};
}

const invited = 'Your video session';
const updated = 'New time for your video session';
const cancelled = 'Cancelled: your video session';
const reminded = 'Reminder: your video session';

test('moved while its invitation is being retried: one invitation, with the new time', async () => {
	const { id, place, startsAt } = await plan(here.local);
	meanwhile(() => move(here.local, id, startsAt + hour));
	await setContacts(here.local, id, [contact(place)]);
	await pass(here.local, hour);
	expect(arrived()).toEqual([[dana, invited, 1, startsAt + hour]]);
	expect(await messagesOf(here.local, id)).toMatchObject([{ kind: 'invitation', state: 'sent' }]);
});

test('moved again while the new time is being retried: one mail about it', async () => {
	const { id, place, startsAt } = await plan(here.local);
	await setContacts(here.local, id, [contact(place)]);
	await run();
	meanwhile(() => move(here.local, id, startsAt + 2 * hour));
	await move(here.local, id, startsAt + hour);
	await pass(here.local, hour);
	expect(arrived()).toEqual([
		[dana, invited, 0, startsAt],
		[dana, updated, 2, startsAt + 2 * hour],
	]);
});

test('cancelled, or taken out, while the invitation is being retried: nothing is sent at all', async () => {
	for (const how of ['cancelled', 'taken out']) {
		const { id, place } = await plan(here.local);
		meanwhile(() =>
			how === 'cancelled'
				? here.local.maya.call('POST', `/api/sessions/${id}/cancel`)
				: setContacts(here.local, id, []),
		);
		await setContacts(here.local, id, [contact(place)]);
		await pass(here.local, hour);
		expect(arrived()).toEqual([]);
		expect(await messagesOf(here.local, id)).toEqual([]);
	}
});

test('cancelled while a new time is being retried: only the cancellation', async () => {
	const { id, place, startsAt } = await plan(here.local);
	await setContacts(here.local, id, [contact(place)]);
	await run();
	meanwhile(() => here.local.maya.call('POST', `/api/sessions/${id}/cancel`));
	await move(here.local, id, startsAt + hour);
	await pass(here.local, hour);
	expect(arrived().map(([, kind]) => kind)).toEqual([invited, cancelled]);
});

test('another address while the invitation is being retried: only that one is invited', async () => {
	const { id, place } = await plan(here.local);
	meanwhile(() => setContacts(here.local, id, [contact(place, { email: other })]));
	await setContacts(here.local, id, [contact(place)]);
	await pass(here.local, hour);
	expect(arrived().map(([to, kind]) => [to, kind])).toEqual([[other, invited]]);
	await setContacts(here.local, id, []);
	await run();
	expect(arrived().map(([to, kind]) => [to, kind])).toEqual([
		[other, invited],
		[other, cancelled],
	]);
});

test('taken out and put in again while the cancellation waits: never called off', async () => {
	for (const when of ['under way', 'waiting']) {
		here.mailbox.received.length = 0;
		const { id, place, startsAt } = await plan(here.local);
		await setContacts(here.local, id, [contact(place)]);
		await run();
		const again = () => setContacts(here.local, id, [contact(place)]);
		meanwhile(when === 'under way' ? again : () => Promise.resolve());
		await setContacts(here.local, id, []);
		await run();
		if (when === 'waiting') await again();
		await pass(here.local, hour);
		expect(arrived()).toEqual([
			[dana, invited, 0, startsAt],
			[dana, invited, 2, startsAt],
		]);
	}
});

test('whoever was never told is neither told of a new time nor called off', async () => {
	const unknown = 'unknown@patients.example';
	const { id, place, startsAt } = await plan(here.local);
	await setContacts(here.local, id, [contact(place, { email: unknown })]);
	await run();
	await move(here.local, id, startsAt + hour);
	await run();
	expect((await messagesOf(here.local, id)).map(({ kind }) => kind)).toEqual([
		'invitation',
		'invitation',
	]);
	await setContacts(here.local, id, []);
	await run();
	expect((await messagesOf(here.local, id)).filter(({ kind }) => kind === 'cancellation')).toEqual(
		[],
	);
});

test('moved by days while a reminder is being retried: reminded once, before the new time', async () => {
	const { id, place, startsAt } = await plan(here.local);
	await setContacts(here.local, id, [contact(place, { remindBefore: [1440] })]);
	await run();
	here.local.clock.forward(day + minute);
	await here.local.maya.unlock();
	meanwhile(() => move(here.local, id, startsAt + 3 * day));
	await pass(here.local, 4 * day, hour);
	expect(arrived().map(([, kind]) => kind)).toEqual([invited, updated, reminded]);
});

test('a reminder that is being retried outlives a change of the people', async () => {
	const { id, place } = await plan(here.local);
	const reminders = contact(place, { remindBefore: [1440] });
	await setContacts(here.local, id, [reminders]);
	await run();
	here.local.clock.forward(day + minute);
	await here.local.maya.unlock();
	meanwhile(() => setContacts(here.local, id, [reminders]));
	await run();
	await setContacts(here.local, id, [reminders]);
	await pass(here.local, hour);
	expect(arrived().map(([, kind]) => kind)).toEqual([invited, reminded]);
});

test('text messages: moved while the invitation is being retried, one with the new time', async () => {
	const { id, place, startsAt } = await plan(here.local);
	here.gateway.status = 503;
	here.gateway.ontaken = async () => {
		here.gateway.ontaken = () => Promise.resolve();
		await move(here.local, id, startsAt + hour);
	};
	await setContacts(here.local, id, [contact(place, { email: null, mobile: '+15550147731' })]);
	await vi.waitFor(() => expect(here.gateway.received.length).toBeGreaterThan(0));
	await run();
	here.gateway.status = 202;
	here.gateway.received.length = 0;
	await pass(here.local, hour);
	expect(here.gateway.received).toHaveLength(1);
	expect(await messagesOf(here.local, id)).toMatchObject([{ kind: 'invitation', state: 'sent' }]);
});
