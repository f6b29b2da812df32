import { type Member, memberOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import type { Place } from '#lib/sessions/session.ts';
import { People } from '#protocol/people.ts';
import type { NewPlace } from '#protocol/sessions.ts';
import { sealVisit } from './visit.ts';

/** A participant with an account. */
export interface Participant {
	readonly id: string;
	readonly name: string;
	readonly email: string;
}

/** A participant's keys as the practice vouches for them; undefined for everybody else. */
export function participantOf(id: string): Member | undefined {
	const member = memberOf(account.members, id);
	return member?.role === 'participant-only' ? member : undefined;
}

/** All participants with an account whom the practice vouches for. Throws `ApiError`. */
export async function fetchParticipants(): Promise<readonly Participant[]> {
	const { members } = await fetchJson(People, { path: '/api/people' });
	return members.filter(({ id, active }) => active && participantOf(id) !== undefined);
}

async function hostName(host: string): Promise<string> {
	if (host === account.member.id) return account.member.name;
	const { members } = await fetchJson(People, { path: '/api/people' });
	return members.find(({ id }) => id === host)?.name ?? '';
}

/** What the participant of a place may know of her appointment, sealed to her; undefined where she has no account. Throws `ApiError`. */
export async function visitFor(options: {
	host: string;
	session: string;
	place: Place;
}): Promise<NewPlace['visit']> {
	const { host, session, place } = options;
	const to = place.account === undefined ? undefined : participantOf(place.account);
	if (!to) return undefined;
	const { member, identity } = account;
	const sealed = await sealVisit({
		author: { id: member.id, key: identity.signing },
		to,
		about: { session, place: place.id },
		text: { host, with: await hostName(host), secret: place.secret },
	});
	return { member: to.id, sealed };
}
