import { expect } from 'vitest';
import type { PostMessage } from '../signaling/protocol/post.ts';
import type { LocalServer } from './local.ts';
import type { Staff } from './staff.ts';
import { bytesOf, newId, signedNotice } from './wire.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
export const dana = 'dana.whitfield@patients.example';

export type Practice = LocalServer & { maya: Staff };

/** What everybody must be told before she is recorded. */
export const notice = {
	v: 1,
	practice: 'Riverside Therapy',
	host: 'Dr. Maya Okafor',
	purpose: 'Supervision of the clinician',
	recorder: 'device',
	openers: 'Dr. Maya Okafor and the administrators of Riverside Therapy',
	keptUntil: Date.UTC(2028, 0, 31, 12),
};

/** One contact as a page sends it; without `more` by mail, and reminded as the practice wishes. */
export const contact = (place: string, more: object = {}) => ({
	place,
	email: dana,
	mobile: null,
	language: 'en',
	timeZone: 'America/Los_Angeles',
	remindBefore: [],
	from: 'practice',
	...more,
});

/** A session with sealed texts, in two days and with one place. */
export async function plan(
	local: Practice,
	options: { startsAt?: number; notice?: object | null; places?: number } = {},
) {
	const { startsAt = local.clock.now() + 2 * day } = options;
	const id = newId();
	const places = Array.from({ length: options.places ?? 1 }, newId);
	const [sealed, secret] = [bytesOf(100), bytesOf(50)];
	const { status } = await local.maya.call('POST', '/api/sessions', {
		id,
		startsAt,
		minutes: 50,
		sealed,
		notice: options.notice ? signedNotice(local.maya.identity, id, options.notice) : null,
		places: places.map((place) => ({ id: place, sealed: secret })),
	});
	expect(status).toBe(201);
	return { id, place: places[0] ?? '', places, startsAt, sealed: [sealed, secret] };
}

/** Replaces the contacts of a session. */
export async function setContacts(local: Practice, session: string, contacts: object[]) {
	const answer = await local.maya.call('PUT', `/api/sessions/${session}/contacts`, { contacts });
	expect(answer.status).toBe(204);
}

export async function move(local: Practice, session: string, startsAt: number) {
	const answer = await local.maya.call('PATCH', `/api/sessions/${session}`, { startsAt });
	expect(answer.status).toBe(200);
}

export async function messagesOf(
	local: Practice,
	session: string,
): Promise<readonly PostMessage[]> {
	return (await local.maya.call('GET', `/api/post?session=${session}`)).body.messages;
}

/** Lets the queue do all that is due, again and again until `ms` have passed. */
export async function pass(local: Practice, ms: number, step = minute): Promise<void> {
	for (let passed = 0; passed < ms; passed += step) {
		await local.server.context.post.run();
		local.clock.forward(step);
	}
	await local.maya.unlock();
	await local.server.context.post.run();
}
