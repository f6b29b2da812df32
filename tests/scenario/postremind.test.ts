import { expect, test, vi } from 'vitest';
import { changeMember, changeSettings, colleague } from '../colleagues.ts';
import {
	contact,
	day,
	hour,
	messagesOf,
	minute,
	move,
	pass,
	plan,
	setContacts,
} from '../invited.ts';
import { posting } from '../practices.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const here = posting();

/** How long before its session each reminder went out, in minutes. */
async function reminded(id: string, startsAt: number): Promise<number[]> {
	const sent = (await messagesOf(here.local, id)).filter(
		({ kind, state }) => kind === 'reminder' && state === 'sent',
	);
	return sent.map(({ at }) => Math.round((startsAt - at) / minute)).toSorted((a, b) => b - a);
}

/** A session whose person is reminded as the practice has it, or at times of its own. */
async function invited(remindBefore: number[] | null, startsAt = here.local.clock.now() + 3 * day) {
	const made = await plan(here.local, { startsAt });
	await setContacts(here.local, made.id, [contact(made.place, { remindBefore })]);
	return made;
}

const practiceReminds = (reminders: number[]) => changeSettings(here.local.maya, { reminders });

test('the practice reminds at other times: what was planned moves, what a session has of its own stays', async () => {
	await practiceReminds([1440, 60]);
	const [usual, own] = [await invited(null), await invited([30])];
	await pass(here.local, hour, hour);
	await practiceReminds([120, 2880]);
	await pass(here.local, 3 * day, 10 * minute);
	expect(await reminded(usual.id, usual.startsAt)).toEqual([2880, 120]);
	expect(await reminded(own.id, own.startsAt)).toEqual([30]);
	const waiting = (await messagesOf(here.local, usual.id)).filter(
		({ state }) => state === 'waiting',
	);
	expect(waiting).toEqual([]);
});

test('a time that has passed already is not caught up with, and no reminder at all is possible', async () => {
	await practiceReminds([60]);
	const [soon, none] = [
		await invited(null, here.local.clock.now() + 3 * hour),
		await invited(null, here.local.clock.now() + 10 * day),
	];
	await practiceReminds([240]);
	await pass(here.local, 3 * hour, 10 * minute);
	expect(await reminded(soon.id, soon.startsAt)).toEqual([]);
	await practiceReminds([]);
	await pass(here.local, 10 * day, 12 * hour);
	expect(await reminded(none.id, none.startsAt)).toEqual([]);
	expect((await messagesOf(here.local, none.id)).map(({ kind }) => kind)).toEqual(['invitation']);
});

test('after a server was away: late while the session is still to come, never once it has begun', async () => {
	await practiceReminds([1440, 60]);
	for (const { left, sent } of [
		{ left: 2 * hour, sent: [120] },
		{ left: 20 * minute, sent: [20] },
		{ left: 0, sent: [] },
		{ left: -10 * minute, sent: [] },
	]) {
		const { id, startsAt } = await invited(null);
		await here.local.server.context.post.run();
		here.local.clock.forward(startsAt - left - here.local.clock.now());
		await here.local.maya.unlock();
		await here.local.server.context.post.run();
		expect(await reminded(id, startsAt)).toEqual(sent);
		await pass(here.local, 2 * hour, 10 * minute);
		expect((await reminded(id, startsAt)).every((before) => before > 0)).toBe(true);
	}
});

test('moved after the last reminder: reminded again before the new time', async () => {
	await practiceReminds([1440, 60]);
	const { id, startsAt } = await invited(null, here.local.clock.now() + 2 * day);
	await pass(here.local, 2 * day - 30 * minute, 10 * minute);
	expect(await reminded(id, startsAt)).toEqual([1440, 60]);
	const later = startsAt + 3 * day;
	await move(here.local, id, later);
	await pass(here.local, 3 * day, 10 * minute);
	expect(await reminded(id, later)).toEqual(
		[1440, 60, 3 * 1440 + 1440, 3 * 1440 + 60].toSorted((a, b) => b - a),
	);
});

test('a host has left the practice: nobody is reminded by itself, but told of another time and of the end', async () => {
	await practiceReminds([1440, 60]);
	const tom = await colleague(here.local.maya, 'supervisor');
	const his = { ...here.local, maya: tom };
	const [left, off] = [await plan(his), await plan(his)];
	for (const { id, place } of [left, off])
		await setContacts(his, id, [contact(place, { remindBefore: null })]);
	await here.local.server.context.post.run();
	const gone = { role: 'supervisor', active: false } as const;
	expect((await changeMember(here.local.maya, tom.signedIn.member.id, gone)).status).toBe(204);
	await move(here.local, left.id, left.startsAt + hour);
	const cancelled = await here.local.maya.call('POST', `/api/sessions/${off.id}/cancel`);
	expect(cancelled.status).toBe(204);
	await pass(here.local, 2 * day + hour, hour);
	const became = async (id: string) =>
		(await messagesOf(here.local, id))
			.map(({ kind, state, error }) => [kind, state, error].join(' ').trim())
			.toSorted();
	expect(await became(left.id)).toEqual([
		'invitation sent',
		'reminder failed host',
		'reminder failed host',
		'update sent',
	]);
	expect(await became(off.id)).toEqual(['cancellation sent', 'invitation sent']);
});
